import { Controller } from "@hotwired/stimulus";
import { t } from "../i18n";

/**
 * The places of everybody in a queue, as one form. A row is sent only when it differs from what is stored: its fields get
 * their names then. So two administrators who change different people are never in each other's way.
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
      const differs = isChanged(row);
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
    for (const row of this.rowTargets) {
      const { member, penalty } = parts(row);
      if (member) member.checked = row.dataset["member"] === "yes";
      if (penalty) penalty.value = row.dataset["penalty"] ?? "0";
    }
    this.look();
  }
}

function fields(row: HTMLElement): HTMLInputElement[] {
  return [...row.querySelectorAll<HTMLInputElement>("input[data-name]")];
}

function parts(row: HTMLElement): {
  member: HTMLInputElement | undefined;
  penalty: HTMLInputElement | undefined;
} {
  const found = fields(row);
  return {
    member: found.find((one) => one.dataset["name"] === "member"),
    penalty: found.find((one) => one.dataset["name"] === "penalty"),
  };
}

function isChanged(row: HTMLElement): boolean {
  const { member, penalty } = parts(row);
  if (!member || !penalty) return false;
  return (row.dataset["member"] === "yes") !== member.checked || penalty.value !== row.dataset["penalty"];
}
