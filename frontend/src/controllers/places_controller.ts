import { Controller } from "@hotwired/stimulus";
import { t } from "../i18n";

type Field = HTMLInputElement | HTMLSelectElement;

/**
 * The places of everybody in a queue, or their skills, as one form. A row is sent only when a field differs from what is
 * stored (`data-stored`; of a box `yes` or `no`): its fields get their names then, `data-name` and whose row it is. So
 * two administrators who change different people are never in each other's way.
 */
export default class PlacesController extends Controller<HTMLFormElement> {
  static override targets = ["row", "save", "undo", "count"];
  declare readonly rowTargets: HTMLElement[];
  declare readonly saveTarget: HTMLButtonElement;
  declare readonly undoTarget: HTMLButtonElement;
  declare readonly countTarget: HTMLElement;

  override connect(): void {
    this.look();
  }

  /** Name the fields of the rows that differ, and say how many they are. */
  look(): void {
    const changed = this.rowTargets.filter((row) => {
      const differs = fields(row).some(isChanged);
      for (const field of fields(row))
        field.name = differs ? `${field.dataset["name"]}_${row.dataset["user"]}` : "";
      row.dataset["changed"] = differs ? "yes" : "no";
      return differs;
    }).length;
    this.saveTarget.disabled = changed === 0;
    this.undoTarget.disabled = changed === 0;
    this.countTarget.textContent =
      changed === 0 ? t("Nothing is changed") : t("changed: {n}", { n: changed });
  }

  /** Show again what is stored, also where the server showed what had been typed. */
  back(): void {
    for (const field of this.rowTargets.flatMap(fields)) {
      const stored = field.dataset["stored"];
      if (stored === undefined) continue;
      if (isBox(field)) field.checked = stored === "yes";
      else field.value = stored;
    }
    this.look();
  }
}

function fields(row: HTMLElement): Field[] {
  return [...row.querySelectorAll<Field>("[data-name]")];
}

function isBox(field: Field): field is HTMLInputElement {
  return field.type === "checkbox";
}

function isChanged(field: Field): boolean {
  const stored = field.dataset["stored"];
  if (stored === undefined) return false;
  return isBox(field) ? field.checked !== (stored === "yes") : field.value !== stored;
}
