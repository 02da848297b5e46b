import { Controller } from "@hotwired/stimulus";
import type { Attached } from "./person_search_controller";

/** What names a person: typed over after attaching, it may be somebody else (DAY-11). */
const NAMES = ["last_name", "first_name", "patronymic", "birth_date"];

/** Shows that the person of a card is attached to a dossier, and lets him be detached again (S001-048). */
export default class AttachedController extends Controller<HTMLElement> {
  static override targets = ["id", "line", "link", "doubt"];
  static override values = { role: String };
  declare readonly idTarget: HTMLInputElement;
  declare readonly lineTarget: HTMLElement;
  declare readonly linkTarget: HTMLAnchorElement;
  declare readonly doubtTarget: HTMLElement;
  declare readonly roleValue: string;
  private form: HTMLFormElement | null = null;

  override connect(): void {
    this.form = this.element.closest("form");
    this.form?.addEventListener("person-search:attach", this.onAttach);
    this.form?.addEventListener("input", this.onInput);
    this.show();
  }

  override disconnect(): void {
    this.form?.removeEventListener("person-search:attach", this.onAttach);
    this.form?.removeEventListener("input", this.onInput);
  }

  /** Keep what is typed, but no longer as this dossier's. */
  detach(): void {
    this.idTarget.value = "";
    this.idTarget.dispatchEvent(new Event("input", { bubbles: true }));
    this.show();
    this.field("last_name")?.focus();
  }

  private show(): void {
    const id = this.idTarget.value;
    this.lineTarget.hidden = id === "";
    this.linkTarget.href = `/persons/${encodeURIComponent(id)}`;
    if (id === "") this.doubtTarget.hidden = true;
  }

  private field(name: string): HTMLInputElement | null {
    const found = this.form?.elements.namedItem(`${this.roleValue}_${name}`);
    return found instanceof HTMLInputElement ? found : null;
  }

  private readonly onAttach = (event: Event): void => {
    if ((event as CustomEvent<Attached>).detail.role === this.roleValue) this.doubtTarget.hidden = true;
    // The card fills its fields by the same event; «ЗЛ совпадает» copies the applicant's id as well.
    queueMicrotask(() => this.show());
  };

  private readonly onInput = (event: Event): void => {
    const name = (event.target as HTMLInputElement).name ?? "";
    if (
      event.isTrusted &&
      this.idTarget.value !== "" &&
      NAMES.some((one) => name === `${this.roleValue}_${one}`)
    )
      this.doubtTarget.hidden = false;
    this.show();
  };
}
