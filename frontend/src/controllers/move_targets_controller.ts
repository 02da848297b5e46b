import { Controller } from "@hotwired/stimulus";

/** The list of those to whom an appeal may go: narrowed by organisation and by a word; arrows choose in it. */
export default class MoveTargetsController extends Controller<HTMLElement> {
  static override targets = ["place", "query", "row", "none"];
  declare readonly hasPlaceTarget: boolean;
  declare readonly placeTarget: HTMLSelectElement;
  declare readonly queryTarget: HTMLInputElement;
  declare readonly rowTargets: HTMLElement[];
  declare readonly noneTarget: HTMLElement;

  filter(): void {
    const place = this.hasPlaceTarget ? this.placeTarget.value : "";
    const words = fold(this.queryTarget.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of this.rowTargets) {
      const text = fold(row.textContent ?? "");
      row.hidden =
        (place !== "" && row.dataset["place"] !== place) || !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
      else for (const box of row.querySelectorAll("input")) box.checked = false; // nobody unseen is chosen
    }
    this.noneTarget.hidden = shown > 0 || this.rowTargets.length === 0;
  }

  /** Arrow down goes into the list; Enter takes the only one that is left. */
  key(event: KeyboardEvent): void {
    const left = this.rowTargets.filter((row) => !row.hidden);
    const first = left[0]?.querySelector("input");
    if (!first || (event.key !== "ArrowDown" && !(event.key === "Enter" && !event.ctrlKey))) return;
    event.preventDefault();
    if (event.key === "Enter" && left.length !== 1) return;
    first.checked = true;
    first.focus();
    first.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function fold(text: string): string {
  return text.toLowerCase().replace(/ё/g, "е");
}
