import { Controller } from "@hotwired/stimulus";
import { alarmDetail, alarmTitle, type BoardAlarm } from "../alarm-words";
import { explain, request } from "../api";
import { secondsSince } from "../clock";
import { h, icon, onDocument } from "../dom";
import { duration } from "../format";
import { t } from "../i18n";
import { beep } from "../ringtone";
import { toast } from "../toast";

const MUTED = "hotline.board-muted";
const BEEP_EVERY_MS = 10_000;

/** The alarms that are on, above the board: what, where, since when; a sound until somebody has confirmed them. */
export default class BoardAlarmsController extends Controller<HTMLElement> {
  private alarms: readonly BoardAlarm[] = [];
  private readonly heard = new Set<number>();
  private stops: (() => void)[] = [];
  private timers: ReturnType<typeof setInterval>[] = [];

  override connect(): void {
    const box = this.switch();
    if (box) {
      box.checked = localStorage.getItem(MUTED) !== "yes";
      box.addEventListener("change", this.turned);
    }
    this.stops = [
      onDocument<{ alarms: readonly BoardAlarm[] }>("hotline:board.alarms", ({ alarms }) =>
        this.take(alarms),
      ),
    ];
    this.timers = [
      setInterval(() => this.tick(), 1_000),
      setInterval(() => this.sound(this.loud()), BEEP_EVERY_MS),
    ];
  }

  override disconnect(): void {
    this.switch()?.removeEventListener("change", this.turned);
    for (const stop of this.stops) stop();
    for (const timer of this.timers) clearInterval(timer);
  }

  private switch(): HTMLInputElement | null {
    return document.querySelector<HTMLInputElement>("#board-sound");
  }

  private readonly turned = (): void => {
    localStorage.setItem(MUTED, this.switch()?.checked ? "no" : "yes");
  };

  private loud(): boolean {
    return this.alarms.some((one) => one.sound && one.seen_at === null);
  }

  private take(alarms: readonly BoardAlarm[]): void {
    const fresh = alarms.filter((one) => !this.heard.has(one.id));
    for (const one of fresh) this.heard.add(one.id);
    this.alarms = alarms;
    this.show();
    this.sound(fresh.some((one) => one.sound && one.seen_at === null));
  }

  private sound(wanted: boolean): void {
    if (wanted && localStorage.getItem(MUTED) !== "yes") beep();
  }

  private show(): void {
    // A button that has the focus stays: only rows that look different are made anew.
    const present = new Map(
      [...this.element.children].map((row) => [(row as HTMLElement).dataset["key"], row]),
    );
    this.element.replaceChildren(
      ...this.alarms.map((one) => {
        const key = `${one.id}/${one.value}/${one.seen_by}`;
        return present.get(key) ?? this.row(one, key);
      }),
    );
    this.element.hidden = this.alarms.length === 0;
    this.tick();
  }

  private row(one: BoardAlarm, key: string): HTMLElement {
    const seen = one.seen_at !== null;
    const by = t("confirmed: {name}", { name: one.seen_by });
    const end = seen
      ? h("span", { class: "board-alarm-seen" }, icon("check"), ` ${by}`)
      : h("button", { type: "button", class: "btn btn-sm" }, t("Confirm"));
    if (!seen) end.addEventListener("click", () => void this.confirm(one.id));
    return h(
      "li",
      {
        class: "board-alarm",
        role: seen ? null : "alert",
        "data-key": key,
        "data-seen": seen ? "yes" : "no",
      },
      icon("alert-triangle"),
      h("b", {}, alarmTitle(one)),
      h("span", {}, alarmDetail(one)),
      h("time", { "data-since": one.raised_at, datetime: one.raised_at }),
      end,
    );
  }

  private tick(): void {
    for (const time of this.element.querySelectorAll<HTMLElement>("[data-since]"))
      time.textContent = duration(secondsSince(time.dataset["since"] ?? ""));
  }

  private async confirm(id: number): Promise<void> {
    try {
      await request(`/api/alarms/${id}/seen`, { method: "POST", json: {} });
    } catch (error) {
      toast(explain(error), "danger");
    }
  }
}
