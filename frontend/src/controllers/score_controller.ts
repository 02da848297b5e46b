import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestJson } from "../api";
import { duration } from "../format";
import { t } from "../i18n";
import { openInWork } from "../navigate";

interface Answered {
  version: number;
  shown: string;
  verdict: string;
  missing: readonly string[];
  sections: readonly string[];
}

const SAVE_AFTER_MS = 1_500;
const AGAIN_MS = 5_000;

/**
 * The page on which a conversation is scored: keeps what is filled in while it is being filled in, one request at a
 * time, shows what it is worth so far, and makes the moves. What was typed stays on the page whatever the server says.
 */
export default class ScoreController extends Controller<HTMLElement> {
  static override targets = [
    "form",
    "percent",
    "part",
    "comments",
    "blank",
    "summary",
    "note",
    "state",
    "problem",
  ];
  static override values = { url: String, version: Number, edits: Boolean, changes: Boolean };
  declare readonly formTarget: HTMLFormElement;
  declare readonly percentTarget: HTMLElement;
  declare readonly partTargets: HTMLElement[];
  declare readonly commentsTarget: HTMLElement;
  declare readonly blankTarget: HTMLTemplateElement;
  declare readonly summaryTarget: HTMLTextAreaElement;
  declare readonly hasSummaryTarget: boolean;
  declare readonly noteTarget: HTMLTextAreaElement;
  declare readonly hasNoteTarget: boolean;
  declare readonly stateTarget: HTMLElement;
  declare readonly hasStateTarget: boolean;
  declare readonly problemTarget: HTMLElement;
  declare readonly urlValue: string;
  declare versionValue: number;
  declare readonly editsValue: boolean;
  declare readonly changesValue: boolean;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dirty = false;
  private stopped = false;
  private moving = false;
  /** The request that is under way: the next one needs the version that it brings. */
  private last: Promise<void> = Promise.resolve();
  private readonly listeners = new AbortController();

  override connect(): void {
    const { signal } = this.listeners;
    window.addEventListener("beforeunload", (event) => this.dirty && event.preventDefault(), { signal });
  }

  override disconnect(): void {
    this.listeners.abort();
    clearTimeout(this.timer);
    if (this.dirty) void this.send(); // the page is left: what was filled in last goes along
  }

  ignore(event: Event): void {
    event.preventDefault();
  }

  changed(): void {
    for (const row of this.formTarget.querySelectorAll("[data-missing]")) {
      if (row.querySelector("input:checked")) delete (row as HTMLElement).dataset["missing"];
    }
    // A score that is being changed after an answer is sent as one, with its reason.
    if (!this.editsValue || this.changesValue || this.stopped) return;
    this.dirty = true;
    this.say("");
    this.wait(SAVE_AFTER_MS);
  }

  comment(): void {
    const at = this.sound?.currentTime ?? 0;
    const made = this.blankTarget.content.firstElementChild?.cloneNode(true) as HTMLElement;
    made.dataset["at"] = at.toFixed(1);
    const time = made.querySelector("[data-time]");
    if (time) time.textContent = duration(at);
    const rows = [...this.commentsTarget.children] as HTMLElement[];
    const later = rows.find((row) => Number(row.dataset["at"]) > at);
    this.commentsTarget.insertBefore(made, later ?? null);
    made.querySelector("input")?.focus();
  }

  forget(event: Event): void {
    (event.currentTarget as HTMLElement).closest("li")?.remove();
    this.changed();
  }

  jump(event: Event): void {
    const at = Number((event.currentTarget as HTMLElement).closest("li")?.dataset["at"]);
    const sound = this.sound;
    if (!sound || Number.isNaN(at)) return;
    sound.currentTime = Math.max(0, at - 2);
    void sound.play().catch(() => undefined); // the player itself says what is wrong with the sound
  }

  async move(event: Event & { params?: { move?: string } }): Promise<void> {
    const move = event.params?.move ?? "";
    if (this.moving) return;
    this.moving = true;
    clearTimeout(this.timer);
    this.problemTarget.hidden = true;
    try {
      await this.last;
      const whole = move === "publish" || move === "change";
      const note = this.hasNoteTarget ? this.noteTarget.value.trim() : "";
      if (!whole && this.dirty) await this.send();
      const json = { version: this.versionValue, note, ...(whole ? this.filled() : {}) };
      await requestJson(`${this.urlValue}/${move}`, { method: "POST", json });
      this.dirty = false;
      this.stopped = true;
      await openInWork(location.pathname);
    } catch (error) {
      this.refuse(error);
      if (this.dirty) this.wait(AGAIN_MS);
    } finally {
      this.moving = false;
    }
  }

  private get sound(): HTMLAudioElement | null {
    return this.element.querySelector("audio");
  }

  private wait(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.send(), ms);
  }

  private filled(): object {
    const answers: Record<string, string> = {};
    for (const chosen of this.formTarget.querySelectorAll<HTMLInputElement>("input[type=radio]:checked"))
      answers[chosen.name.replace(/^answer-/, "")] = chosen.value;
    const rows = [...this.commentsTarget.children] as HTMLElement[];
    const comments = rows
      .map((row) => ({
        at_s: Number(row.dataset["at"]),
        text: row.querySelector("input")?.value.trim() ?? "",
      }))
      .filter((one) => one.text !== "");
    return { answers, comments, summary: this.hasSummaryTarget ? this.summaryTarget.value : "" };
  }

  private send(): Promise<void> {
    clearTimeout(this.timer);
    this.last = this.last.then(() => this.put());
    return this.last;
  }

  private async put(): Promise<void> {
    if (!this.dirty || this.stopped) return;
    this.dirty = false;
    try {
      const json = { version: this.versionValue, ...this.filled() };
      const answer = await requestJson<Answered>(this.urlValue, { method: "PUT", json });
      this.versionValue = answer.version;
      this.percentTarget.textContent = answer.shown;
      this.percentTarget.className = `score-percent score-text-${answer.verdict}`;
      this.partTargets.forEach((part, place) => {
        part.textContent = answer.sections[place] ?? "";
      });
      if (!this.dirty) this.say(t("Saved"));
    } catch (error) {
      this.dirty = true;
      if (error instanceof ApiError && error.status < 500) {
        this.stopped = error.status === 409;
        this.refuse(error);
      } else {
        this.say(t("Not saved yet: trying again"));
        this.wait(AGAIN_MS);
      }
    }
  }

  private refuse(error: unknown): void {
    const details = error instanceof ApiError ? error.details : {};
    const rows = [...this.formTarget.querySelectorAll<HTMLElement>("[data-criterion]")];
    const missing = rows.filter((row) => (row.dataset["criterion"] ?? "") in details);
    for (const row of missing) row.dataset["missing"] = "yes";
    const text =
      missing.length > 0
        ? t("{count} criteria have no answer yet.", { count: missing.length })
        : explain(error);
    const stale = error instanceof ApiError && error.errorId === "stale-record";
    const more = stale
      ? ` ${t("What you have filled in stays on this page: reload it to see the other.")}`
      : "";
    this.problemTarget.textContent = text + more;
    this.problemTarget.hidden = false;
    const first = missing[0]?.querySelector<HTMLElement>("input");
    const needsNote = "note" in details && this.hasNoteTarget;
    (first ?? (needsNote ? this.noteTarget : this.problemTarget)).focus();
    this.say("");
  }

  private say(text: string): void {
    if (this.hasStateTarget) this.stateTarget.textContent = text;
  }
}
