import { Controller } from "@hotwired/stimulus";
import { explain, request } from "../api";
import { h } from "../dom";
import { t } from "../i18n";

export type Person = Readonly<Record<string, string>>;
export interface Attached {
  role: string;
  person: Person;
}

/** Search in the register: Enter searches, arrows move, Enter attaches, Esc goes back (DAY-06, S001-044). */
export default class PersonSearchController extends Controller<HTMLElement> {
  static override targets = ["input", "results", "panel", "fields"];
  static override values = { url: String, role: { type: String, default: "applicant" }, attach: Object };
  declare readonly inputTargets: HTMLInputElement[];
  declare readonly resultsTarget: HTMLElement;
  declare readonly panelTarget: HTMLElement;
  declare readonly hasPanelTarget: boolean;
  declare readonly urlValue: string;
  declare readonly roleValue: string;
  declare readonly attachValue: Person;
  declare readonly hasAttachValue: boolean;
  declare readonly fieldsTarget: HTMLDetailsElement;
  declare readonly hasFieldsTarget: boolean;
  private running: AbortController | null = null;

  override connect(): void {
    this.element.addEventListener("keydown", this.onKey);
    this.resultsTarget.addEventListener("click", this.onClick);
    this.makeReachable();
    // «Новое обращение» in a dossier (S000-23): once the card around this is there.
    if (this.hasAttachValue)
      queueMicrotask(() =>
        this.dispatch("attach", {
          detail: { role: this.roleValue, person: this.attachValue } satisfies Attached,
        }),
      );
  }

  override disconnect(): void {
    this.element.removeEventListener("keydown", this.onKey);
    this.resultsTarget.removeEventListener("click", this.onClick);
    this.running?.abort();
  }

  /** Ask the server; a newer search cancels an older one, so that late answers never replace newer ones. */
  async search(): Promise<void> {
    const form = new URLSearchParams();
    for (const input of this.inputTargets)
      if (input.value.trim() !== "") form.set(input.name, input.value.trim());
    if (form.size === 0) return;
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    this.resultsTarget.setAttribute("aria-busy", "true");
    try {
      // A fragment from our own server, made by an escaping template.
      this.resultsTarget.innerHTML = await this.ask(form, mine.signal);
      this.makeReachable();
    } catch (error) {
      if (mine.signal.aborted) return;
      this.resultsTarget.replaceChildren(h("p", { class: "text-danger", role: "alert" }, explain(error)));
    }
    this.resultsTarget.removeAttribute("aria-busy");
  }

  /** By POST: names and numbers of people belong into no address. */
  private async ask(form: URLSearchParams, signal: AbortSignal): Promise<string> {
    const headers = { "HX-Request": "true" };
    const answer = await request(this.urlValue, {
      method: "POST",
      form,
      headers,
      signal,
      accept: "text/html",
    });
    return answer.text();
  }

  clear(): void {
    this.running?.abort();
    for (const input of this.inputTargets) input.value = "";
    this.resultsTarget.replaceChildren();
    this.inputTargets[0]?.focus();
  }

  toggle(event: Event): void {
    if (!this.hasPanelTarget) return;
    this.panelTarget.hidden = !this.panelTarget.hidden;
    const button = event.currentTarget as HTMLElement;
    button.setAttribute("aria-expanded", String(!this.panelTarget.hidden));
    button.textContent = this.panelTarget.hidden ? t("Show") : t("Hide");
  }

  private get rows(): HTMLElement[] {
    return [...this.resultsTarget.querySelectorAll<HTMLElement>("[data-person]")];
  }

  /** One row is in the tab order; arrows reach the others (ARIA grid of rows). */
  private makeReachable(): void {
    this.rows.forEach((row, index) => {
      row.tabIndex = index === 0 ? 0 : -1;
    });
  }

  private readonly onClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>("[data-person]");
    // Calling somebody, or looking at his dossier, is not attaching him (DAY-11).
    if (row && !target.closest("button, a")) this.attach(row);
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (this.inputTargets.includes(event.target as HTMLInputElement)) this.onInputKey(event);
    // A button inside a row has keys of its own.
    else if ((event.target as Element).matches("[data-person]")) this.onRowKey(event);
  };

  private onInputKey(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      void this.search();
    } else if (event.key === "ArrowDown" && this.rows.length > 0) {
      event.preventDefault();
      this.rows[0]?.focus();
    }
  }

  private onRowKey(event: KeyboardEvent): void {
    const rows = this.rows;
    const at = rows.indexOf((event.target as Element).closest<HTMLElement>("[data-person]") as HTMLElement);
    if (event.key === "ArrowDown") rows[at + 1]?.focus();
    else if (event.key === "ArrowUp") (rows[at - 1] ?? this.inputTargets[0])?.focus();
    else if (event.key === "Enter" && !event.ctrlKey && rows[at]) this.attach(rows[at]);
    else if (event.key === "Escape") this.inputTargets[0]?.focus();
    else return;
    event.preventDefault();
  }

  private attach(row: HTMLElement): void {
    const person = JSON.parse(row.dataset["person"] ?? "{}") as Person;
    for (const one of this.rows) one.setAttribute("aria-selected", String(one === row));
    this.dispatch("attach", { detail: { role: this.roleValue, person } satisfies Attached });
  }
}
