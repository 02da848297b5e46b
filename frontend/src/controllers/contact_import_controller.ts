import { Controller } from "@hotwired/stimulus";
import { explain, request } from "../api";
import { t } from "../i18n";

/** Import of external contacts, or of what `url` takes: the file goes up once to be looked at, and once more, unchanged, to be taken. */
export default class ContactImportController extends Controller<HTMLElement> {
  static override targets = ["file", "result", "rejected"];
  static override values = { url: { type: String, default: "/directory/import" } };
  declare readonly urlValue: string;
  declare readonly fileTarget: HTMLInputElement;
  declare readonly resultTarget: HTMLElement;
  declare readonly rejectedTarget: HTMLTemplateElement;

  preview(): Promise<void> {
    return this.send(this.urlValue);
  }

  apply(): Promise<void> {
    return this.send(`${this.urlValue}/apply`);
  }

  /** The rejected rows as a file, made here of what the answer has. */
  download(): void {
    const text = `\ufeff${this.rejectedTarget.content.textContent ?? ""}`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = "rejected.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  private async send(path: string): Promise<void> {
    const file = this.fileTarget.files?.[0];
    if (!file) return;
    this.resultTarget.setAttribute("aria-busy", "true");
    this.resultTarget.textContent = t("Reading the file…");
    try {
      const headers = { "Content-Type": "application/octet-stream", "HX-Request": "true" };
      const answer = await request(path, { method: "POST", bytes: file, headers });
      this.resultTarget.innerHTML = await answer.text();
    } catch (error) {
      this.resultTarget.textContent = explain(error);
    }
    this.resultTarget.removeAttribute("aria-busy");
  }
}
