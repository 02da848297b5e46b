import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestJson } from "../api";
import { readFields } from "../card-fields";
import { CardProblems } from "../card-problems";
import { h } from "../dom";
import { t } from "../i18n";
import { openInWork } from "../navigate";
import { toast } from "../toast";

interface Moved {
  id: number;
  status: string;
  warnings: readonly string[];
}

/** What a move asks for. The chosen result decides which fields are there and what the button says (S001-088…091). */
export default class MoveFormController extends Controller<HTMLFormElement> {
  static override targets = ["problems", "result", "save", "label"];
  static override values = { title: String };
  declare readonly problemsTarget: HTMLElement;
  declare readonly hasResultTarget: boolean;
  declare readonly resultTarget: HTMLSelectElement;
  declare readonly saveTarget: HTMLButtonElement;
  declare readonly labelTarget: HTMLElement;
  declare readonly titleValue: string;
  private problems = new CardProblems(this.element, null);

  override connect(): void {
    this.problems = new CardProblems(this.element, this.problemsTarget);
    this.element.addEventListener("submit", this.onSubmit);
    this.element.addEventListener("keydown", this.onKey);
    this.element.addEventListener("input", this.onInput);
    this.choose();
  }

  override disconnect(): void {
    this.element.removeEventListener("submit", this.onSubmit);
    this.element.removeEventListener("keydown", this.onKey);
    this.element.removeEventListener("input", this.onInput);
  }

  choose(): void {
    const option = this.hasResultTarget ? this.resultTarget.selectedOptions[0] : undefined;
    const wanted = new Set((option?.dataset["fields"] ?? "").split(" "));
    for (const field of this.element.querySelectorAll<HTMLElement>("[data-move-field]")) {
      const name = field.dataset["moveField"] ?? "";
      // A result with a move of its own asks for other things than closing does.
      const own =
        this.hasResultTarget && option?.value ? wanted.has(name) : field.hasAttribute("data-always");
      field.hidden = !(own || name === "result" || name === "comment");
      for (const control of field.querySelectorAll<HTMLInputElement>("[name]"))
        control.disabled = field.hidden;
    }
    this.labelTarget.textContent = option?.dataset["button"] || this.titleValue;
  }

  cancel(event: Event): void {
    const dialog = this.element.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  }

  private readonly onInput = (event: Event): void => {
    const name = (event.target as HTMLInputElement).name;
    if (name) this.problems.forget(name);
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter") return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      void this.save();
    } else if (event.target instanceof HTMLInputElement) {
      event.preventDefault();
    }
  };

  private readonly onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.save();
  };

  private async save(): Promise<void> {
    if (this.saveTarget.disabled) return;
    this.saveTarget.disabled = true;
    try {
      const made = await requestJson<Moved>(this.element.action, {
        method: "POST",
        form: new URLSearchParams(readFields(this.element)),
      });
      this.element.closest("dialog")?.close();
      toast(t("The appeal is now: {status}", { status: made.status }), "success");
      for (const warning of made.warnings) toast(warning, "warning");
      await openInWork(`/appeals/${made.id}`);
    } catch (error) {
      this.failed(error);
    } finally {
      this.saveTarget.disabled = false;
    }
  }

  private failed(error: unknown): void {
    if (error instanceof ApiError && error.errorId === "stale-appeal") this.stale(error);
    else if (error instanceof ApiError && error.status === 400) this.problems.show(error);
    else if (error instanceof ApiError && error.status < 500 && error.status !== 401)
      this.problems.waiting(error.message);
    else toast(explain(error), "danger");
  }

  /** Somebody changed the appeal meanwhile: what is typed stays, and pressing again means the new state. */
  private stale(error: ApiError): void {
    const version = this.element.elements.namedItem("version");
    if (version instanceof HTMLInputElement) version.value = String(error.details["version"] ?? "");
    const look = h("a", {
      href: new URL(this.element.action).pathname.replace(/\/moves\/.*$/, ""),
      target: "_blank",
    });
    look.textContent = t("Look at it in another tab");
    const kept = t("Your text is still here; press the button again to go on.");
    this.problems.waiting(`${error.message} ${kept}`);
    this.problemsTarget.append(" ", look);
  }
}
