import type { BoardOperator, LimitMark } from "./board-model";
import { limitMark } from "./board-model";
import { secondsSince } from "./clock";
import { h, icon } from "./dom";
import { duration } from "./format";
import { t } from "./i18n";
import type { Alarm } from "./phone/quality";
import { alarmWord, goesOneWay } from "./quality-words";
import { stateWord } from "./states";

const score = new Intl.NumberFormat(document.documentElement.lang || "ru", {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** One operator of the grid. Made once, then only what changed is written: a menu that is open stays open. */
export class BoardCard {
  readonly element: HTMLLIElement;
  private readonly presence: HTMLElement;
  private readonly word: HTMLElement;
  private readonly time: HTMLTimeElement;
  private readonly what: HTMLElement;
  private readonly sound: HTMLElement;
  private readonly level: HTMLElement;
  private readonly name: HTMLElement;
  private shown = "";

  constructor(
    public data: BoardOperator,
    menu: DocumentFragment,
    private readonly roleTitle: (code: string) => string,
    private readonly queueTitle: (code: string) => string,
  ) {
    this.word = h("span", { class: "presence-word" });
    this.presence = h("span", {}, h("span", { class: "presence-dot", "aria-hidden": "true" }), this.word);
    this.time = h("time", { class: "board-since" });
    this.what = h("span", { class: "board-what" });
    this.sound = h("span", { class: "board-sound", hidden: true });
    this.level = h("span", { class: "board-level" });
    this.name = h("b", { class: "board-name" });
    this.element = h(
      "li",
      { class: "board-card", "data-id": data.id },
      h("div", { class: "board-card-head" }, this.name, menu),
      h("div", { class: "board-card-state" }, this.presence, this.time),
      h("div", { class: "board-card-call" }, this.what, this.sound),
      this.level,
    );
  }

  /** Write a new row. */
  show(data: BoardOperator, now: number): void {
    this.data = data;
    this.element.dataset["state"] = data.state;
    this.name.textContent = data.name;
    this.level.textContent = [
      data.extension,
      data.roles.map(this.roleTitle).join(", "),
      data.organisation,
    ].join(" · ");
    this.level.title = this.level.textContent;
    this.presence.className = `presence presence-${data.state}`;
    this.presence.dataset["state"] = data.state;
    this.word.textContent = data.reason === "" ? stateWord(data.state) : data.reason;
    this.time.dateTime = data.since ?? "";
    this.what.replaceChildren(...this.doing());
    this.showSound();
    for (const button of this.element.querySelectorAll<HTMLElement>("[data-board-states]")) {
      const states = (button.dataset["boardStates"] ?? "").split(" ").filter(Boolean);
      button.hidden = states.length > 0 && !states.includes(data.state);
    }
    this.shown = "";
    this.tick(now);
  }

  /** Go on counting; amber and red come by themselves. */
  tick(now: number): void {
    const { since } = this.data;
    const counts = since !== null && this.data.state !== "offline";
    const mark = limitMark(this.data, now);
    const text = counts ? `${duration(secondsSince(since))}${limitWord(this.data, mark, now)}` : "";
    if (text === this.shown) return;
    this.shown = text;
    this.time.textContent = text;
    this.element.dataset["limit"] = mark;
  }

  private doing(): (Node | string)[] {
    const { data } = this;
    if (!data.applied) {
      const words = t("the exchange has not confirmed the state");
      return [icon("alert-triangle"), ` ${words}`];
    }
    if (data.call_key === null) return [];
    const name =
      data.direction === "out" ? "phone-outgoing" : data.direction === "in" ? "phone-incoming" : "users";
    const party = data.party === "" ? t("hidden number") : data.party;
    return [icon(name), ` ${party}${data.call_queue ? ` · ${this.queueTitle(data.call_queue)}` : ""}`];
  }

  private showSound(): void {
    const { alarm, mos, verdict } = this.data;
    const wrong = alarm !== null && goesOneWay(alarm as Alarm);
    this.sound.hidden = !wrong && mos === null;
    this.sound.dataset["verdict"] = wrong ? "poor" : (verdict ?? "");
    if (wrong) this.sound.replaceChildren(icon("volume-off"), ` ${alarmWord(alarm as Alarm)}`);
    else if (mos !== null) {
      const bars =
        verdict === "good" ? "antenna-bars-5" : verdict === "fair" ? "antenna-bars-3" : "antenna-bars-2";
      this.sound.replaceChildren(icon(bars), ` MOS ${score.format(mos)}`);
    }
  }
}

function limitWord(data: BoardOperator, mark: LimitMark, now: number): string {
  if (mark === "" || data.limit_at === null) return "";
  const time = duration(Math.abs(Date.parse(data.limit_at) - now) / 1000);
  const words = mark === "over" ? t("{time} over the limit", { time }) : t("{time} to the limit", { time });
  return ` · ${words}`;
}
