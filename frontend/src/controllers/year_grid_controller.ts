import { Controller } from "@hotwired/stimulus";

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** The days of a year as one tab stop: arrows walk by days and weeks, Page keys by 30 days, Home and End to the ends. */
export default class YearGridController extends Controller<HTMLElement> {
  static override targets = ["day"];
  declare readonly dayTargets: HTMLButtonElement[];

  override connect(): void {
    const days = this.dayTargets;
    const focused = days.find((day) => day === document.activeElement);
    const today = days.find((day) => day.classList.contains("calendar-today"));
    const stop = focused ?? today ?? days[0];
    if (stop) stop.tabIndex = 0;
  }

  key(event: KeyboardEvent): void {
    const days = this.dayTargets;
    const at = days.indexOf(event.target as HTMLButtonElement);
    if (at === -1) return;
    const places: Readonly<Record<string, number>> = {
      Home: 0,
      End: days.length - 1,
      PageUp: at - 30,
      PageDown: at + 30,
    };
    const step = STEPS[event.key];
    const place = step === undefined ? places[event.key] : at + step;
    if (place === undefined) return;
    event.preventDefault();
    const next = days[Math.min(days.length - 1, Math.max(0, place))];
    for (const day of days) day.tabIndex = day === next ? 0 : -1;
    next?.focus();
  }
}
