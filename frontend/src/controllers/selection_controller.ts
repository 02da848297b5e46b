import { Controller } from "@hotwired/stimulus";
import { announce } from "../dom";
import { t } from "../i18n";

/**
 * Rows of a list that are ticked for a bulk action. The ids stand in `data-selected` of the controller's element
 * ("3,7,12", empty for none) and go out as `hotline:selection` `{ids}` on the document at every change. Shift and a click
 * tick everything between; Esc in the bar or a new page of the list clears.
 */
export default class SelectionController extends Controller<HTMLElement> {
  static override targets = ["box", "all", "bar", "count", "ids"];
  declare readonly boxTargets: HTMLInputElement[];
  declare readonly allTarget: HTMLInputElement;
  declare readonly hasAllTarget: boolean;
  declare readonly barTarget: HTMLElement;
  declare readonly hasBarTarget: boolean;
  declare readonly countTarget: HTMLElement;
  /** Hidden fields of forms that act on the ticked rows. */
  declare readonly idsTargets: HTMLInputElement[];
  private last: HTMLInputElement | null = null;

  override connect(): void {
    this.tell();
  }

  override disconnect(): void {
    announce("hotline:selection", { ids: [] });
  }

  get ids(): string[] {
    return this.boxTargets.filter((box) => box.checked).map((box) => box.value);
  }

  toggle(event: Event): void {
    const box = event.currentTarget as HTMLInputElement;
    const from = this.last === null ? -1 : this.boxTargets.indexOf(this.last);
    if (from !== -1 && (event as MouseEvent).shiftKey) {
      const to = this.boxTargets.indexOf(box);
      for (const one of this.boxTargets.slice(Math.min(from, to), Math.max(from, to) + 1)) {
        one.checked = box.checked;
      }
    }
    this.last = box;
    this.tell();
  }

  toggleAll(): void {
    for (const box of this.boxTargets) box.checked = this.allTarget.checked;
    this.tell();
  }

  clear(): void {
    for (const box of this.boxTargets) box.checked = false;
    this.tell();
    if (this.hasAllTarget) this.allTarget.focus();
  }

  private tell(): void {
    const { ids } = this;
    for (const box of this.boxTargets) box.closest("tr")?.classList.toggle("row-selected", box.checked);
    this.element.dataset["selected"] = ids.join(",");
    for (const field of this.idsTargets) field.value = ids.join(",");
    if (this.hasAllTarget) {
      this.allTarget.checked = ids.length > 0 && ids.length === this.boxTargets.length;
      this.allTarget.indeterminate = ids.length > 0 && ids.length < this.boxTargets.length;
    }
    if (this.hasBarTarget) {
      this.barTarget.hidden = ids.length === 0;
      this.countTarget.textContent = t("Selected: {count}", { count: ids.length });
    }
    announce("hotline:selection", { ids });
  }
}
