import { Controller } from "@hotwired/stimulus";
import { h } from "../dom";
import { t } from "../i18n";

/** From this part of the limit on the counter shows. */
const NEAR = 0.8;

/**
 * Long texts have a limit (S003-114: 99,999 letters). Nothing is cut off when more is pasted: the counter tells by how much
 * it is too long, and the server refuses to register it until it fits.
 */
export default class TextCounterController extends Controller<HTMLFormElement> {
  override connect(): void {
    this.element.addEventListener("input", this.onInput);
    this.element.addEventListener("card:filled", this.all);
    this.all();
  }

  override disconnect(): void {
    this.element.removeEventListener("input", this.onInput);
    this.element.removeEventListener("card:filled", this.all);
  }

  private readonly all = (): void => {
    for (const text of this.element.querySelectorAll<HTMLTextAreaElement>("textarea[data-limit]"))
      this.show(text);
  };

  private readonly onInput = (event: Event): void => {
    if (event.target instanceof HTMLTextAreaElement && event.target.dataset["limit"]) this.show(event.target);
  };

  private show(text: HTMLTextAreaElement): void {
    const limit = Number(text.dataset["limit"]);
    const field = text.closest(".field");
    let counter = field?.querySelector<HTMLElement>(".text-counter");
    // Letters as the server counts them: an emoji is one. Counting is only worth while near the limit.
    const length = text.value.length < limit * NEAR ? 0 : [...text.value].length;
    if (length < limit * NEAR) {
      counter?.remove();
      return;
    }
    if (!counter) {
      counter = h("small", { class: "text-counter", role: "status" });
      text.after(counter);
    }
    const over = length > limit;
    counter.classList.toggle("text-danger", over);
    text.classList.toggle("is-invalid", over);
    counter.textContent = over
      ? t("{over} letters too many: at most {limit}", { over: length - limit, limit })
      : t("{length} of {limit} letters", { length, limit });
  }
}
