import { Controller } from "@hotwired/stimulus";
import { explain, request } from "../api";
import { t } from "../i18n";
import { openInWork } from "../navigate";

const WAIT_MS = 250;

/**
 * The search for everything, over the page: Ctrl+L, Ctrl+K or `/` opens it, arrows choose, Enter opens or calls, Esc gives
 * the focus back to where it was. What is typed goes out in the body of a request, never in an address (DAY-29).
 */
export default class LocatorController extends Controller<HTMLElement> {
  static override targets = ["dialog", "input", "results", "option"];
  declare readonly dialogTarget: HTMLDialogElement;
  declare readonly inputTarget: HTMLInputElement;
  declare readonly resultsTarget: HTMLElement;
  declare readonly optionTargets: HTMLElement[];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking: AbortController | null = null;
  private at = -1;
  private before: HTMLElement | null = null;
  /** Enter was pressed before the answer came: its first line is opened then. */
  private hurry = false;

  override connect(): void {
    document.addEventListener("click", this.elsewhere);
  }

  override disconnect(): void {
    document.removeEventListener("click", this.elsewhere);
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  /** Pages offer the search too, where a list has nothing. */
  private readonly elsewhere = (event: MouseEvent): void => {
    const button = (event.target as Element).closest("[data-command=global-search]");
    if (button && !this.element.contains(button)) this.open();
  };

  open(): void {
    if (this.dialogTarget.open) return;
    this.before = document.activeElement as HTMLElement | null;
    this.dialogTarget.showModal();
    this.inputTarget.select();
    void this.ask();
  }

  /** A click beside the dialog closes it, as Esc does. */
  outside(event: MouseEvent): void {
    if (event.target === this.dialogTarget) this.dialogTarget.close();
  }

  closed(): void {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.before?.focus();
    this.before = null;
  }

  typed(): void {
    clearTimeout(this.timer);
    this.hurry = false;
    this.timer = setTimeout(() => void this.ask(), WAIT_MS);
  }

  key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      this.mark((this.at + step + this.optionTargets.length) % Math.max(1, this.optionTargets.length));
    } else if (event.key === "Escape") {
      // A search field would only be emptied by it.
      event.preventDefault();
      this.dialogTarget.close();
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = this.optionTargets[this.at];
      if (chosen && this.asking === null) chosen.click();
      else this.hurry = true;
    }
  }

  choose(event: Event): void {
    const option = (event.target as Element).closest<HTMLElement>("[role=option]");
    if (!option) return;
    const { url } = option.dataset;
    this.before = null;
    this.dialogTarget.close();
    if (url !== undefined) void openInWork(url).then(() => document.getElementById("work")?.focus());
  }

  private async ask(): Promise<void> {
    this.asking?.abort();
    const mine = new AbortController();
    this.asking = mine;
    this.resultsTarget.setAttribute("aria-busy", "true");
    try {
      const form = new URLSearchParams({ q: this.inputTarget.value });
      const headers = { "HX-Request": "true" };
      const call = { method: "POST", form, headers, signal: mine.signal } as const;
      const html = await (await request("/search", call)).text();
      if (this.asking !== mine) return;
      // The server escapes what people typed; the fragment has neither scripts nor handlers (CSP).
      this.resultsTarget.innerHTML = html;
    } catch (error) {
      if (mine.signal.aborted) return;
      this.resultsTarget.textContent = explain(error);
    }
    this.asking = null;
    this.resultsTarget.removeAttribute("aria-busy");
    this.mark(this.optionTargets.length > 0 ? 0 : -1);
    if (this.hurry) this.optionTargets[0]?.click();
    this.hurry = false;
  }

  private mark(at: number): void {
    this.at = at;
    for (const [index, option] of this.optionTargets.entries()) {
      option.setAttribute("aria-selected", String(index === at));
    }
    const option = this.optionTargets[at];
    this.inputTarget.setAttribute("aria-expanded", String(this.optionTargets.length > 0));
    if (option) {
      this.inputTarget.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.inputTarget.removeAttribute("aria-activedescendant");
    this.inputTarget.setAttribute("aria-label", t("Search everywhere"));
  }
}
