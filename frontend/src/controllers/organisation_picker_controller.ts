import { Controller } from "@hotwired/stimulus";
import { explain, requestFragment } from "../api";
import { h } from "../dom";
import { listen } from "../listeners";
import { askForOrganisation } from "../organisation-dialog";

const ASK_AFTER_MS = 200;

/** An organisation by a word of its name (S000-41), free text, or one that is added on the spot (S000-42). */
export default class OrganisationPickerController extends Controller<HTMLElement> {
  static override targets = ["query", "list", "value"];
  static override values = { url: String };
  declare readonly queryTarget: HTMLInputElement;
  declare readonly listTarget: HTMLElement;
  declare readonly valueTarget: HTMLInputElement;
  declare readonly urlValue: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | null = null;
  private active = -1;
  private stop: () => void = () => undefined;

  override connect(): void {
    this.stop = listen(
      [this.queryTarget, "input", this.onInput],
      [this.queryTarget, "keydown", this.onKey],
      [this.queryTarget, "blur", this.onBlur],
      [this.queryTarget, "contextmenu", this.onMenu],
      [this.listTarget, "mousedown", this.onPress],
    );
  }

  override disconnect(): void {
    this.stop();
    this.running?.abort();
    clearTimeout(this.timer);
  }

  /** «Добавить организацию»: the button, or the right mouse button in the field. */
  async add(): Promise<void> {
    const made = await askForOrganisation(this.queryTarget.value.trim());
    if (made) this.set(made.name, String(made.id));
    this.queryTarget.focus();
  }

  private readonly onMenu = (event: MouseEvent): void => {
    if (!this.element.querySelector("[data-action='organisation-picker#add']")) return;
    // With Shift the browser's own menu comes, for pasting.
    if (event.shiftKey) return;
    event.preventDefault();
    void this.add();
  };

  private readonly onInput = (): void => {
    this.setValue("");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), ASK_AFTER_MS);
  };

  private readonly onBlur = (): void => this.close();

  private readonly onPress = (event: MouseEvent): void => {
    const option = (event.target as Element).closest<HTMLElement>("[data-id]");
    if (!option) return;
    event.preventDefault();
    this.take(option);
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.listTarget.hidden) void this.ask();
      else this.activate(this.active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && !event.ctrlKey && this.options[this.active]) {
      event.preventDefault();
      this.take(this.options[this.active] as HTMLElement);
    } else if (event.key === "Escape" && !this.listTarget.hidden) {
      event.stopPropagation();
      this.close();
    }
  };

  private get options(): HTMLElement[] {
    return [...this.listTarget.querySelectorAll<HTMLElement>("[data-id]")];
  }

  private async ask(): Promise<void> {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    const query = new URLSearchParams({ q: this.queryTarget.value.trim() });
    try {
      this.listTarget.innerHTML = await requestFragment(`${this.urlValue}?${query}`, mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return;
      this.listTarget.replaceChildren(h("li", { class: "list-group-item text-danger" }, explain(error)));
    }
    if (document.activeElement !== this.queryTarget) return;
    this.options.forEach((option, index) => {
      option.id = `${this.listTarget.id}-${index}`;
    });
    this.listTarget.hidden = false;
    this.queryTarget.setAttribute("aria-expanded", "true");
    this.activate(-1);
  }

  private activate(index: number): void {
    const options = this.options;
    this.active = Math.max(-1, Math.min(index, options.length - 1));
    options.forEach((option, at) => {
      option.classList.toggle("active", at === this.active);
      option.setAttribute("aria-selected", String(at === this.active));
    });
    const option = options[this.active];
    if (option) this.queryTarget.setAttribute("aria-activedescendant", option.id);
    else this.queryTarget.removeAttribute("aria-activedescendant");
    option?.scrollIntoView?.({ block: "nearest" });
  }

  private take(option: HTMLElement): void {
    this.set(option.dataset["name"] ?? "", option.dataset["id"] ?? "");
  }

  private set(name: string, id: string): void {
    this.queryTarget.value = name;
    this.setValue(id);
    this.queryTarget.dispatchEvent(new Event("change", { bubbles: true }));
    this.close();
  }

  private setValue(id: string): void {
    this.valueTarget.value = id;
  }

  private close(): void {
    this.running?.abort();
    clearTimeout(this.timer);
    this.listTarget.hidden = true;
    this.queryTarget.setAttribute("aria-expanded", "false");
    this.queryTarget.removeAttribute("aria-activedescendant");
    this.active = -1;
  }
}
