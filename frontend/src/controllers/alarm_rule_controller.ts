import { Controller } from "@hotwired/stimulus";

/** The form of one rule: what its threshold is counted in; kinds without one do not show the field. */
export default class AlarmRuleController extends Controller<HTMLElement> {
  static override targets = ["kind", "threshold", "unit"];
  declare readonly kindTarget: HTMLSelectElement;
  declare readonly thresholdTarget: HTMLElement;
  declare readonly unitTarget: HTMLElement;

  override connect(): void {
    this.show();
  }

  show(): void {
    const unit = this.kindTarget.selectedOptions[0]?.dataset["unit"] ?? "none";
    this.thresholdTarget.hidden = unit === "none";
    this.unitTarget.textContent = unit === "none" ? "" : `(${this.unitTarget.dataset[unit] ?? ""})`;
  }
}
