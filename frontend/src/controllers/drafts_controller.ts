import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { dropDraft } from "../drafts-store";
import { t } from "../i18n";
import { toast } from "../toast";

/** Unfinished cards (DAY-21): given to a colleague, or thrown away when asked twice. */
export default class DraftsController extends Controller<HTMLElement> {
  async give(event: Event): Promise<void> {
    const row = this.rowOf(event);
    const to = row?.querySelector<HTMLSelectElement>("[data-draft-to]");
    if (!row || !to) return;
    if (to.value === "") {
      toast(t("Choose a colleague first."), "info");
      to.focus();
      return;
    }
    const json = { to_user_id: Number(to.value) };
    const name = to.selectedOptions[0]?.textContent ?? "";
    await this.send(row, "give", json, t("Given to {name}.", { name }));
  }

  /** The first press asks; nothing is thrown away by one slip. */
  async discard(event: Event): Promise<void> {
    const row = this.rowOf(event);
    const button = event.currentTarget as HTMLButtonElement;
    if (!row) return;
    if (button.dataset["sure"] === undefined) {
      button.dataset["sure"] = "";
      button.textContent = t("Really throw away?");
      button.addEventListener("blur", () => location.pathname === "/drafts" && this.calm(button), {
        once: true,
      });
      return;
    }
    await this.send(row, "discard", {}, t("The card was thrown away."));
  }

  private calm(button: HTMLButtonElement): void {
    delete button.dataset["sure"];
    button.textContent = t("Throw away");
  }

  private rowOf(event: Event): HTMLElement | null {
    return (event.target as Element).closest<HTMLElement>("[data-draft]");
  }

  private async send(row: HTMLElement, verb: string, json: unknown, done: string): Promise<void> {
    const path = `/api/drafts/${row.dataset["draft"]}`;
    try {
      await requestJson(`${path}/${verb}`, { method: "POST", json });
      dropDraft(path);
      const next = (row.nextElementSibling ?? row.previousElementSibling) as HTMLElement | null;
      row.remove();
      next?.querySelector<HTMLElement>("a, button")?.focus();
      toast(done, "success");
    } catch (error) {
      toast(explain(error), "danger");
    }
  }
}
