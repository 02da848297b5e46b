import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestJson } from "../api";
import { showConflict } from "../card-conflict";
import { control, readFields, takeFields } from "../card-fields";
import { CardProblems } from "../card-problems";
import { announce } from "../dom";
import type { Fields } from "../drafts-store";
import { t } from "../i18n";
import { openInWork } from "../navigate";
import { toast } from "../toast";

interface Updated {
  id: number;
  version: number;
  warnings: readonly string[];
  /** Where to go on; an appeal's own page when absent. */
  url?: string;
}

/**
 * The form that changes a saved appeal. Unlike a new card it has no draft: it is marked `data-unsaved` while it holds
 * changes, so that no call replaces it, and it stays as it is until the server has taken them.
 */
export default class AppealEditController extends Controller<HTMLFormElement> {
  static override targets = ["problems", "save"];
  declare readonly problemsTarget: HTMLElement;
  declare readonly saveTarget: HTMLButtonElement;
  private problems = new CardProblems(this.element, null);

  override connect(): void {
    this.problems = new CardProblems(this.element, this.problemsTarget);
    this.element.addEventListener("input", this.onInput);
    this.element.addEventListener("change", this.onInput);
    this.element.addEventListener("keydown", this.onKey);
    this.element.addEventListener("submit", this.onSubmit);
    window.addEventListener("beforeunload", this.onLeave);
  }

  override disconnect(): void {
    this.element.removeEventListener("input", this.onInput);
    this.element.removeEventListener("change", this.onInput);
    this.element.removeEventListener("keydown", this.onKey);
    this.element.removeEventListener("submit", this.onSubmit);
    window.removeEventListener("beforeunload", this.onLeave);
  }

  private readonly onInput = (event: Event): void => {
    const field = event.target as HTMLInputElement | null;
    if (!field?.name || field.form !== this.element) return;
    this.problems.forget(field.name);
    this.element.dataset["unsaved"] = "";
  };

  /** Enter in a field must not save by accident; saving is Ctrl+Enter or the button. */
  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.ctrlKey && event.target instanceof HTMLInputElement)
      event.preventDefault();
  };

  private readonly onLeave = (event: BeforeUnloadEvent): void => {
    if (this.element.dataset["unsaved"] !== undefined) event.preventDefault();
  };

  private readonly onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.save();
  };

  private async save(): Promise<void> {
    if (this.saveTarget.disabled) return;
    this.saveTarget.disabled = true;
    const fields = readFields(this.element);
    try {
      const saved = await requestJson<Updated>(this.element.action, {
        method: "POST",
        form: new URLSearchParams(fields),
      });
      delete this.element.dataset["unsaved"];
      toast(t("The changes are saved."), "success");
      for (const warning of saved.warnings) toast(warning, "warning");
      await openInWork(saved.url ?? `/appeals/${saved.id}`);
      announce("hotline:card-saved", saved);
    } catch (error) {
      this.failed(error, fields);
    } finally {
      this.saveTarget.disabled = false;
    }
  }

  private failed(error: unknown, fields: Record<string, string>): void {
    if (error instanceof ApiError && error.errorId.startsWith("stale-") && error.details["fields"]) {
      this.conflict(fields, error.details);
    } else if (error instanceof ApiError && error.status < 500 && error.status !== 401) {
      this.problems.show(error);
    } else {
      toast(explain(error), "danger");
    }
  }

  /** Somebody else saved meanwhile: what differs is shown, and the next save knows the version it replaces. */
  private conflict(mine: Record<string, string>, details: Readonly<Record<string, unknown>>): void {
    const version = Number(details["version"]);
    const theirs: Record<string, string> = { ...mine };
    for (const [name, [, stored]] of Object.entries(details["fields"] as Record<string, [string, string]>)) {
      theirs[name] = stored;
    }
    showConflict(this.element, mine, { rev: version, fields: theirs satisfies Fields }, (taken) => {
      takeFields(this.element, taken);
      const field = control(this.element, "version");
      if (field) field.value = String(version);
    });
    this.element.querySelector<HTMLElement>(".card-conflict")?.scrollIntoView?.({ block: "nearest" });
  }
}
