import { Controller } from "@hotwired/stimulus";
import { onDocument } from "../dom";
import { openInWork } from "../navigate";

interface Changed {
  duty_ids: readonly number[];
}

const CALM_MS = 1_000;

/**
 * Keeps the list of call-backs, or one of them, fresh. While somebody works in it (the focus is inside, or text is
 * marked) nothing moves under his hands: `[data-live=list-changed]` offers the new state instead.
 */
export default class CallbackListController extends Controller<HTMLElement> {
  static override values = { duty: Number };
  declare readonly dutyValue: number;
  declare readonly hasDutyValue: boolean;
  private stop: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  override connect(): void {
    this.stop = onDocument<Changed>("hotline:callbacks", ({ duty_ids: ids }) => {
      if (this.hasDutyValue && !ids.includes(this.dutyValue)) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.refresh(), CALM_MS);
    });
  }

  override disconnect(): void {
    this.stop?.();
    clearTimeout(this.timer);
  }

  private refresh(): void {
    const busy = this.element.contains(document.activeElement) || String(getSelection() ?? "") !== "";
    if (busy || this.hasDutyValue) {
      const notice = this.element.querySelector<HTMLElement>("[data-live=list-changed]");
      if (notice) notice.hidden = false;
      return;
    }
    void openInWork(location.pathname + location.search);
  }
}
