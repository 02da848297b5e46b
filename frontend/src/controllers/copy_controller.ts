import { Controller } from "@hotwired/stimulus";
import { t } from "../i18n";
import { toast } from "../toast";

/** A text that is to be taken along: one button copies it, the focus selects it. */
export default class CopyController extends Controller<HTMLElement> {
  static override targets = ["text"];
  declare readonly textTarget: HTMLInputElement;

  all(): void {
    this.textTarget.select();
  }

  /** Pages that are not served by https have no clipboard: the text is selected, and Ctrl+C takes it. */
  async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.textTarget.value);
      toast(t("Copied"), "success");
    } catch {
      this.textTarget.focus();
      this.textTarget.select();
      toast(t("Press Ctrl+C: the text is selected"), "info");
    }
  }
}
