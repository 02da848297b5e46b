import { Controller } from "@hotwired/stimulus";
import { t } from "../i18n";

const ADULT = 18;

/** Full years of somebody born on a day typed as `DD.MM.YYYY` or `YYYY-MM-DD`; `null` when it is no date. */
export function years(typed: string, today: Date): number | null {
  const match =
    /^(\d{2})\.(\d{2})\.(\d{4})$/.exec(typed.trim()) ?? /^(\d{4})-(\d{2})-(\d{2})$/.exec(typed.trim());
  if (!match) return null;
  const [, a = "", b = "", c = ""] = match;
  const [year, month, day] = a.length === 4 ? [+a, +b, +c] : [+c, +b, +a];
  const before = today.getMonth() + 1 < month || (today.getMonth() + 1 === month && today.getDate() < day);
  return today.getFullYear() - year - (before ? 1 : 0);
}

/** Says when a card needs a representative or his document (DAY-27, DAY-32): kinship is no authority. */
export default class RepresentationController extends Controller<HTMLElement> {
  override connect(): void {
    this.look();
  }

  look(): void {
    const text = this.advice();
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.hidden = text === "";
  }

  private value(name: string): string {
    return this.element.closest("form")?.querySelector<HTMLInputElement>(`[name="${name}"]`)?.value ?? "";
  }

  private advice(): string {
    const same = this.element.closest("form")?.querySelector<HTMLInputElement>("[name=same_person]")?.checked;
    const age = years(this.value("applicant_birth_date"), new Date());
    if (age !== null && age < ADULT) return t("The applicant is under 18: ask for a parent or guardian.");
    if (same !== false || this.value("representative_doc").trim() !== "") return "";
    if (this.value("insured_last_name").trim() === "") return "";
    return t(
      "Somebody else is spoken of: no private data without a document that gives the right. Kinship gives none.",
    );
  }
}
