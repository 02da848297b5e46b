import { Controller } from "@hotwired/stimulus";
import { t } from "../i18n";
import { toast } from "../toast";

const LARGEST = 60_000;

/** Puts the text of a chosen file into the `text` field: the form sends text, no file is uploaded. */
export default class TextFileController extends Controller<HTMLElement> {
  static override targets = ["text"];
  declare readonly textTarget: HTMLTextAreaElement;

  async read(event: Event): Promise<void> {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (!file) return;
    if (file.size > LARGEST) {
      toast(t("This file is too large for a calendar."), "danger");
      return;
    }
    this.textTarget.value = decoded(await file.arrayBuffer());
    this.textTarget.focus();
  }
}

/** UTF-8, or what spreadsheets on Windows write when the file is not. */
function decoded(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1251").decode(bytes);
  }
}
