import { Controller } from "@hotwired/stimulus";
import { explain, request, requestJson } from "../api";
import { h, icon } from "../dom";
import { t } from "../i18n";
import { openInWork } from "../navigate";

interface Outcome {
  id: number;
  done: string;
  word: string;
  version: number;
  error_id: string;
  message: string;
}

/** Few enough that the progress moves, many enough that five hundred rows are not five hundred requests. */
const CHUNK = 10;

/**
 * An action on the ticked rows of a list: asks the server what would happen to each, shows it in a dialog, sends the
 * rows in small portions and writes what became of each beside it. What is not sent yet can be stopped; rows whose
 * answer was lost are sent again, and the server knows what it has done already.
 */
export default class BulkController extends Controller<HTMLElement> {
  static override targets = [
    "form",
    "fields",
    "problem",
    "row",
    "sum",
    "progress",
    "undo",
    "close",
    "stop",
    "go",
    "whole",
  ];
  declare readonly formTarget: HTMLFormElement;
  declare readonly problemTarget: HTMLElement;
  declare readonly hasProblemTarget: boolean;
  declare readonly fieldsTarget: HTMLElement;
  declare readonly rowTargets: HTMLTableRowElement[];
  declare readonly sumTarget: HTMLElement;
  declare readonly progressTarget: HTMLProgressElement;
  declare readonly undoTarget: HTMLButtonElement;
  declare readonly closeTarget: HTMLButtonElement;
  declare readonly stopTarget: HTMLButtonElement;
  declare readonly goTarget: HTMLButtonElement;
  declare readonly hasGoTarget: boolean;
  declare readonly wholeTarget: HTMLInputElement;
  declare readonly hasWholeTarget: boolean;
  private dialog: HTMLDialogElement | null = null;
  private running = false;
  private stopped = false;
  private changed = false;

  override disconnect(): void {
    this.stopped = true;
    this.dialog?.remove();
  }

  async open(event: Event & { params?: { action?: string } }): Promise<void> {
    const dialog = this.show();
    const form = new URLSearchParams({ action: event.params?.action ?? "", ...this.chosen() });
    try {
      const headers = { "HX-Request": "true" };
      const answer = await request("/journal/bulk", { method: "POST", form, headers, accept: "text/html" });
      dialog.innerHTML = await answer.text();
      const first = "select, input:not([type=hidden]), textarea, [type=submit], button:not([hidden])";
      dialog.querySelector<HTMLElement>(first)?.focus();
    } catch (error) {
      const close = h("button", { type: "button", class: "btn" }, t("Close"));
      close.addEventListener("click", () => dialog.close());
      dialog.replaceChildren(h("div", { class: "alert alert-danger", role: "alert" }, explain(error)), close);
      close.focus();
    }
  }

  key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !event.ctrlKey || !this.hasGoTarget || this.goTarget.disabled) return;
    event.preventDefault();
    this.formTarget.requestSubmit();
  }

  async run(event: Event): Promise<void> {
    event.preventDefault();
    if (this.running || !this.isComplete()) return;
    const values = new FormData(this.formTarget);
    const text = (name: string): string => String(values.get(name) ?? "");
    const given = { comment: text("comment"), due_on: text("due_on"), to_user_id: text("to_user_id") };
    const rows = this.rowTargets.filter((row) => row.dataset["possible"] === "1" && !row.dataset["done"]);
    await this.send(this.formTarget.dataset["bulkWork"] ?? "", rows, given);
  }

  stop(): void {
    this.stopped = true;
    this.stopTarget.disabled = true;
  }

  close(): void {
    this.dialog?.close();
  }

  /** Bring back what was deleted just now. */
  async undo(): Promise<void> {
    const rows = this.rowTargets.filter((row) => row.dataset["done"] === "delete");
    for (const row of rows) delete row.dataset["done"];
    this.undoTarget.hidden = true;
    await this.send("restore", rows, { comment: "", due_on: "", to_user_id: "" });
  }

  /** Where this list is: the page's address may be that of something else that was loaded meanwhile. */
  private get address(): string {
    const link = this.element.querySelector("[data-live=list-changed]");
    return link?.getAttribute("href") ?? location.pathname + location.search;
  }

  /** The ticked rows, or the list that they are of. */
  private chosen(): Record<string, string> {
    if (!this.hasWholeTarget || !this.wholeTarget.checked)
      return { ids: this.element.dataset["selected"] ?? "" };
    const query = JSON.parse(this.wholeTarget.dataset["query"] ?? "{}") as Record<string, string>;
    return { all: "1", ...query };
  }

  private show(): HTMLDialogElement {
    this.dialog?.remove();
    const loading = h("p", { class: "text-secondary", role: "status" }, t("Looking at what would happen…"));
    const dialog = h(
      "dialog",
      { class: "desk-dialog bulk-dialog", "aria-labelledby": "bulk-title" },
      loading,
    );
    dialog.addEventListener("cancel", (event) => {
      if (this.running) event.preventDefault(); // Esc would hide what is going on; «Stop» ends it
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (this.changed) void openInWork(this.address);
    });
    this.dialog = dialog;
    this.changed = false;
    this.element.append(dialog);
    dialog.showModal();
    return dialog;
  }

  private isComplete(): boolean {
    const missing = [...this.formTarget.elements].filter(
      (field): field is HTMLInputElement =>
        field.hasAttribute("required") && (field as HTMLInputElement).value.trim() === "",
    );
    for (const field of this.formTarget.elements) {
      field.classList.toggle("is-invalid", missing.includes(field as HTMLInputElement));
      if (field.hasAttribute("required")) {
        field.setAttribute("aria-invalid", String(missing.includes(field as HTMLInputElement)));
      }
    }
    this.problem(missing.length > 0 ? t("Fill in what is marked.") : "");
    missing[0]?.focus();
    return missing.length === 0;
  }

  private problem(text: string): void {
    if (!this.hasProblemTarget) return;
    this.problemTarget.hidden = text === "";
    this.problemTarget.textContent = text;
  }

  private async send(
    action: string,
    rows: readonly HTMLTableRowElement[],
    given: Readonly<Record<string, string>>,
  ): Promise<void> {
    this.begin(rows.length);
    let lost = "";
    for (let at = 0; at < rows.length && !this.stopped; at += CHUNK) {
      const chunk = rows.slice(at, at + CHUNK);
      for (const row of chunk) this.mark(row, "hourglass", t("Under way…"), "");
      try {
        const pairs = chunk.map((row) => [Number(row.dataset["id"]), Number(row.dataset["version"])]);
        const { results } = await requestJson<{ results: Outcome[] }>("/api/appeals/bulk", {
          method: "POST",
          json: { action, rows: pairs, ...given },
        });
        for (const [place, outcome] of results.entries()) this.tell(chunk[place], outcome);
      } catch (error) {
        lost = explain(error);
        for (const row of chunk) this.mark(row, "plug-connected-x", t("No answer: not known"), "red");
        break;
      }
      this.progressTarget.value = Math.min(rows.length, at + CHUNK);
    }
    this.end(action, rows, lost);
  }

  private begin(count: number): void {
    this.running = true;
    this.stopped = false;
    this.problem("");
    this.progressTarget.max = count;
    this.progressTarget.value = 0;
    this.progressTarget.hidden = false;
    this.stopTarget.hidden = false;
    this.stopTarget.disabled = false;
    this.closeTarget.hidden = true;
    if (this.hasGoTarget) this.goTarget.disabled = true;
    this.sumTarget.textContent = t("Under way…");
  }

  private tell(row: HTMLTableRowElement | undefined, outcome: Outcome): void {
    if (!row) return;
    if (outcome.done === "") {
      this.mark(row, "alert-circle", outcome.message, "red");
      return;
    }
    this.changed = true;
    row.dataset["done"] = outcome.done;
    row.dataset["version"] = String(outcome.version);
    this.mark(row, "circle-check", outcome.word, "green");
  }

  private mark(row: HTMLTableRowElement, name: string, word: string, colour: string): void {
    const cell = row.querySelector<HTMLElement>("[data-outcome]");
    if (!cell) return;
    cell.className = `bulk-outcome${colour === "" ? "" : ` bulk-outcome-${colour}`}`;
    cell.replaceChildren(icon(name), " ", h("span", {}, word));
  }

  private end(action: string, rows: readonly HTMLTableRowElement[], lost: string): void {
    const done = rows.filter((row) => row.dataset["done"]).length;
    const left = rows.length - done;
    this.running = false;
    this.progressTarget.hidden = true;
    this.stopTarget.hidden = true;
    this.closeTarget.hidden = false;
    this.closeTarget.textContent = t("Close");
    this.undoTarget.hidden = action !== "delete" || done === 0;
    this.problem(lost);
    this.sumTarget.textContent =
      left === 0 ? t("Done: {done}", { done }) : t("Done: {done}, not done: {left}", { done, left });
    if (this.hasGoTarget) {
      this.goTarget.disabled = left === 0;
      this.goTarget.hidden = left === 0;
      if (left > 0) this.goTarget.textContent = t("Try the rest again: {left}", { left });
    }
    this.sumTarget.focus();
  }
}
