import { Controller } from "@hotwired/stimulus";
import { t } from "../i18n";

/** Says which file was chosen: the browser's own field is hidden behind a button, so that its words are ours. */
export default class FilePickController extends Controller<HTMLElement> {
  static override targets = ["name"];
  declare readonly nameTarget: HTMLElement;

  show(event: Event): void {
    const files = (event.target as HTMLInputElement).files;
    this.nameTarget.textContent = files?.[0]?.name ?? t("no file chosen");
  }
}
