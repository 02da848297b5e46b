import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { secondsSince } from "../clock";
import { announce, h, icon, onDocument } from "../dom";
import { duration } from "../format";
import { t } from "../i18n";
import { beep } from "../ringtone";
import { toast } from "../toast";

interface Help {
  id: number;
  at: string;
  user_id: number;
  by: string;
  extension: string | null;
  call_key: string | null;
  taken_by: string;
  mine: boolean;
}

const BEEP_EVERY_MS = 8_000;

/**
 * Help for an operator. He presses one key and sees who comes; supervisors have a row each for whoever waits, with a sound
 * until somebody comes, and go on from there by listening or whispering.
 */
export default class HelpController extends Controller<HTMLElement> {
  static override targets = ["ask", "state", "list"];
  static override values = { modes: Array };
  declare readonly askTarget: HTMLButtonElement;
  declare readonly hasAskTarget: boolean;
  declare readonly stateTarget: HTMLElement;
  declare readonly listTarget: HTMLElement;
  declare readonly modesValue: readonly string[];
  private own: Help | null = null;
  private open: readonly Help[] = [];
  private stops: (() => void)[] = [];
  private timers: ReturnType<typeof setInterval>[] = [];
  private loading: Promise<void> = Promise.resolve();

  override connect(): void {
    const load = (): void => {
      this.loading = this.loading.then(() => this.load());
    };
    this.stops = [onDocument("hotline:supervision.help", load), onDocument("hotline:snapshot", load)];
    this.timers = [setInterval(() => this.tick(), 1_000), setInterval(() => this.sound(), BEEP_EVERY_MS)];
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    for (const timer of this.timers) clearInterval(timer);
  }

  /** Ask for help; pressed again, take it back. */
  async toggle(): Promise<void> {
    const path = this.own === null ? "/api/help" : `/api/help/${this.own.id}/close`;
    this.askTarget.disabled = true;
    await this.post(path);
    this.askTarget.disabled = false;
  }

  private async post(path: string): Promise<boolean> {
    try {
      await requestJson(path, { method: "POST", json: {} });
      await this.load();
      return true;
    } catch (error) {
      toast(explain(error), "danger");
      await this.load();
      return false;
    }
  }

  private async load(): Promise<void> {
    try {
      const found = await requestJson<{ own: Help | null; open: readonly Help[] }>("/api/help");
      const known = new Set(this.open.map((one) => one.id));
      this.own = found.own;
      this.open = found.open;
      this.show();
      if (this.open.some((one) => !known.has(one.id) && one.taken_by === "")) beep();
    } catch {
      // The server is away, as the bar says; the next snapshot asks again.
    }
  }

  private sound(): void {
    if (this.open.some((one) => one.taken_by === "")) beep();
  }

  private show(): void {
    if (this.hasAskTarget) {
      this.askTarget.setAttribute("aria-pressed", String(this.own !== null));
      this.stateTarget.hidden = this.own === null;
      this.stateTarget.textContent =
        this.own === null
          ? ""
          : this.own.taken_by === ""
            ? t("Help is asked for. Press again to take it back.")
            : t("{name} helps you.", { name: this.own.taken_by });
    }
    const present = new Map(
      [...this.listTarget.children].map((row) => [(row as HTMLElement).dataset["key"], row]),
    );
    this.listTarget.replaceChildren(
      ...this.open.map((one) => {
        const key = `${one.id}/${one.taken_by}/${one.call_key ?? ""}`;
        return present.get(key) ?? this.row(one, key);
      }),
    );
    this.listTarget.hidden = this.open.length === 0;
    this.tick();
  }

  private row(one: Help, key: string): HTMLElement {
    const buttons: HTMLElement[] = [];
    const add = (words: string, look: string, act: () => void): void => {
      const button = h("button", { type: "button", class: `btn btn-sm ${look}` }, words);
      button.addEventListener("click", act);
      buttons.push(button);
    };
    if (one.taken_by === "")
      add(t("I come"), "btn-primary", () => void this.post(`/api/help/${one.id}/take`));
    if (one.call_key !== null && (one.mine || one.taken_by === "")) {
      if (this.modesValue.includes("listen")) add(t("Listen"), "", () => void this.come(one, "listen"));
      if (this.modesValue.includes("whisper")) add(t("Whisper"), "", () => void this.come(one, "whisper"));
    }
    if (one.mine) add(t("Helped"), "btn-success", () => void this.post(`/api/help/${one.id}/close`));
    const who = `${one.by}${one.extension === null ? "" : ` · ${one.extension}`}`;
    return h(
      "li",
      { class: "help-row", "data-key": key, "data-taken": one.taken_by === "" ? "no" : "yes" },
      icon("lifebuoy"),
      h(
        "div",
        { class: "help-words" },
        h("b", {}, who),
        h("span", {}, one.taken_by === "" ? t("asks for help") : t("{name} helps", { name: one.taken_by })),
        h("time", { "data-since": one.at, datetime: one.at }),
      ),
      h("div", { class: "help-buttons" }, ...buttons),
    );
  }

  /** Whoever listens comes: nobody else need. */
  private async come(one: Help, action: string): Promise<void> {
    if (one.taken_by === "" && !(await this.post(`/api/help/${one.id}/take`))) return;
    announce("hotline:board-action", {
      action,
      id: one.user_id,
      extension: one.extension ?? "",
      state: "talking",
      name: one.by,
      call_key: one.call_key,
    });
  }

  private tick(): void {
    for (const time of this.listTarget.querySelectorAll<HTMLElement>("[data-since]"))
      time.textContent = duration(secondsSince(time.dataset["since"] ?? ""));
  }
}
