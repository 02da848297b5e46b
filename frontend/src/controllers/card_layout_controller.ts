import { Controller } from "@hotwired/stimulus";
import { h } from "../dom";
import { t } from "../i18n";

const KEY = "hotline.card-layout";
const LEAST = 25;
const MOST = 65;
const STEP = 2;

interface Layout {
  left?: number;
  heights?: Record<string, number>;
}

function load(): Layout {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Layout;
  } catch {
    return {};
  }
}

/** Areas of the card are resized by dragging their borders, or by arrows on them; this browser remembers (S000-24). */
export default class CardLayoutController extends Controller<HTMLFormElement> {
  private layout: Layout = {};
  private observer: ResizeObserver | null = null;
  private border: HTMLElement | null = null;

  override connect(): void {
    this.layout = load();
    const left = this.element.querySelector<HTMLElement>(".card-left");
    if (left) this.addBorder(left);
    this.watchTexts();
  }

  override disconnect(): void {
    this.observer?.disconnect();
    this.border?.remove();
  }

  private addBorder(left: HTMLElement): void {
    const now = this.layout.left ?? 42;
    const border = h("div", {
      class: "card-border",
      role: "separator",
      tabindex: 0,
      "aria-orientation": "vertical",
      "aria-label": t("Width of the left column"),
      "aria-valuemin": LEAST,
      "aria-valuemax": MOST,
      "aria-valuenow": now,
    });
    left.after(border);
    this.border = border;
    if (this.layout.left !== undefined) this.divide(this.layout.left);
    border.addEventListener("pointerdown", (event) => {
      border.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    border.addEventListener("pointermove", (event) => {
      if (!border.hasPointerCapture(event.pointerId)) return;
      const box = left.parentElement?.getBoundingClientRect();
      if (box) this.divide(((event.clientX - box.left) / box.width) * 100);
    });
    border.addEventListener("pointerup", () => this.keep());
    border.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowLeft" ? -STEP : event.key === "ArrowRight" ? STEP : 0;
      if (step === 0) return;
      event.preventDefault();
      this.divide(Number(border.getAttribute("aria-valuenow")) + step);
      this.keep();
    });
  }

  private divide(percent: number): void {
    const left = Math.round(Math.max(LEAST, Math.min(MOST, percent)));
    this.layout.left = left;
    this.border?.setAttribute("aria-valuenow", String(left));
    const columns = this.element.querySelector<HTMLElement>(".card-columns");
    columns?.style.setProperty("--card-left", `${left}fr`);
    columns?.style.setProperty("--card-right", `${100 - left}fr`);
  }

  private watchTexts(): void {
    const heights = { ...this.layout.heights };
    const texts = [...this.element.querySelectorAll<HTMLTextAreaElement>("textarea[name]")];
    for (const text of texts) {
      const height = heights[text.name];
      if (height !== undefined && height > 20) text.style.height = `${height}px`;
    }
    if (typeof ResizeObserver === "undefined") return;
    this.observer = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        const text = target as HTMLTextAreaElement;
        // Only a height that somebody gave by hand stands in the style.
        if (text.style.height !== "" && text.offsetHeight > 20) heights[text.name] = text.offsetHeight;
      }
      if (Object.keys(heights).length === 0) return;
      this.layout.heights = heights;
      this.keep();
    });
    for (const text of texts) this.observer.observe(text);
  }

  private keep(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.layout));
    } catch {
      // No room in this browser: the layout is only comfort.
    }
  }
}
