import { Controller } from "@hotwired/stimulus";

/**
 * Fields that only some cards have: the complaint block for complaints (S000-34), the letter's for written channels
 * (S000-37). Others show them disabled, with the reason beside them; what they hold stays.
 */
export default class DependentFieldsController extends Controller<HTMLFormElement> {
  override connect(): void {
    this.element.addEventListener("change", this.onChange);
    this.show(false);
  }

  override disconnect(): void {
    this.element.removeEventListener("change", this.onChange);
  }

  private readonly onChange = (event: Event): void => {
    const name = (event.target as HTMLInputElement | null)?.name;
    if (name === "type" || name === "channel") this.show(true);
  };

  private chosen(name: string): HTMLOptionElement | null {
    const select = this.element.querySelector<HTMLSelectElement>(`select[name="${name}"]`);
    return select?.selectedOptions[0] ?? null;
  }

  private show(byHand: boolean): void {
    this.enable("complaint", this.chosen("type")?.dataset["complaint"] !== undefined, byHand);
    this.enable("written", this.chosen("channel")?.dataset["form"] === "written", byHand);
  }

  private enable(kind: string, on: boolean, byHand: boolean): void {
    const block = this.element.querySelector<HTMLDetailsElement>(`[data-dependent="${kind}"]`);
    const fields = block?.querySelector("fieldset");
    if (!block || !fields) return;
    const hint = block.querySelector<HTMLElement>("[data-dependent-hint]");
    if (hint) hint.hidden = on;
    if (byHand && fields.disabled === on) block.open = on;
    fields.disabled = !on;
  }
}
