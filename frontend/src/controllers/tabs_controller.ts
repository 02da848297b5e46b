import { Controller } from "@hotwired/stimulus";

/** Tabs by the ARIA pattern: `tab` targets with `aria-controls`; arrows move, the chosen panel is shown. */
export default class TabsController extends Controller<HTMLElement> {
  static override targets = ["tab"];
  declare readonly tabTargets: HTMLElement[];

  override connect(): void {
    const chosen =
      this.tabTargets.find((tab) => tab.getAttribute("aria-selected") === "true") ?? this.tabTargets[0];
    if (chosen) this.choose(chosen);
  }

  select(event: Event): void {
    this.choose(event.currentTarget as HTMLElement);
  }

  move(event: KeyboardEvent): void {
    const at = this.tabTargets.indexOf(event.currentTarget as HTMLElement);
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = this.tabTargets[(at + step + this.tabTargets.length) % this.tabTargets.length];
    if (step === 0 || !next) return;
    event.preventDefault();
    this.choose(next);
    next.focus();
  }

  private choose(chosen: HTMLElement): void {
    for (const tab of this.tabTargets) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      tab.classList.toggle("active", on);
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !on;
    }
  }
}
