import { Controller } from "@hotwired/stimulus";
import { secondsSince, secondsUntil } from "../clock";
import { onDocument } from "../dom";
import { duration } from "../format";
import { t } from "../i18n";
import type { OperatorNow, Snapshot } from "../model";
import { becomeReady, changeState } from "../readiness";
import { showPresence, stateWord } from "../states";

/** A pause this long over its limit is red; before that it is amber (DAY-36). */
const RED_AFTER_S = 300;

/** The operator's own state in the top bar: word, since when, and the menu that changes it. */
export default class OperatorController extends Controller<HTMLElement> {
  static override targets = ["label", "since", "planned"];
  static override values = { state: String, since: String, limit: String, reason: String, reasons: Object };
  declare readonly labelTargets: HTMLElement[];
  declare readonly sinceTargets: HTMLElement[];
  declare readonly plannedTargets: HTMLElement[];
  /** The profile's titles of all reasons for a pause, by code. */
  declare readonly reasonsValue: Readonly<Record<string, string>>;
  declare stateValue: string;
  declare sinceValue: string;
  declare limitValue: string;
  declare reasonValue: string;
  private stops: (() => void)[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  override connect(): void {
    this.stops = [
      onDocument<OperatorNow>("hotline:operator.state", (now) => this.set(now)),
      onDocument<Snapshot>("hotline:snapshot", (snapshot) => {
        if (snapshot.operator) this.set(snapshot.operator);
      }),
    ];
    this.timer = setInterval(() => this.tick(), 1_000);
    this.show();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    clearInterval(this.timer);
  }

  ready(): Promise<void> {
    return becomeReady();
  }

  pause(event: { params: { reason?: string } }): Promise<void> {
    return changeState("/api/operator/pause", { reason: event.params.reason ?? "" });
  }

  private set(now: OperatorNow): void {
    this.stateValue = now.state;
    this.sinceValue = now.since;
    this.limitValue = now.limit_at ?? "";
    this.reasonValue = now.reason ?? "";
    this.plan(now.planned ?? "");
    this.show();
  }

  /** A pause asked for in a call begins after it: the operator must see that his wish was heard. */
  private plan(code: string): void {
    for (const element of this.plannedTargets) {
      element.hidden = code === "";
      element.textContent = t("then: {reason}", { reason: this.title(code) });
    }
  }

  private title(code: string): string {
    return this.reasonsValue[code] ?? code;
  }

  private show(): void {
    this.element.dataset["state"] = this.stateValue;
    const word = stateWord(this.stateValue);
    for (const label of this.labelTargets) {
      const presence = label.closest(".presence");
      if (presence) showPresence(presence, this.stateValue);
      label.textContent = this.reasonValue === "" ? word : `${word}: ${this.title(this.reasonValue)}`;
    }
    this.tick();
  }

  private tick(): void {
    const over = this.limitValue === "" ? 0 : secondsSince(this.limitValue);
    const late = this.stateValue === "pause" && over > 0;
    this.element.classList.toggle("over-limit", late);
    this.element.dataset["level"] = late ? (over > RED_AFTER_S ? "red" : "amber") : "";
    // The time for the card runs down; everything else runs up.
    const down = this.stateValue === "wrap_up" && this.limitValue !== "";
    const text = down
      ? duration(Math.round(secondsUntil(this.limitValue)))
      : duration(secondsSince(this.sinceValue));
    for (const element of this.sinceTargets) {
      element.textContent = this.sinceValue === "" ? "" : text;
      element.title = late ? t("{time} over the limit", { time: duration(over) }) : "";
    }
  }
}
