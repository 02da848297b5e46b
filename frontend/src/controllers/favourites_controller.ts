import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { h } from "../dom";
import { t } from "../i18n";
import { chordOf } from "../keymap";
import { toast } from "../toast";

interface Topic {
  code: string;
  title: string;
  type: string;
}

/**
 * Favourite topics on Alt+1…9, and the last card's on Alt+0 (DAY-03). Type and topic are set at once. While the panel of
 * characteristics is open the digits are its own.
 */
export default class FavouritesController extends Controller<HTMLElement> {
  static override targets = ["list", "one", "last", "star", "row"];
  declare readonly listTarget: HTMLElement;
  declare readonly oneTargets: HTMLElement[];
  declare readonly lastTarget: HTMLElement;
  declare readonly hasLastTarget: boolean;
  declare readonly rowTarget: HTMLElement;
  declare readonly starTarget: HTMLButtonElement;

  override connect(): void {
    this.element.addEventListener("change", this.mark);
    this.mark();
  }

  override disconnect(): void {
    this.element.removeEventListener("change", this.mark);
  }

  key(event: KeyboardEvent): void {
    const digit = /^Alt\+([0-9])$/.exec(chordOf(event))?.[1];
    if (digit === undefined || event.defaultPrevented || event.repeat || !this.free()) return;
    const button =
      digit === "0" ? (this.hasLastTarget ? this.lastTarget : undefined) : this.oneTargets[+digit - 1];
    if (!button) return;
    event.preventDefault();
    this.choose(button);
  }

  take(event: Event): void {
    this.choose(event.currentTarget as HTMLElement);
  }

  /** Keep the chosen topic, or give it up. */
  async toggle(): Promise<void> {
    const code = this.hidden.value;
    if (code === "") {
      toast(t("Choose a topic first."), "info");
      this.query.focus();
      return;
    }
    const codes = this.oneTargets.map((one) => one.dataset["code"] ?? "");
    const next = codes.includes(code) ? codes.filter((one) => one !== code) : [...codes, code];
    try {
      const json = { topics: next };
      this.show((await requestJson<{ topics: Topic[] }>("/api/favourites", { method: "PUT", json })).topics);
    } catch (error) {
      toast(explain(error), "danger");
    }
  }

  private get hidden(): HTMLInputElement {
    return this.element.querySelector("[name=topic]") as HTMLInputElement;
  }

  private get query(): HTMLInputElement {
    return this.element.querySelector("[data-topic-picker-target=query]") as HTMLInputElement;
  }

  /** Nothing else owns the digits, and the card may be written in. */
  private free(): boolean {
    const panel = document.querySelector<HTMLElement>("[data-controller~=disposition]");
    const asks = panel !== null && !panel.hidden && panel.querySelector("[data-code]") !== null;
    return !asks && !document.querySelector("dialog[open]") && !this.element.closest("fieldset[disabled]");
  }

  private choose(button: HTMLElement): void {
    const type = this.element.querySelector<HTMLSelectElement>("[name=type]");
    if (type && type.value !== button.dataset["type"]) {
      type.value = button.dataset["type"] ?? "";
      type.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.query.value = button.dataset["title"] ?? "";
    this.query.title = this.query.value;
    this.query.classList.remove("is-invalid");
    this.hidden.value = button.dataset["code"] ?? "";
    this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private readonly mark = (): void => {
    const chosen = this.hidden.value;
    const kept = this.oneTargets.some((one) => one.dataset["code"] === chosen);
    this.starTarget.setAttribute("aria-pressed", String(chosen !== "" && kept));
    for (const one of this.oneTargets) one.classList.toggle("active", one.dataset["code"] === chosen);
  };

  private show(topics: readonly Topic[]): void {
    this.rowTarget.hidden = topics.length === 0 && !this.hasLastTarget;
    this.listTarget.replaceChildren(
      ...topics.map((one, index) =>
        h(
          "button",
          {
            type: "button",
            class: "btn btn-sm",
            title: one.title,
            "data-action": "favourites#take",
            "data-favourites-target": "one",
            "data-code": one.code,
            "data-type": one.type,
            "data-title": one.title,
          },
          h("kbd", { "aria-hidden": "true" }, `Alt+${index + 1}`),
          " ",
          h("span", { class: "card-favourite-title" }, one.title),
        ),
      ),
    );
    // Stimulus counts the new buttons as targets a moment later.
    queueMicrotask(this.mark);
  }
}
