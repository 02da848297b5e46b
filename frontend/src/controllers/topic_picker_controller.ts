import { Controller } from "@hotwired/stimulus";
import { explain, requestFragment } from "../api";
import { h } from "../dom";
import { listen } from "../listeners";
import { offlineTopics } from "../offline-topics";

const ASK_AFTER_MS = 150;

const ORDER = "hotline.topics";

interface Order {
  by: string;
  swapped: boolean;
}

function order(): Order {
  try {
    return {
      by: "code",
      swapped: false,
      ...(JSON.parse(localStorage.getItem(ORDER) ?? "{}") as Partial<Order>),
    };
  } catch {
    return { by: "code", swapped: false };
  }
}

function keepOrder(next: Order): void {
  try {
    localStorage.setItem(ORDER, JSON.stringify(next));
  } catch {
    // Only comfort.
  }
}

/**
 * Type, then its topics by keyword (S001-050, S001-051). The ARIA combobox pattern: the focus stays in the text field,
 * arrows move the active option, Enter takes it, Esc closes the list.
 */
export default class TopicPickerController extends Controller<HTMLElement> {
  static override targets = ["type", "query", "list", "value", "sort"];
  static override values = { url: String };
  declare readonly typeTarget: HTMLSelectElement;
  declare readonly queryTarget: HTMLInputElement;
  declare readonly listTarget: HTMLElement;
  declare readonly valueTarget: HTMLInputElement;
  declare readonly sortTargets: HTMLButtonElement[];
  declare readonly urlValue: string;
  private running: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private active = -1;
  private stop: () => void = () => undefined;

  /** «По коду» or «по тематике» (S000-44); remembered in this browser. */
  sort(event: Event): void {
    keepOrder({ ...order(), by: (event.currentTarget as HTMLElement).dataset["sort"] ?? "code" });
    this.showOrder();
    this.queryTarget.focus();
    void this.ask();
  }

  /** Code before the topic, or behind it. */
  swap(): void {
    keepOrder({ ...order(), swapped: !order().swapped });
    this.showOrder();
    this.queryTarget.focus();
  }

  private showOrder(): void {
    const { by, swapped } = order();
    for (const button of this.sortTargets)
      button.setAttribute("aria-pressed", String(button.dataset["sort"] === by));
    this.listTarget.classList.toggle("topic-list-swapped", swapped);
  }

  override connect(): void {
    this.showOrder();
    this.stop = listen(
      [this.queryTarget, "input", this.onInput],
      [this.queryTarget, "keydown", this.onKey],
      [this.queryTarget, "focus", this.onFocus],
      [this.queryTarget, "blur", this.onBlur],
      [this.typeTarget, "change", this.onType],
      // mousedown, because a click would first take the focus away and close the list.
      [this.listTarget, "mousedown", this.onPress],
    );
  }

  override disconnect(): void {
    this.stop();
    this.running?.abort();
    clearTimeout(this.timer);
  }

  private readonly onInput = (): void => {
    // Text that was not chosen from the list is not a topic.
    this.setValue("");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), ASK_AFTER_MS);
  };

  private readonly onFocus = (): void => {
    if (this.valueTarget.value === "") void this.ask();
  };

  private readonly onBlur = (): void => {
    this.close();
    this.queryTarget.classList.toggle(
      "is-invalid",
      this.queryTarget.value !== "" && this.valueTarget.value === "",
    );
  };

  /** Topics belong to a type: another type starts the choice anew. */
  private readonly onType = (): void => {
    this.queryTarget.value = "";
    this.setValue("");
  };

  private readonly onPress = (event: MouseEvent): void => {
    const option = (event.target as Element).closest<HTMLElement>("[role=option]");
    if (!option) return;
    event.preventDefault();
    this.take(option);
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.listTarget.hidden) void this.ask();
      else this.activate(this.active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && !event.ctrlKey) {
      this.takeActive(event);
    } else if (event.key === "Escape" && !this.listTarget.hidden) {
      event.stopPropagation();
      this.close();
    }
  };

  /** The active option, or the only one there is. */
  private takeActive(event: KeyboardEvent): void {
    const options = this.options;
    const option = options[this.active] ?? (options.length === 1 ? options[0] : undefined);
    if (this.listTarget.hidden || !option) return;
    event.preventDefault();
    this.take(option);
  }

  private get options(): HTMLElement[] {
    return [...this.listTarget.querySelectorAll<HTMLElement>("[role=option]")];
  }

  private async ask(): Promise<void> {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    const query = new URLSearchParams({ type: this.typeTarget.value, q: this.queryTarget.value.trim() });
    if (order().by !== "code") query.set("sort", order().by);
    try {
      this.listTarget.innerHTML = await requestFragment(`${this.urlValue}?${query}`, mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return;
      const form = this.element.closest("form");
      const kept = offlineTopics(form, this.typeTarget.value, this.queryTarget.value);
      const failed = h("li", { class: "list-group-item text-danger" }, explain(error));
      this.listTarget.replaceChildren(...(kept ?? [failed]));
    }
    this.options.forEach((option, index) => {
      option.id = `${this.listTarget.id || "topic-list"}-${index}`;
    });
    this.open();
  }

  private open(): void {
    // The answer may come after the person went on to the next field.
    if (document.activeElement !== this.queryTarget) return;
    this.listTarget.hidden = false;
    this.queryTarget.setAttribute("aria-expanded", "true");
    this.activate(this.options.length > 0 && this.queryTarget.value !== "" ? 0 : -1);
  }

  private close(): void {
    this.running?.abort();
    clearTimeout(this.timer);
    this.listTarget.hidden = true;
    this.queryTarget.setAttribute("aria-expanded", "false");
    this.queryTarget.removeAttribute("aria-activedescendant");
    this.active = -1;
  }

  private activate(index: number): void {
    const options = this.options;
    this.active = Math.max(-1, Math.min(index, options.length - 1));
    options.forEach((option, at) => {
      option.classList.toggle("active", at === this.active);
      option.setAttribute("aria-selected", String(at === this.active));
    });
    const option = options[this.active];
    if (!option) {
      this.queryTarget.removeAttribute("aria-activedescendant");
      return;
    }
    this.queryTarget.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView?.({ block: "nearest" });
  }

  private take(option: HTMLElement): void {
    this.queryTarget.value = option.dataset["title"] ?? option.textContent?.trim() ?? "";
    this.queryTarget.title = this.queryTarget.value;
    this.queryTarget.classList.remove("is-invalid");
    this.setValue(option.dataset["code"] ?? "");
    this.close();
  }

  /** A hidden field fires no events of its own; the card must know that it changed. */
  private setValue(code: string): void {
    if (this.valueTarget.value === code) return;
    this.valueTarget.value = code;
    this.valueTarget.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
