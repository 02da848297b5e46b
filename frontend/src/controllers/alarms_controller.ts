import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { h, icon, onDocument } from "../dom";
import { clockTime, t } from "../i18n";
import { blinkTitle, calmTitle } from "../title-blink";
import { toast } from "../toast";

export interface Emergency {
  id: number;
  at: string;
  by: string;
  user_id: number;
  extension: string | null;
  call_key: string | null;
  seen_by: string;
}

/**
 * Alarms of operators at whoever watches calls (DAY-31): a red bar that stays until somebody has confirmed it. The snapshot
 * brings those that are open already, so that they meet whoever logs in or reloads.
 */
export default class AlarmsController extends Controller<HTMLElement> {
  private stop: () => void = () => undefined;
  private readonly bars = new Map<number, HTMLElement>();

  override connect(): void {
    const stops = [
      onDocument<Emergency>("hotline:emergency", (alarm) => this.news(alarm)),
      onDocument<{ emergencies?: readonly Emergency[] }>("hotline:snapshot", ({ emergencies = [] }) => {
        const open = new Set(emergencies.map((one) => one.id));
        for (const id of [...this.bars.keys()]) if (!open.has(id)) this.over(id);
        for (const alarm of emergencies) this.news(alarm);
      }),
    ];
    this.stop = () => {
      for (const stop of stops) stop();
    };
  }

  override disconnect(): void {
    this.stop();
    for (const bar of this.bars.values()) bar.remove();
    if (this.bars.size > 0) calmTitle();
  }

  private news(alarm: Emergency): void {
    const known = this.bars.has(alarm.id);
    if (alarm.seen_by) {
      this.over(alarm.id);
      return;
    }
    // Who pressed the key has the script before him.
    if (known || String(alarm.user_id) === document.body.dataset["shellUserValue"]) return;
    const seen = h("button", { type: "button", class: "btn btn-sm" }, t("I know"));
    const text = t("112: {name}, internal number {extension}", {
      name: alarm.by,
      extension: alarm.extension ?? "—",
    });
    const since = h("time", { datetime: alarm.at }, clockTime(alarm.at));
    const bar = h(
      "div",
      { class: "desk-alarm", role: "alert" },
      icon("urgent"),
      h("strong", {}, text),
      since,
      seen,
    );
    seen.addEventListener("click", () => void this.confirm(alarm.id));
    this.stack().append(bar);
    this.bars.set(alarm.id, bar);
    blinkTitle("112!");
  }

  /** Several alarms stand below each other: none may hide another. */
  private stack(): HTMLElement {
    const there = document.querySelector<HTMLElement>(".desk-alarms");
    if (there) return there;
    const made = h("div", { class: "desk-alarms" });
    document.body.prepend(made);
    return made;
  }

  private over(id: number): void {
    const bar = this.bars.get(id);
    if (!bar) return;
    bar.remove();
    this.bars.delete(id);
    if (this.bars.size === 0) calmTitle();
  }

  private async confirm(id: number): Promise<void> {
    try {
      await requestJson(`/api/emergencies/${id}/seen`, { method: "POST", json: {} });
    } catch (error) {
      toast(explain(error), "danger");
    }
  }
}
