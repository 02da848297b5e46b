import { Controller } from "@hotwired/stimulus";
import { secondsSince } from "../clock";
import { duration } from "../format";

// One timer for the whole page: a list may show a hundred of these.
const shown = new Set<LiveTimeController>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Shows how long ago `since` was, every second, by the server's clock. Empty `since` shows nothing. */
export default class LiveTimeController extends Controller<HTMLElement> {
  static override values = { since: String };
  declare sinceValue: string;

  override connect(): void {
    shown.add(this);
    timer ??= setInterval(() => {
      for (const one of shown) one.show();
    }, 1_000);
    this.show();
  }

  override disconnect(): void {
    shown.delete(this);
    if (shown.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  }

  sinceValueChanged(): void {
    this.show();
  }

  private show(): void {
    this.element.textContent = this.sinceValue === "" ? "" : duration(secondsSince(this.sinceValue));
  }
}
