import { Controller } from "@hotwired/stimulus";
import { onDocument } from "../dom";
import { idle } from "../idle";
import { replacePaper, workOpened } from "../navigate";
import { adoptPapers, keepBlank } from "../paper";

const FRESH_MS = 3_600_000;
const LOOK_MS = 10_000;

/** Keeps the page ready for calls without a database (DAY-20), and brings back what was written meanwhile. */
export default class PaperController extends Controller<HTMLElement> {
  private keptAt = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private stop: () => void = () => undefined;

  override connect(): void {
    // Nobody rings at a page without a telephone.
    if (!this.element.dataset["shellExtensionValue"]) return;
    this.stop = onDocument("hotline:snapshot", () => void this.prepare());
    this.timer = setInterval(() => void this.look(), LOOK_MS);
  }

  override disconnect(): void {
    this.stop();
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    await replacePaper();
    await adoptPapers();
  }

  private async prepare(): Promise<void> {
    await this.look();
    if (Date.now() - this.keptAt < FRESH_MS) return;
    this.keptAt = Date.now();
    // The card of a call that rings now comes first: the server makes both with the same hands.
    await idle();
    await workOpened();
    await idle();
    await keepBlank();
  }
}
