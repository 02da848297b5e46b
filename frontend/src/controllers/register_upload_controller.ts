import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, request, requestJson, Unreachable } from "../api";
import { t } from "../i18n";
import { openInWork } from "../navigate";

const PIECE = 2 * 1024 * 1024;
const AGAIN_MS = 2_000;
const TRIES = 30;
/** A file of gigabytes is read from beginning to end before its columns are shown. */
const LOOK_WITHIN_MS = 180_000;

/**
 * Uploads a register in pieces, so that a lost connection costs one piece. The server says from where to go on; a file
 * that is complete leads to the choice of its columns.
 */
export default class RegisterUploadController extends Controller<HTMLElement> {
  static override targets = ["drop", "file", "progress", "bar", "state", "problem"];
  static override values = { url: String };
  declare readonly dropTarget: HTMLElement;
  declare readonly fileTarget: HTMLInputElement;
  declare readonly progressTarget: HTMLElement;
  declare readonly barTarget: HTMLProgressElement;
  declare readonly stateTarget: HTMLElement;
  declare readonly problemTarget: HTMLElement;
  declare readonly urlValue: string;
  private running: AbortController | null = null;

  override connect(): void {
    this.dropTarget.addEventListener("dragover", this.onDragOver);
    this.dropTarget.addEventListener("drop", this.onDrop);
  }

  override disconnect(): void {
    this.dropTarget.removeEventListener("dragover", this.onDragOver);
    this.dropTarget.removeEventListener("drop", this.onDrop);
    this.running?.abort();
  }

  chosen(): void {
    const file = this.fileTarget.files?.[0];
    if (file) void this.upload(file);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    this.progressTarget.hidden = true;
    this.fileTarget.value = "";
    this.fileTarget.focus();
  }

  private readonly onDragOver = (event: DragEvent): void => event.preventDefault();

  private readonly onDrop = (event: DragEvent): void => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) void this.upload(file);
  };

  private async upload(file: File): Promise<void> {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    this.problemTarget.hidden = true;
    this.progressTarget.hidden = false;
    try {
      const { id } = await requestJson<{ id: number }>(this.urlValue, {
        method: "POST",
        json: { name: file.name, size: file.size },
        signal: mine.signal,
      });
      await this.sendPieces(file, `${this.urlValue}/${id}`, mine.signal);
      this.stateTarget.textContent = t("The file is being looked at…");
      const answer = await requestJson<{ url: string }>(`${this.urlValue}/${id}/finish`, {
        method: "POST",
        json: {},
        signal: mine.signal,
        withinMs: LOOK_WITHIN_MS,
      });
      await openInWork(answer.url);
    } catch (error) {
      if (mine.signal.aborted) return;
      this.progressTarget.hidden = true;
      this.problemTarget.hidden = false;
      this.problemTarget.textContent = explain(error);
    }
  }

  private async sendPieces(file: File, url: string, signal: AbortSignal): Promise<void> {
    let have = 0;
    let tries = 0;
    while (have < file.size) {
      this.show(have, file.size);
      try {
        const bytes = file.slice(have, have + PIECE);
        const answer = await request(`${url}?offset=${have}`, { method: "PUT", bytes, signal });
        ({ have } = (await answer.json()) as { have: number });
        tries = 0;
      } catch (error) {
        if (error instanceof ApiError && error.errorId === "upload-gap") have = Number(error.details["have"]);
        else if (!(error instanceof Unreachable) || ++tries > TRIES) throw error;
        else await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    this.show(have, file.size);
  }

  private show(have: number, size: number): void {
    const percent = size === 0 ? 100 : Math.floor((have / size) * 100);
    this.barTarget.value = percent;
    this.stateTarget.textContent = `${percent} %`;
  }
}
