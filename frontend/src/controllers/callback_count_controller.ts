import { Controller } from "@hotwired/stimulus";
import { requestJson } from "../api";

interface Counts {
  open: number;
  mine: number;
  overdue: number;
}

const MOST_SHOWN = 99;
/** A thousand desks hear of a change in the same moment; they need not ask in it. */
const SPREAD_MS = 2_000;

/** The badge of the ledger in the navigation: how many citizens wait for a call, and whether some wait too long. */
export default class CallbackCountController extends Controller<HTMLElement> {
  static override targets = ["open", "late"];
  declare readonly openTarget: HTMLElement;
  declare readonly lateTarget: HTMLElement;
  private timer: ReturnType<typeof setTimeout> | undefined;

  override connect(): void {
    void this.recount();
  }

  override disconnect(): void {
    clearTimeout(this.timer);
  }

  changed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.recount(), Math.random() * SPREAD_MS);
  }

  async recount(): Promise<void> {
    try {
      const { open, overdue } = await requestJson<Counts>("/api/callbacks/count");
      this.openTarget.textContent = open > MOST_SHOWN ? `${MOST_SHOWN}+` : String(open);
      this.openTarget.hidden = open === 0;
      this.lateTarget.hidden = overdue === 0;
    } catch {
      // The bar already says that the server is away; the next snapshot counts again.
    }
  }
}
