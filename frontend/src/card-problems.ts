import type { ApiError } from "./api";
import { control, labelOf } from "./card-fields";
import { h } from "./dom";

/** Shows why a card was refused: a list at the top, marks on the fields, the focus on the first of them. */
export class CardProblems {
  constructor(
    private readonly form: HTMLFormElement,
    private readonly box: HTMLElement | null,
  ) {}

  show(error: ApiError): void {
    const fields = Object.entries(error.details).filter(([, text]) => typeof text === "string") as [
      string,
      string,
    ][];
    this.clear();
    for (const [name, text] of fields) this.mark(name, text);
    const items = fields.map(([name, text]) => h("li", {}, `${labelOf(this.form, name)}: ${text}`));
    this.say(h("strong", {}, error.message), h("ul", {}, ...items));
    const first = fields.map(([name]) => this.visible(name)).find((field) => field !== null);
    if (first) first.focus();
    else this.box?.scrollIntoView?.({ block: "nearest" });
  }

  /** A message that is no fault of a field: the server is away, and the save waits. */
  waiting(text: string): void {
    this.clear();
    this.say(h("span", {}, text));
  }

  /** Somebody corrects a field: its mark goes at once. */
  forget(name: string): void {
    this.visible(name)?.classList.remove("is-invalid");
    const error = this.errorOf(name);
    if (error) error.hidden = true;
  }

  clear(): void {
    for (const field of this.form.querySelectorAll(".is-invalid")) {
      field.classList.remove("is-invalid");
      field.removeAttribute("aria-invalid");
    }
    for (const text of this.form.querySelectorAll<HTMLElement>("[data-error-for]")) text.hidden = true;
    if (this.box) this.box.hidden = true;
  }

  private say(...content: readonly Node[]): void {
    if (!this.box) return;
    this.box.replaceChildren(...content);
    this.box.hidden = false;
  }

  private mark(name: string, text: string): void {
    const field = this.visible(name);
    field?.classList.add("is-invalid");
    field?.setAttribute("aria-invalid", "true");
    const error = this.errorOf(name);
    if (!error) return;
    error.textContent = text;
    error.hidden = false;
  }

  private errorOf(name: string): HTMLElement | null {
    return this.form.querySelector<HTMLElement>(`[data-error-for="${CSS.escape(name)}"]`);
  }

  /** The field a person can see: a hidden one (the topic's code) is shown by its neighbour in the same block. */
  private visible(name: string): HTMLElement | null {
    const field = control(this.form, name);
    if (field instanceof HTMLInputElement && field.type === "hidden") {
      return (
        field.closest(".field")?.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea") ??
        null
      );
    }
    // Fields of attached files belong to no form: their blocks carry the name.
    return (
      field ?? this.form.querySelector<HTMLElement>(`[data-field="${CSS.escape(name)}"] :is(input, select)`)
    );
  }
}
