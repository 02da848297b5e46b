import { Controller } from "@hotwired/stimulus";
import { h, icon, onDocument } from "../dom";
import { t } from "../i18n";

/** On the page of an appeal: who begins to edit it, live («редактирует Иванов И. И.»). */
export default class EditWatchController extends Controller<HTMLElement> {
  static override values = { id: Number };
  declare readonly idValue: number;
  private stop: () => void = () => undefined;

  override connect(): void {
    this.stop = onDocument<{ appeal_id: number; by: string }>("hotline:lock", ({ appeal_id, by }) => {
      if (appeal_id === this.idValue) this.show(by);
    });
  }

  override disconnect(): void {
    this.stop();
  }

  private show(by: string): void {
    this.element.querySelector(".appeal-lock")?.remove();
    if (by === "") return;
    const text = t("{name} is editing this appeal", { name: by });
    this.element.prepend(
      h("div", { class: "alert alert-warning appeal-lock", role: "status" }, icon("lock"), text),
    );
  }
}
