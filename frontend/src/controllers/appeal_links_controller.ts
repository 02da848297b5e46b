import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { announce } from "../dom";
import { t } from "../i18n";
import { openInWork } from "../navigate";
import { toast } from "../toast";

/** Linked appeals on the page of one (S001-058): added by number, taken off; the page knows its version. */
export default class AppealLinksController extends Controller<HTMLElement> {
  static override values = { id: Number };
  declare readonly idValue: number;

  async add(event: Event): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const sent = Object.fromEntries(new FormData(form)) as Record<string, string>;
    const json = { version: this.version, number: sent["number"] ?? "", kind: sent["kind"] ?? "" };
    await this.change(`/api/appeals/${this.idValue}/links`, json, t("The appeals are linked."));
  }

  async remove(event: Event): Promise<void> {
    const link = (event.target as Element).closest<HTMLElement>("[data-link]")?.dataset["link"];
    const json = { appeal_id: this.idValue, version: this.version };
    await this.change(`/api/links/${link}/remove`, json, t("The link is taken off."));
  }

  /** What this page shows. */
  private get version(): number {
    return Number(document.querySelector<HTMLElement>(".appeal")?.dataset["version"] ?? 0);
  }

  private async change(path: string, json: unknown, done: string): Promise<void> {
    try {
      await requestJson(path, { method: "POST", json });
      toast(done, "success");
      // History and version of the page changed with it.
      await openInWork(`/appeals/${this.idValue}`);
      announce("hotline:extras");
    } catch (error) {
      toast(explain(error), "danger");
    }
  }
}
