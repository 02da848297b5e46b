import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { h, icon, onDocument } from "../dom";
import { t } from "../i18n";
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

/** Alarms of operators at whoever watches calls (DAY-31): a red bar that stays until somebody has confirmed it. */
export default class AlarmsController extends Controller<HTMLElement> {
  private stop: () => void = () => undefined;
  private readonly bars = new Map<number, HTMLElement>();

  override connect(): void {
    this.stop = onDocument<Emergency>("hotline:emergency", (alarm) => this.news(alarm));
  }

  override disconnect(): void {
    this.stop();
    for (const bar of this.bars.values()) bar.remove();
    if (this.bars.size > 0) calmTitle();
  }

  private news(alarm: Emergency): void {
    const known = this.bars.get(alarm.id);
    if (alarm.seen_by) {
      known?.remove();
      this.bars.delete(alarm.id);
      if (known && this.bars.size === 0) calmTitle();
      return;
    }
    // Who pressed the key has the script before him.
    if (known || String(alarm.user_id) === document.body.dataset["shellUserValue"]) return;
    const seen = h("button", { type: "button", class: "btn btn-sm" }, t("I know"));
    const text = t("112: {name}, internal number {extension}", {
      name: alarm.by,
      extension: alarm.extension ?? "—",
    });
    const bar = h("div", { class: "desk-alarm", role: "alert" }, icon("urgent"), h("strong", {}, text), seen);
    seen.addEventListener("click", () => void this.confirm(alarm.id));
    document.body.prepend(bar);
    this.bars.set(alarm.id, bar);
    blinkTitle("112!");
  }

  private async confirm(id: number): Promise<void> {
    try {
      await requestJson(`/api/emergencies/${id}/seen`, { method: "POST", json: {} });
    } catch (error) {
      toast(explain(error), "danger");
    }
  }
}
