import { Controller } from "@hotwired/stimulus";
import { forwardAfterSaving } from "../card-forward";
import { announce, h, icon } from "../dom";
import { t } from "../i18n";

/**
 * The citizen's earlier appeals on a card that is not saved yet: ticked ones are linked with a reason (S001-058), and the
 * new one can go to who handled an earlier one (S001-059).
 */
export default class HistoryLinksController extends Controller<HTMLFormElement> {
  static override targets = ["value", "tick", "forward"];
  declare readonly valueTarget: HTMLInputElement;
  declare readonly hasValueTarget: boolean;
  declare readonly tickTargets: HTMLInputElement[];
  declare readonly forwardTarget: HTMLElement;
  declare readonly hasForwardTarget: boolean;

  /** The list comes anew when another person is attached: what was ticked stays ticked. */
  tickTargetConnected(tick: HTMLInputElement): void {
    const kind = this.links.get(this.idOf(tick));
    if (kind === undefined) return;
    tick.checked = true;
    const select = this.kindOf(tick);
    if (select) {
      select.value = kind;
      select.hidden = false;
    }
  }

  changed(): void {
    const links = this.links;
    for (const tick of this.tickTargets) {
      const select = this.kindOf(tick);
      if (select) select.hidden = !tick.checked;
      if (tick.checked) links.set(this.idOf(tick), select?.value || "repeat");
      else links.delete(this.idOf(tick));
    }
    this.valueTarget.value = [...links].map(([id, kind]) => `${id}:${kind}`).join(" ");
    this.valueTarget.dispatchEvent(new Event("change", { bubbles: true }));
  }

  forward(event: { params: { id?: number; name?: string } }): void {
    const { id, name } = event.params;
    if (id !== undefined && name) this.show({ id: String(id), name });
  }

  /** `script-person` and others choose a person by this event. */
  chosen(event: CustomEvent<{ id: string; name: string }>): void {
    this.show(event.detail);
  }

  consult(event: { params: { number?: number | string } }): void {
    announce("hotline:transfer", { number: String(event.params.number ?? "") });
  }

  override connect(): void {
    this.element.addEventListener("card:forward-to", this.onChosen);
  }

  override disconnect(): void {
    this.element.removeEventListener("card:forward-to", this.onChosen);
  }

  private readonly onChosen = (event: Event): void =>
    this.chosen(event as CustomEvent<{ id: string; name: string }>);

  private show(to: { id: string; name: string }): void {
    if (!this.hasForwardTarget) return;
    forwardAfterSaving(this.element, to);
    const away = h("button", { type: "button", class: "btn-close", "aria-label": t("Do not forward") });
    away.addEventListener("click", () => {
      forwardAfterSaving(this.element, null);
      this.forwardTarget.hidden = true;
    });
    this.forwardTarget.replaceChildren(icon("send"), t("After saving: to {name}", { name: to.name }), away);
    this.forwardTarget.hidden = false;
  }

  private get links(): Map<string, string> {
    const pairs = (this.hasValueTarget ? this.valueTarget.value : "").split(" ").filter(Boolean);
    return new Map(
      pairs.map((pair) => {
        const [id = "", kind = ""] = pair.split(":");
        return [id, kind];
      }),
    );
  }

  private idOf(tick: HTMLElement): string {
    return tick.closest<HTMLElement>("[data-history]")?.dataset["history"] ?? "";
  }

  private kindOf(tick: HTMLElement): HTMLSelectElement | null {
    return tick.closest("[data-history]")?.querySelector("select") ?? null;
  }
}
