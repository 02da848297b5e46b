import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { secondsSince } from "../clock";
import { onDocument } from "../dom";
import { duration } from "../format";
import type { OperatorNow, Snapshot } from "../model";
import { showPresence, stateWord } from "../states";
import { toast } from "../toast";

/** The operator's own state in the top bar: word, since when, and the menu that changes it. */
export default class OperatorController extends Controller<HTMLElement> {
  static override targets = ["label", "since"];
  static override values = { state: String, since: String, limit: String };
  declare readonly labelTargets: HTMLElement[];
  declare readonly sinceTargets: HTMLElement[];
  declare stateValue: string;
  declare sinceValue: string;
  declare limitValue: string;
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
    return this.change("/api/operator/ready");
  }

  pause(event: { params: { reason?: string } }): Promise<void> {
    return this.change("/api/operator/pause", { reason: event.params.reason ?? "" });
  }

  private async change(path: string, json: Record<string, string> = {}): Promise<void> {
    try {
      const now = await requestJson<OperatorNow | null>(path, { method: "POST", json });
      if (now?.state) this.set(now);
    } catch (error) {
      toast(explain(error), "danger");
    }
  }

  private set(now: OperatorNow): void {
    this.stateValue = now.state;
    this.sinceValue = now.since;
    this.limitValue = now.limit_at ?? "";
    this.show();
  }

  private show(): void {
    this.element.dataset["state"] = this.stateValue;
    for (const label of this.labelTargets) {
      label.textContent = stateWord(this.stateValue);
      const presence = label.closest(".presence");
      if (presence) showPresence(presence, this.stateValue);
    }
    this.tick();
  }

  private tick(): void {
    const over = this.limitValue !== "" && secondsSince(this.limitValue) > 0;
    this.element.classList.toggle("over-limit", over);
    for (const element of this.sinceTargets) {
      element.textContent = this.sinceValue === "" ? "" : duration(secondsSince(this.sinceValue));
    }
  }
}
