import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestFragment, requestJson } from "../api";
import { h, icon, onDocument } from "../dom";
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
 * Who wants the panel to show something else: a person; the server, because the call shown is done with; or nobody, some
 * news only make it worth a look, and what a person has begun stays.
 */
type Occasion = "wish" | "done" | "news";

/**
 * Asks what came of a call: one click, Alt and a digit, or a word and Enter (S002-20). The server says which call waits;
 * this panel shows the latest one, or the one that the list of calls asks for (`hotline:classify` `{key}`).
 *
 * A call that a person asks for takes the place of the former at once, and what he types or decides before its content
 * has come counts for it.
 */
export default class DispositionController extends Controller<HTMLElement> {
  static override targets = ["form", "head", "search", "list", "row", "none", "noteBox", "note"];
  static override values = { url: String };
  declare readonly formTarget: HTMLFormElement;
  declare readonly hasFormTarget: boolean;
  declare readonly headTarget: HTMLElement;
  declare readonly searchTarget: HTMLInputElement;
  declare readonly rowTargets: HTMLElement[];
  declare readonly noneTarget: HTMLElement;
  declare readonly hasNoneTarget: boolean;
  declare readonly noteBoxTarget: HTMLElement;
  declare readonly noteTarget: HTMLTextAreaElement;
  declare readonly hasNoteTarget: boolean;
  declare readonly urlValue: string;
  private stops: (() => void)[] = [];
  /** The characteristic that waits for its note. */
  private pending = "";
  /** Loadings may overtake each other; only the last one is shown. */
  private generation = 0;
  /** A loading that news must not overtake, whether news came meanwhile, and whether Enter did. */
  private firm = false;
  private newsCame = false;
  private enterCame = false;
  /** Notes that were begun when the panel was asked to show another call. */
  private readonly notes = new Map<string, { code: string; note: string }>();

  override connect(): void {
    this.stops = [
      onDocument<{ key: string | null }>("hotline:classify", ({ key }) => void this.open(key)),
      onDocument<Classified>("hotline:call.disposition", (fact) => this.heard(fact)),
      onDocument("hotline:snapshot", () => void this.load(null, "news")),
    ];
    document.addEventListener("keydown", this.onKey);
    void this.load(null, "news");
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
    if (this.hasNoneTarget) this.takeFirst();
    else this.enterCame = true; // the list is still on its way
  }

  filter(): void {
    if (!this.hasNoneTarget) return;
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
    // A note that is only corrected stays with the characteristic that the call has.
    if (this.pending === "") this.pending = this.formTarget.dataset["chosen"] ?? "";
    this.enter(event);
  }

  private takeFirst(): void {
    this.filter();
    const wanted = this.buttons().find((button) => button.dataset["code"] === this.pending);
    const chosen = this.pending === "" ? this.shown()[0] : wanted;
    if (chosen) void this.take(chosen);
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
      this.notes.delete(key);
      await this.load(null, "done");
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

  /** The call that the panel shows; `null` when it shows none. */
  private get shownCall(): string | null {
    return this.hasFormTarget && !this.element.hidden ? (this.formTarget.dataset["call"] ?? null) : null;
  }

  /** Somebody has begun to say what the call was. */
  private get writes(): boolean {
    if (this.shownCall === null) return false;
    return this.pending !== "" || this.searchTarget.value !== "" || this.noteTyped !== null;
  }

  private get noteTyped(): string | null {
    if (!this.hasNoteTarget || this.noteTarget.value === this.noteTarget.defaultValue) return null;
    return this.noteTarget.value;
  }

  private heard({ call_key: key, code }: Classified): void {
    const shown = this.shownCall === key;
    if (shown && code === null) return;
    void this.load(null, shown && this.pending === "" ? "done" : "news");
  }

  private async open(key: string | null): Promise<void> {
    if (key !== null && key === this.shownCall) this.element.dataset["asked"] = key;
    else await this.load(key, "wish");
    if (this.shownCall === null) return;
    this.element.scrollIntoView({ block: "nearest" });
    if (this.pending === "") this.searchTarget.focus();
  }

  /** Show the panel for a call, or for the latest that waits; nothing when none does. */
  private async load(key: string | null, occasion: Occasion): Promise<void> {
    if (occasion === "news" && this.firm) {
      this.newsCame = true;
      return;
    }
    this.generation += 1;
    const mine = this.generation;
    this.firm = occasion !== "news";
    if (key !== null) this.clearFor(key);
    const query = key === null ? "" : `?call=${encodeURIComponent(key)}`;
    let html: string | null = null;
    try {
      html = await requestFragment(`${this.urlValue}${query}`);
    } catch (error) {
      // Without a right or a connection there is nothing to ask; a person's own wish is answered.
      if (key !== null) toast(explain(error), "danger");
    }
    if (mine !== this.generation) return;
    this.firm = false;
    if (html !== null) this.show(html, key, occasion);
    else if (!this.hasNoneTarget) this.empty();
    if (this.newsCame || (html === null && key !== null)) {
      this.newsCame = false;
      await this.load(null, "news");
    }
  }

  /** Make room for a call whose content is on its way: a field that takes the first letters of the word. */
  private clearFor(key: string): void {
    const search = h("input", {
      class: "form-control form-control-sm",
      type: "search",
      maxlength: 60,
      autocomplete: "off",
      "aria-label": t("Find a characteristic by a word"),
      "data-disposition-target": "search",
    });
    const form = h("form", {
      class: "disposition-form",
      "aria-busy": "true",
      "data-disposition-target": "form",
      "data-call": key,
      "data-action": "submit->disposition#enter",
    });
    form.append(
      h("h2", { class: "disposition-title" }, icon("tag"), " ", t("How did the call end?")),
      search,
    );
    const former = this.shownCall;
    const note = this.noteTyped;
    if (former !== null && note !== null) this.notes.set(former, { code: this.pending, note });
    this.pending = "";
    this.enterCame = false;
    this.element.replaceChildren(form);
    this.element.hidden = false;
    this.element.dataset["asked"] = key;
    search.focus();
  }

  private empty(): void {
    this.pending = "";
    this.element.replaceChildren();
    this.element.hidden = true;
    this.element.dataset["asked"] = "";
  }

  private show(html: string, key: string | null, occasion: Occasion): void {
    const page = new DOMParser().parseFromString(html, "text/html");
    const fresh = page.querySelector<HTMLFormElement>("form");
    setUnclassified(Number(fresh?.dataset["waiting"] ?? 0));
    const same = fresh !== null && fresh.dataset["call"] === this.shownCall;
    if (this.stays(occasion)) {
      if (same) this.headTarget.replaceWith(fresh.querySelector("[data-disposition-target=head]") ?? "");
      return;
    }
    if (fresh === null) this.empty();
    else this.fill(html, key ?? "", same ? this.searchTarget.value : "");
  }

  /** What a person has begun is not taken from under his hands; nor is, by mere news, the call that he asked for. */
  private stays(occasion: Occasion): boolean {
    const shown = this.shownCall;
    if (occasion === "done" || shown === null || !this.hasNoneTarget) return false;
    return this.writes || (occasion === "news" && this.element.dataset["asked"] === shown);
  }

  private fill(html: string, asked: string, typed: string): void {
    const focused = this.element.contains(document.activeElement);
    const enter = this.enterCame;
    this.pending = "";
    this.enterCame = false;
    this.element.innerHTML = html;
    this.element.hidden = false;
    this.element.dataset["asked"] = asked;
    this.searchTarget.value = typed;
    this.filter();
    const kept = this.notes.get(this.shownCall ?? "");
    if (kept !== undefined) {
      this.noteTarget.value = kept.note;
      this.askNote(kept.code);
    } else if (focused) this.searchTarget.focus();
    if (enter) this.takeFirst();
  }

  /** The list of calls shows the word at once. */
  private mark(key: string, title: string): void {
    for (const cell of document.querySelectorAll<HTMLElement>(`[data-disposition-of="${CSS.escape(key)}"]`)) {
      cell.textContent = title;
      cell.classList.remove("unclassified");
    }
  }
}
