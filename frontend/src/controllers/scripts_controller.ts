import { Controller } from "@hotwired/stimulus";
import { explain, requestFragment } from "../api";
import { currentCall } from "../current-call";
import { announce, h } from "../dom";
import { thePhone } from "../phone-host";

const ASK_AFTER_MS = 150;
/** What the answer leaves open: the operator types over it. */
const GAP = /\{[^{}]*\}/;

/**
 * Typical answers of the topic (S001-052, S001-053): F7 opens the list, a digit inserts the answer into «Принятые меры»
 * where the caret was. The focus stays in the search field, as in an ARIA combobox; typed words find other answers.
 */
export default class ScriptsController extends Controller<HTMLDetailsElement> {
  static override targets = ["query", "list"];
  static override values = { url: String };
  declare readonly queryTarget: HTMLInputElement;
  declare readonly listTarget: HTMLElement;
  declare readonly urlValue: string;
  private running: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private active = 0;

  override disconnect(): void {
    this.running?.abort();
    clearTimeout(this.timer);
  }

  opened(): void {
    this.queryTarget.setAttribute("aria-expanded", String(this.element.open));
    if (!this.element.open) return;
    this.queryTarget.value = "";
    this.queryTarget.focus();
    void this.ask();
  }

  search(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), ASK_AFTER_MS);
  }

  key(event: KeyboardEvent): void {
    if (!this.element.open || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    // A digit is the number of an answer as long as nothing is searched for.
    const digit = /^[1-9]$/.test(event.key) && this.queryTarget.value === "";
    const person = event.shiftKey && this.queryTarget.value === "" && /^Digit[1-9]$/.test(event.code);
    if (person && this.people[Number(event.code.slice(5)) - 1])
      this.consult(this.people[Number(event.code.slice(5)) - 1]);
    else if (digit && this.rows[Number(event.key) - 1]) this.insert(this.rows[Number(event.key) - 1]);
    else if (event.key === "ArrowDown") this.mark(this.active + 1);
    else if (event.key === "ArrowUp") this.mark(this.active - 1);
    else if (event.key === "Enter" && event.target === this.queryTarget) this.take(this.all[this.active]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** mousedown, because a click would first take the focus away. */
  press(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-body], [data-person-id]");
    if (!row) return;
    event.preventDefault();
    this.take(row);
  }

  private take(row: HTMLElement | undefined): void {
    if (row?.dataset["personId"] !== undefined) this.consult(row);
    else this.insert(row);
  }

  /** Ask the colleague while there is a call; without one the appeal goes to him when it is saved (S001-054). */
  private consult(row: HTMLElement | undefined): void {
    const form = this.element.closest("form");
    if (!row || !form) return;
    const extension = row.dataset["extension"] ?? "";
    this.close();
    if (extension !== "" && currentCall(thePhone().view)?.state === "talking") {
      announce("hotline:transfer", { number: extension });
      return;
    }
    const detail = { id: row.dataset["personId"] ?? "", name: row.dataset["personName"] ?? "" };
    form.dispatchEvent(new CustomEvent("card:forward-to", { detail }));
  }

  private get rows(): HTMLElement[] {
    return [...this.listTarget.querySelectorAll<HTMLElement>("[data-body]")];
  }

  private get people(): HTMLElement[] {
    return [...this.listTarget.querySelectorAll<HTMLElement>("[data-person-id]")];
  }

  private get all(): HTMLElement[] {
    return [...this.rows, ...this.people];
  }

  private field(name: string): HTMLInputElement | HTMLTextAreaElement | null {
    return this.element.closest("form")?.querySelector(`[name="${name}"]`) ?? null;
  }

  private async ask(): Promise<void> {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    const query = new URLSearchParams({
      topic: this.field("topic")?.value ?? "",
      q: this.queryTarget.value.trim(),
    });
    try {
      // A fragment from our own server, made by an escaping template.
      this.listTarget.innerHTML = await requestFragment(`${this.urlValue}?${query}`, mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return;
      this.listTarget.replaceChildren(
        h("li", { class: "text-danger", role: "option", "aria-disabled": "true" }, explain(error)),
      );
    }
    this.all.forEach((row, index) => {
      row.id = `scripts-list-${index}`;
    });
    this.mark(0);
  }

  private mark(index: number): void {
    const rows = this.all;
    this.active = Math.max(0, Math.min(index, rows.length - 1));
    rows.forEach((row, at) => {
      row.setAttribute("aria-selected", String(at === this.active));
    });
    const row = rows[this.active];
    if (row) this.queryTarget.setAttribute("aria-activedescendant", row.id);
    else this.queryTarget.removeAttribute("aria-activedescendant");
    row?.scrollIntoView?.({ block: "nearest" });
  }

  private close(): void {
    this.element.open = false;
    this.field("measures")?.focus();
  }

  /** Nothing that was typed is replaced; the first gap of the answer is selected, so that typing fills it. */
  private insert(row: HTMLElement | undefined): void {
    const measures = this.field("measures");
    if (!row || !(measures instanceof HTMLTextAreaElement)) return;
    const body = this.withCaller(row);
    const at = measures.selectionEnd;
    const before = measures.value.slice(0, at);
    const text = before === "" || before.endsWith("\n") ? body : `\n${body}`;
    measures.setRangeText(text, at, at, "end");
    measures.dispatchEvent(new Event("input", { bubbles: true }));
    this.remember(row.dataset["use"] ?? "");
    this.close();
    const gap = GAP.exec(text);
    if (gap) measures.setSelectionRange(at + gap.index, at + gap.index + gap[0].length);
  }

  /** The caller's name and number are known to the page only. */
  private withCaller(row: HTMLElement): string {
    const caller = JSON.parse(row.dataset["caller"] ?? "{}") as Record<string, string>;
    const name = ["first_name", "patronymic"].map((part) => this.field(`applicant_${part}`)?.value.trim());
    const known: Record<string, string> = {
      applicant: name.filter(Boolean).join(" "),
      phone: this.field("applicant_phone")?.value.trim() ?? "",
    };
    let text = row.dataset["body"] ?? "";
    for (const [variable, fact] of Object.entries(caller)) {
      const value = known[fact];
      if (value) text = text.replaceAll(`{${variable}}`, value);
    }
    return text;
  }

  /** Which answer was given, in which version, is saved with the card (DAY-39). */
  private remember(use: string): void {
    const uses = this.field("script_uses");
    if (!uses || use === "" || uses.value.split(" ").includes(use)) return;
    uses.value = `${uses.value} ${use}`.trim();
    uses.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
