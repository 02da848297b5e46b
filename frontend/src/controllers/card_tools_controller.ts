import { Controller } from "@hotwired/stimulus";
import { labelOf, readFields, setField, writeFields } from "../card-fields";
import { h, icon } from "../dom";
import type { Fields } from "../drafts-store";
import { t } from "../i18n";

const UNDO_MS = 60_000;

/** «Очистить форму» (S000-71): back to what a new card starts with; for a minute all of it can be brought back. */
export default class CardToolsController extends Controller<HTMLFormElement> {
  static override targets = ["clear"];
  static override values = { defaults: Object };
  declare readonly clearTarget: HTMLButtonElement;
  declare readonly defaultsValue: Fields;
  private timer: ReturnType<typeof setTimeout> | undefined;

  override disconnect(): void {
    clearTimeout(this.timer);
  }

  clear(): void {
    const before = readFields(this.element);
    const topic = this.topic;
    this.fill(this.defaultsValue, "");
    const undo = h("button", { type: "button", class: "btn btn-sm" }, t("Undo"));
    const bar = h(
      "div",
      { class: "alert alert-info card-cleared", role: "status" },
      icon("eraser"),
      t("The form is cleared. Attached files stay until you take them off."),
      undo,
    );
    this.element.querySelector(".card-cleared")?.remove();
    undo.addEventListener("click", () => {
      bar.remove();
      this.fill(before, topic);
      this.element.querySelector<HTMLElement>("[name=content]")?.focus();
    });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => bar.remove(), UNDO_MS);
    this.element.querySelector(".card-head")?.after(bar);
    undo.focus();
  }

  private get topic(): string {
    return this.element.querySelector<HTMLInputElement>("#card-topic")?.value ?? "";
  }

  private fill(fields: Fields, topic: string): void {
    for (const field of this.element.elements) {
      const { name } = field as HTMLInputElement;
      if (name && name !== "csrf_token" && labelOf(this.element, name))
        setField(this.element, name, fields[name] ?? "");
    }
    writeFields(this.element, fields);
    // Whoever looks at a field must learn of it: dependent blocks, the copied applicant, the draft.
    for (const name of ["type", "channel", "same_person", "content", "links"]) {
      this.element.querySelector(`[name="${name}"]`)?.dispatchEvent(new Event("change", { bubbles: true }));
    }
    // Another type forgets its topic, so the topic comes back last.
    setField(this.element, "topic", fields["topic"] ?? "");
    const query = this.element.querySelector<HTMLInputElement>("#card-topic");
    if (query) query.value = topic;
    this.element.querySelector("[name=topic]")?.dispatchEvent(new Event("change", { bubbles: true }));
    this.element.dispatchEvent(new CustomEvent("card:filled"));
  }
}
