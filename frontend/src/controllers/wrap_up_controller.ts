import { Controller } from "@hotwired/stimulus";
import { secondsUntil } from "../clock";
import { onDocument } from "../dom";
import { duration } from "../format";
import type { OperatorNow, Snapshot } from "../model";
import { becomeReady, changeState } from "../readiness";

const SOON_S = 15;

/** The time for the card after a call: how much is left by the server's clock, and one more minute of it. */
export default class WrapUpController extends Controller<HTMLElement> {
  static override targets = ["left", "more"];
  static override values = { limit: String, since: String, max: Number };
  declare readonly leftTarget: HTMLElement;
  declare readonly moreTarget: HTMLButtonElement;
  declare readonly maxValue: number;
  declare limitValue: string;
  declare sinceValue: string;
  private stops: (() => void)[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  override connect(): void {
    this.stops = [
      onDocument<OperatorNow>("hotline:operator.state", (now) => this.set(now)),
      onDocument<Snapshot>("hotline:snapshot", ({ operator }) => this.set(operator)),
    ];
    this.timer = setInterval(() => this.show(), 1_000);
    this.show();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    clearInterval(this.timer);
  }

  more(): Promise<void> {
    return changeState("/api/operator/more-time");
  }

  ready(): Promise<void> {
    return becomeReady();
  }

  private set(now: OperatorNow | null): void {
    const wrapsUp = now?.state === "wrap_up";
    this.limitValue = wrapsUp ? (now.limit_at ?? "") : "";
    this.sinceValue = wrapsUp ? now.since : "";
    this.show();
  }

  /** Only shown here: the server ends the wrap-up, whatever this page does. */
  private show(): void {
    this.element.hidden = this.limitValue === "";
    if (this.limitValue === "") return;
    const left = secondsUntil(this.limitValue);
    this.leftTarget.textContent = duration(Math.round(left));
    this.element.classList.toggle("wrap-up-soon", left <= SOON_S);
    const length = (Date.parse(this.limitValue) - Date.parse(this.sinceValue)) / 1000;
    this.moreTarget.disabled = length >= this.maxValue;
  }
}
