import { Controller } from "@hotwired/stimulus";
import { onDocument } from "../dom";

interface Folders {
  folder_counts: Readonly<Record<string, string>>;
}

/**
 * A list that is walked by arrows: each `row` target holds one main link (`.row-link`), which Enter, a double arrow's
 * focus or a click anywhere in the row opens. `[data-live=list-changed]` appears when the server says that it is old.
 */
export default class RowsController extends Controller<HTMLElement> {
  static override targets = ["row"];
  declare readonly rowTargets: HTMLElement[];
  private stops: (() => void)[] = [];

  override connect(): void {
    this.element.addEventListener("keydown", this.onKey);
    this.element.addEventListener("click", this.onClick);
    const events =
      this.element.dataset["list"] === "calls" ? ["call.ended"] : ["appeal.created", "appeal.changed"];
    this.stops = events.map((type) => onDocument(`hotline:${type}`, () => this.markOld()));
    const { folder } = this.element.dataset;
    if (folder === undefined) return;
    // What others did with an appeal is told as new counts only: of this folder, or of another one.
    const counts = onDocument<Folders>("hotline:folders", ({ folder_counts }) => {
      if (folder in folder_counts) this.markOld();
    });
    this.stops.push(counts);
  }

  override disconnect(): void {
    this.element.removeEventListener("keydown", this.onKey);
    this.element.removeEventListener("click", this.onClick);
    for (const stop of this.stops) stop();
  }

  private markOld(): void {
    const notice = this.element.querySelector<HTMLElement>("[data-live=list-changed]");
    if (notice) notice.hidden = false;
  }

  private linkOf(row: HTMLElement | undefined): HTMLElement | null {
    return row?.querySelector<HTMLElement>(".row-link") ?? null;
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const at = this.rowTargets.findIndex((row) => row.contains(document.activeElement));
    if (at === -1) return;
    event.preventDefault();
    this.linkOf(this.rowTargets[at + (event.key === "ArrowDown" ? 1 : -1)])?.focus();
  };

  private readonly onClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    // Selecting text in a row to copy it must not open the row.
    if (target.closest("a, button, input, audio, label, details") || String(getSelection() ?? "") !== "")
      return;
    this.linkOf(this.rowTargets.find((row) => row.contains(target)))?.click();
  };
}
