import { Controller } from "@hotwired/stimulus";
import { control, setField } from "../card-fields";
import type { Fields } from "../drafts-store";
import type { Attached } from "./person_search_controller";

/**
 * The card starts with the data of the only person known by the calling number. Whose they are is not known until he has
 * said his name: one key confirms them, which attaches his dossier, and one takes them out again (DAY-11, DAY-27).
 */
export default class PrefillController extends Controller<HTMLElement> {
  static override targets = ["id", "question", "cleared"];
  static override values = { fields: Object };
  declare readonly idTarget: HTMLInputElement;
  declare readonly questionTarget: HTMLElement;
  declare readonly clearedTarget: HTMLElement;
  declare readonly fieldsValue: Fields;
  private form: HTMLFormElement | null = null;
  /** What was taken out, to be brought back. */
  private before: { id: string; fields: Fields } | null = null;

  override connect(): void {
    this.form = this.element.closest("form");
    this.form?.addEventListener("person-search:attach", this.onAttach);
    this.form?.addEventListener("card:filled", this.onFilled);
    this.form?.addEventListener("change", this.onChange);
    this.form?.addEventListener("input", this.mark);
    this.show();
  }

  override disconnect(): void {
    this.form?.removeEventListener("person-search:attach", this.onAttach);
    this.form?.removeEventListener("card:filled", this.onFilled);
    this.form?.removeEventListener("change", this.onChange);
    this.form?.removeEventListener("input", this.mark);
  }

  /** It is he: his dossier is attached. What the operator has corrected meanwhile stays. */
  confirm(): void {
    const id = this.idTarget.value;
    if (id === "") return;
    const focused = this.questionTarget.contains(document.activeElement);
    this.idTarget.value = "";
    this.dispatch("attach", {
      prefix: "person-search",
      detail: { role: "applicant", person: { id } } satisfies Attached,
    });
    if (focused) this.focusOn("content");
  }

  /** It is somebody else: what came from the register goes, what was typed stays. */
  clear(): void {
    if (this.idTarget.value === "" || !this.form) return;
    const fields: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.fieldsValue)) {
      const field = control(this.form, name);
      if (field && value !== "" && field.value === value) {
        fields[name] = value;
        setField(this.form, name, "");
      }
    }
    this.before = { id: this.idTarget.value, fields };
    this.tell("");
    this.focusOn("applicant_last_name");
  }

  undo(): void {
    if (!this.before || !this.form) return;
    for (const [name, value] of Object.entries(this.before.fields)) {
      if (control(this.form, name)?.value === "") setField(this.form, name, value);
    }
    const { id } = this.before;
    this.before = null;
    this.tell(id);
    this.questionTarget.querySelector("button")?.focus();
  }

  /** The card keeps its draft by the events of its fields; the insured person's are copied by the same. */
  private tell(id: string): void {
    this.idTarget.value = id;
    if (this.form)
      control(this.form, "applicant_last_name")?.dispatchEvent(new Event("input", { bubbles: true }));
    this.show();
  }

  private focusOn(name: string): void {
    if (this.form) control(this.form, name)?.focus();
  }

  private show(): void {
    const open = this.idTarget.value !== "";
    this.questionTarget.hidden = !open;
    this.clearedTarget.hidden = open || this.before === null;
    this.mark();
  }

  /** Fields that still hold what came from the register look so. */
  private readonly mark = (): void => {
    if (!this.form) return;
    const open = this.idTarget.value !== "";
    for (const [name, value] of Object.entries(this.fieldsValue)) {
      const field = control(this.form, name);
      field?.toggleAttribute("data-from-register", open && value !== "" && field.value === value);
    }
  };

  /** Somebody is attached: the question is answered, whoever he is. */
  private readonly onAttach = (event: Event): void => {
    if ((event as CustomEvent<Attached>).detail.role !== "applicant") return;
    this.idTarget.value = "";
    this.before = null;
    this.show();
  };

  private readonly onFilled = (): void => {
    this.before = null;
    this.show();
  };

  /** Who wants to stay unnamed is not named by his number either. */
  private readonly onChange = (event: Event): void => {
    const box = event.target as HTMLInputElement;
    if (box.name === "anonymous" && box.checked) this.clear();
  };
}
