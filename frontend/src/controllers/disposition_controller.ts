import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestFragment, requestJson } from "../api";
import { onDocument } from "../dom";
import { t } from "../i18n";
import { chordOf } from "../keymap";
import { setUnclassified } from "../readiness";
import { toast } from "../toast";

interface Classified {
  call_key: string;
  code: string | null;
}

interface Answer extends Classified {
  title: string;
  waiting: number;
}

function folded(text: string): string {
  return text.toLowerCase().replaceAll("ё", "е");
}

/**
 * Asks what came of a call: one click, Alt and a digit, or a word and Enter (S002-20). The server says which call waits;
 * this panel shows the latest one, or the one that the list of calls asks for (`hotline:classify` `{key}`).
 */
export default class DispositionController extends Controller<HTMLElement> {
  static override targets = ["form", "search", "list", "row", "none", "noteBox", "note"];
  static override values = { url: String };
  declare readonly formTarget: HTMLFormElement;
  declare readonly hasFormTarget: boolean;
  declare readonly searchTarget: HTMLInputElement;
  declare readonly rowTargets: HTMLElement[];
  declare readonly noneTarget: HTMLElement;
  declare readonly noteBoxTarget: HTMLElement;
  declare readonly noteTarget: HTMLTextAreaElement;
  declare readonly urlValue: string;
  private stops: (() => void)[] = [];
  /** The characteristic that waits for its note. */
  private pending = "";
  /** Loadings may overtake each other; only the last one is shown. */
  private generation = 0;

  override connect(): void {
    this.stops = [
      onDocument<{ key: string | null }>("hotline:classify", ({ key }) => void this.open(key)),
      onDocument<Classified>("hotline:call.disposition", (fact) => this.heard(fact)),
      onDocument("hotline:snapshot", () => void this.load(null)),
    ];
    document.addEventListener("keydown", this.onKey);
    void this.load(null);
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    document.removeEventListener("keydown", this.onKey);
  }

  choose(event: Event): void {
    void this.take(event.currentTarget as HTMLElement);
  }

  /** Enter in the search takes the first of the list; the note's button takes what waits for it. */
  enter(event: Event): void {
    event.preventDefault();
    const wanted = this.buttons().find((button) => button.dataset["code"] === this.pending);
    const chosen = this.pending === "" ? this.shown()[0] : wanted;
    if (chosen) void this.take(chosen);
  }

  filter(): void {
    const words = folded(this.searchTarget.value).split(/\s+/).filter(Boolean);
    for (const row of this.rowTargets) {
      const text = folded(row.textContent ?? "");
      row.hidden = !words.every((word) => text.includes(word));
    }
    this.noneTarget.hidden = this.shown().length > 0;
  }

  walk(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.searchTarget.value !== "") {
      this.searchTarget.value = "";
      this.filter();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const shown = this.shown();
    const at = shown.indexOf(document.activeElement as HTMLButtonElement);
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    if (next < 0) this.searchTarget.focus();
    else shown[next]?.focus();
  }

  /** Enter makes a new line in a text; here the note is one thought, so it sends. */
  noteKey(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    this.enter(event);
  }

  private buttons(): HTMLButtonElement[] {
    return this.rowTargets.flatMap((row) => [...row.querySelectorAll("button")]);
  }

  private shown(): HTMLButtonElement[] {
    return this.buttons().filter((button) => !button.closest("[hidden]"));
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const digit = /^Alt\+([1-9])$/.exec(chordOf(event))?.[1];
    if (digit === undefined || event.defaultPrevented || this.element.hidden || !this.hasFormTarget) return;
    if (document.querySelector("dialog[open]")) return;
    const button = this.buttons().find((one) => one.dataset["key"] === digit);
    if (!button) return;
    event.preventDefault();
    if (!event.repeat) void this.take(button);
  };

  private async take(button: HTMLElement): Promise<void> {
    const { code = "", needsNote } = button.dataset;
    const note = this.noteTarget.value.trim();
    if (needsNote !== undefined && note === "") {
      this.askNote(code);
      return;
    }
    const key = this.formTarget.dataset["call"] ?? "";
    this.element.setAttribute("aria-busy", "true");
    try {
      const path = `/api/calls/${encodeURIComponent(key)}/disposition`;
      const saved = await requestJson<Answer>(path, { method: "POST", json: { code, note } });
      toast(t("The call is noted: {title}.", { title: saved.title }), "success");
      this.mark(key, saved.title);
      this.pending = "";
      await this.load(null);
    } catch (error) {
      if (error instanceof ApiError && error.errorId === "note-required") this.askNote(code);
      toast(explain(error), "danger");
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }

  private askNote(code: string): void {
    this.pending = code;
    for (const button of this.buttons()) {
      button.setAttribute("aria-pressed", String(button.dataset["code"] === code));
    }
    this.noteBoxTarget.hidden = false;
    this.noteTarget.focus();
  }

  private heard({ call_key: key, code }: Classified): void {
    const shown = this.hasFormTarget && !this.element.hidden ? this.formTarget.dataset["call"] : undefined;
    // Somebody is writing a note, or looks at another call from the list: that is not taken from under his hands.
    if (
      shown !== undefined &&
      shown !== key &&
      (this.pending !== "" || this.element.dataset["asked"] === shown)
    )
      return;
    if (code !== null || shown !== key) void this.load(null);
  }

  private async open(key: string | null): Promise<void> {
    await this.load(key);
    if (!this.hasFormTarget || this.element.hidden) return;
    this.element.scrollIntoView({ block: "nearest" });
    if (this.pending === "") this.searchTarget.focus();
  }

  /** Show the panel for a call, or for the latest that waits; nothing when none does. */
  private async load(key: string | null): Promise<void> {
    this.generation += 1;
    const mine = this.generation;
    const query = key === null ? "" : `?call=${encodeURIComponent(key)}`;
    let html = "";
    try {
      html = await requestFragment(`${this.urlValue}${query}`);
    } catch (error) {
      // Without a right or a connection there is nothing to ask; a person's own wish is answered.
      if (key !== null) toast(explain(error), "danger");
      return;
    }
    if (mine !== this.generation) return;
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("form");
    if (this.pending !== "" && fresh !== null && fresh.dataset["call"] === this.formTarget.dataset["call"]) {
      // A note is being written about this very call: it is not taken from under his hands.
      setUnclassified(Number(fresh.dataset["waiting"] ?? 0));
      return;
    }
    this.pending = "";
    this.element.innerHTML = html;
    const form = this.element.querySelector<HTMLFormElement>("form");
    this.element.hidden = form === null;
    this.element.dataset["asked"] = key ?? "";
    setUnclassified(Number(form?.dataset["waiting"] ?? 0));
  }

  /** The list of calls shows the word at once. */
  private mark(key: string, title: string): void {
    for (const cell of document.querySelectorAll<HTMLElement>(`[data-disposition-of="${CSS.escape(key)}"]`)) {
      cell.textContent = title;
      cell.classList.remove("unclassified");
    }
  }
}
