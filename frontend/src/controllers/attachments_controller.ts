import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestFragment, requestJson } from "../api";
import { h, icon, onDocument } from "../dom";
import { t } from "../i18n";
import { toast } from "../toast";
import { type Upload, upload } from "../upload";

/** So many at once: more would only slow each other down. */
const AT_ONCE = 3;
const UNDO_MS = 15_000;

interface Waiting {
  file: File;
  row: HTMLElement;
  retried: boolean;
}

/**
 * The files of a card (S000-63, S000-64): chosen, dropped or pasted, several at once, each with its own progress, error and
 * "once more". Taken off with undo. The list itself is the server's.
 */
export default class AttachmentsController extends Controller<HTMLElement> {
  static override targets = ["input", "uploads", "list"];
  static override values = { query: String };
  declare readonly inputTarget: HTMLInputElement;
  declare readonly hasInputTarget: boolean;
  declare readonly uploadsTarget: HTMLElement;
  declare readonly listTarget: HTMLElement;
  declare readonly queryValue: string;
  private waiting: Waiting[] = [];
  private running = new Set<Upload>();
  private stop: () => void = () => undefined;
  private saves: Promise<void> = Promise.resolve();
  private dialog: HTMLDialogElement | null = null;

  override connect(): void {
    this.stop = onDocument("hotline:signed-in", () => this.again());
    if (!this.listTarget.firstElementChild) void this.show();
  }

  override disconnect(): void {
    this.stop();
    for (const one of this.running) one.abort();
    this.dialog?.remove();
  }

  choose(): void {
    this.inputTarget.click();
  }

  chosen(): void {
    this.take([...(this.inputTarget.files ?? [])]);
    this.inputTarget.value = "";
  }

  over(event: DragEvent): void {
    if (!this.hasInputTarget || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.element.classList.add("attachments-over");
  }

  out(): void {
    this.element.classList.remove("attachments-over");
  }

  drop(event: DragEvent): void {
    this.out();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!this.hasInputTarget || files.length === 0) return;
    event.preventDefault();
    this.take(files);
  }

  /** A picture from the clipboard; pasted text goes where the caret is, as always. */
  paste(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!this.hasInputTarget || files.length === 0 || event.defaultPrevented) return;
    event.preventDefault();
    this.take(files);
  }

  private take(files: readonly File[]): void {
    for (const file of files) {
      const waiting = { file, row: this.makeRow(file), retried: false };
      this.uploadsTarget.append(waiting.row);
      this.waiting.push(waiting);
    }
    this.next();
  }

  private next(): void {
    while (this.running.size < AT_ONCE && this.waiting.length > 0) {
      const one = this.waiting.shift();
      if (one) void this.send(one);
    }
  }

  private makeRow(file: File): HTMLElement {
    const bar = h("progress", { max: 1, value: 0, "aria-label": t("Sending {name}", { name: file.name }) });
    const text = h("span", { class: "attachment-upload-text" });
    return h("li", { class: "attachment-upload" }, icon("upload"), h("span", {}, file.name), bar, text);
  }

  private async send(one: Waiting): Promise<void> {
    const bar = one.row.querySelector("progress");
    const text = one.row.querySelector<HTMLElement>(".attachment-upload-text");
    if (text) text.replaceChildren();
    if (bar) bar.hidden = false;
    const running = upload(`/api/attachments?${this.queryValue}`, one.file, (part) => {
      if (bar) bar.value = part;
      if (text) text.textContent = part < 1 ? `${Math.floor(part * 100)} %` : t("is being checked…");
    });
    this.running.add(running);
    try {
      await running.done;
      one.row.remove();
      await this.show();
    } catch (error) {
      this.failed(one, error);
    } finally {
      this.running.delete(running);
      this.next();
    }
  }

  private failed(one: Waiting, error: unknown): void {
    one.row.querySelector("progress")?.setAttribute("hidden", "");
    one.row.classList.add("attachment-failed");
    const words = h("span", { class: "text-danger", role: "alert" }, explain(error));
    const buttons: HTMLElement[] = [];
    // What was refused for what it is will be refused again.
    if (!(error instanceof ApiError) || error.status >= 500 || error.status === 401) {
      const again = h("button", { type: "button", class: "btn btn-sm", "data-again": true }, t("Once more"));
      again.addEventListener("click", () => this.once(one));
      buttons.push(again);
    }
    const away = h("button", { type: "button", class: "btn-close", "aria-label": t("Close") });
    away.addEventListener("click", () => one.row.remove());
    one.row.querySelector(".attachment-upload-text")?.replaceChildren(words, ...buttons, away);
  }

  private once(one: Waiting): void {
    one.row.classList.remove("attachment-failed");
    this.waiting.push(one);
    this.next();
  }

  /** Logged in again: what was refused for that goes once more by itself. */
  private again(): void {
    for (const button of this.uploadsTarget.querySelectorAll<HTMLElement>("[data-again]")) button.click();
  }

  private async show(): Promise<void> {
    try {
      this.listTarget.innerHTML = await requestFragment(`/attachments?${this.queryValue}`);
    } catch (error) {
      this.listTarget.replaceChildren(h("p", { class: "text-danger" }, explain(error)));
    }
  }

  // --- one file ------------------------------------------------------------------------------------------------

  /** Kind, number and date are stored as soon as they are typed; one after the other, each from the newest version. */
  describe(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-attachment]");
    if (row) this.saves = this.saves.then(() => this.save(row));
  }

  private async save(row: HTMLElement): Promise<void> {
    const json: Record<string, unknown> = { version: Number(row.dataset["version"]) };
    for (const field of row.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[data-part]")) {
      json[field.dataset["part"] ?? ""] = field.value;
    }
    const problem = row.querySelector<HTMLElement>(".attachment-error");
    try {
      const path = `/api/attachments/${row.dataset["attachment"]}`;
      const saved = await requestJson<{ version: number }>(path, { method: "POST", json });
      row.dataset["version"] = String(saved.version);
      if (problem) problem.hidden = true;
    } catch (error) {
      const stale = error instanceof ApiError && error.errorId === "stale-file";
      if (problem && !stale) {
        const why = error instanceof ApiError ? Object.values(error.details).join(", ") : "";
        problem.textContent = `${explain(error)} ${why}`;
        problem.hidden = false;
      } else {
        toast(explain(error), "warning");
        await this.show();
      }
    }
  }

  async remove(event: Event & { params: { name?: string } }): Promise<void> {
    const row = (event.target as Element).closest<HTMLElement>("[data-attachment]");
    if (!row) return;
    const path = `/api/attachments/${row.dataset["attachment"]}`;
    await this.saves;
    try {
      const json = { version: Number(row.dataset["version"]) };
      const gone = await requestJson<{ version: number }>(`${path}/remove`, { method: "POST", json });
      await this.show();
      this.offerUndo(event.params.name ?? "", () => this.restore(path, gone.version));
    } catch (error) {
      toast(explain(error), "danger");
      await this.show();
    }
  }

  private offerUndo(name: string, undo: () => Promise<void>): void {
    const button = h("button", { type: "button", class: "btn btn-sm" }, t("Undo"));
    const row = h(
      "li",
      { class: "attachment-upload attachment-undo" },
      icon("trash"),
      h("span", {}, t("{name} was taken off.", { name })),
      button,
    );
    const timer = setTimeout(() => row.remove(), UNDO_MS);
    button.addEventListener("click", () => {
      clearTimeout(timer);
      row.remove();
      void undo();
    });
    this.uploadsTarget.append(row);
    button.focus();
  }

  private async restore(path: string, version: number): Promise<void> {
    try {
      await requestJson(`${path}/restore`, { method: "POST", json: { version } });
    } catch (error) {
      toast(explain(error), "danger");
    }
    await this.show();
  }

  /** A picture or a PDF, in a frame that runs nothing (the server's policy of that answer). */
  preview(event: Event & { params: { kind?: string; name?: string } }): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-attachment]");
    if (!row) return;
    const path = `/attachments/${row.dataset["attachment"]}`;
    const name = event.params.name ?? "";
    const shown =
      event.params.kind === "pdf"
        ? h("iframe", { src: `${path}/view`, title: name, class: "attachment-frame" })
        : h("img", { src: `${path}/view`, alt: name, class: "attachment-picture" });
    const close = h("button", { type: "submit", class: "btn btn-primary" }, t("Close"));
    const save = h(
      "a",
      { href: path, class: "btn", download: true, "hx-boost": "false" },
      t("Save the file"),
    );
    this.dialog?.remove();
    this.dialog = h(
      "dialog",
      { class: "desk-dialog attachment-dialog", "aria-label": name },
      h("h2", { class: "h3" }, name),
      shown,
      h("form", { method: "dialog", class: "btn-list justify-content-end" }, save, close),
    );
    this.dialog.addEventListener("close", () => this.dialog?.remove());
    document.body.append(this.dialog);
    this.dialog.showModal();
    close.focus();
  }
}
