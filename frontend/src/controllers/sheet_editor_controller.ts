import { Controller } from "@hotwired/stimulus";

type Field = HTMLInputElement | HTMLSelectElement;

/** The editor of a score sheet: sections and criteria are added, moved and removed; all goes out as one JSON text. */
export default class SheetEditorController extends Controller<HTMLFormElement> {
  static override targets = ["body", "sections", "section", "criterion", "blank"];
  declare readonly bodyTarget: HTMLInputElement;
  declare readonly sectionsTarget: HTMLElement;
  declare readonly sectionTargets: HTMLElement[];
  declare readonly criterionTargets: HTMLElement[];
  declare readonly blankTarget: HTMLTemplateElement;
  private readonly listeners = new AbortController();

  override connect(): void {
    // Before htmx reads the form: it listens to the same event on the same element, but in the bubbling phase.
    this.element.addEventListener("submit", () => this.pack(), {
      capture: true,
      signal: this.listeners.signal,
    });
    this.element.addEventListener("input", () => this.pack(), { signal: this.listeners.signal });
    this.show();
  }

  override disconnect(): void {
    this.listeners.abort();
  }

  /** What only one kind of criterion has is shown for that kind. */
  show(): void {
    for (const row of this.criterionTargets) {
      const top = row.querySelector<HTMLElement>("[data-top]");
      if (top) top.hidden = field(row, "kind").value !== "scale";
    }
    this.sum();
  }

  /** Say what part of the whole score each criterion is. */
  sum(): void {
    const weights = this.criterionTargets.map((row) => Number(field(row, "weight").value) || 0);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.criterionTargets.forEach((row, place) => {
      const share = row.querySelector("[data-share]");
      const part = total > 0 ? Math.round((100 * (weights[place] ?? 0)) / total) : 0;
      if (share) share.textContent = `${part} %`;
    });
    this.pack();
  }

  addSection(): void {
    const made = this.blankTarget.content.cloneNode(true) as DocumentFragment;
    const first = made.querySelector<HTMLElement>("[data-section-title]");
    this.sectionsTarget.append(made);
    this.show();
    first?.focus();
  }

  add(event: Event): void {
    const section = (event.currentTarget as HTMLElement).closest("fieldset");
    const blank = this.blankTarget.content.querySelector("li");
    if (!section || !blank) return;
    const made = blank.cloneNode(true) as HTMLElement;
    section.querySelector("ol")?.append(made);
    this.show();
    field(made, "title").focus();
  }

  up(event: Event): void {
    const button = event.currentTarget as HTMLElement;
    const row = button.closest("li");
    row?.previousElementSibling?.before(row);
    button.focus();
    this.pack();
  }

  remove(event: Event): void {
    const row = (event.currentTarget as HTMLElement).closest("li");
    const near = row?.nextElementSibling ?? row?.previousElementSibling;
    row?.remove();
    near?.querySelector<HTMLElement>("[data-field=title]")?.focus();
    this.sum();
  }

  removeSection(event: Event): void {
    (event.currentTarget as HTMLElement).closest("fieldset")?.remove();
    this.sum();
  }

  private pack(): void {
    const sections = this.sectionTargets.map((section) => ({
      title: section.querySelector<HTMLInputElement>("[data-section-title]")?.value ?? "",
      criteria: [...section.querySelectorAll<HTMLElement>("li")].map(criterionOf),
    }));
    this.bodyTarget.value = JSON.stringify(sections);
  }
}

function field(row: HTMLElement, name: string): Field {
  const found = row.querySelector<Field>(`[data-field="${name}"]`);
  if (!found) throw new Error(`a criterion has no field ${name}`);
  return found;
}

function criterionOf(row: HTMLElement): Record<string, string | number | boolean> {
  const text = (name: string): string => field(row, name).value;
  const ticked = (name: string): boolean => (field(row, name) as HTMLInputElement).checked;
  return {
    code: text("code"),
    title: text("title"),
    hint: text("hint"),
    kind: text("kind"),
    top: Math.trunc(Number(text("top"))),
    weight: Math.trunc(Number(text("weight"))),
    fatal: ticked("fatal"),
    may_skip: ticked("may_skip"),
  };
}
