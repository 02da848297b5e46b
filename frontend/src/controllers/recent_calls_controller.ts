import { Controller } from "@hotwired/stimulus";
import { announce, h, icon } from "../dom";
import { phoneNumber } from "../format";
import { clockTime, t } from "../i18n";
import type { PhoneCall, PhoneView } from "../phone/index";
import { thePhone } from "../phone-host";
import { KEPT, type Recent, store, stored } from "../recent-calls";

/** The last twenty calls of this telephone (DAY-04); a click calls the number back. Forgotten with the tab. */
export default class RecentCallsController extends Controller<HTMLElement> {
  static override targets = ["list", "none"];
  declare readonly listTarget: HTMLElement;
  declare readonly noneTarget: HTMLElement;
  private recent: Recent[] = [];
  private stop: () => void = () => undefined;

  override connect(): void {
    this.recent = stored();
    this.stop = thePhone().subscribe((view) => this.learn(view));
    this.show();
  }

  override disconnect(): void {
    this.stop();
  }

  private learn(view: PhoneView): void {
    let changed = false;
    for (const call of view.calls) changed = this.note(call) || changed;
    if (!changed) return;
    this.recent = this.recent.slice(0, KEPT);
    store(this.recent);
    this.show();
  }

  private note(call: PhoneCall): boolean {
    const answered = call.answeredAt !== null;
    const known = this.recent.find((one) => one.id === call.id);
    if (!known) {
      const { id, number, direction } = call;
      this.recent.unshift({ id, number, direction, at: call.startedAt, answered });
      return true;
    }
    if (known.answered === answered) return false;
    known.answered = answered;
    return true;
  }

  private show(): void {
    this.noneTarget.hidden = this.recent.length > 0;
    this.listTarget.replaceChildren(...this.recent.map((call) => this.row(call)));
  }

  private row(call: Recent): HTMLLIElement {
    const kind = call.direction === "out" ? t("outgoing") : call.answered ? t("incoming") : t("missed");
    const drawing =
      call.direction === "out" ? "phone-outgoing" : call.answered ? "phone-incoming" : "phone-x";
    const number = call.number === "" ? t("Hidden number") : phoneNumber(call.number);
    const button = h(
      "button",
      {
        type: "button",
        class: "recent-call",
        "data-missed": !call.answered && call.direction === "in",
        disabled: call.number === "",
      },
      icon(drawing),
      h("span", { class: "recent-number" }, number),
      h("span", { class: "recent-kind" }, kind),
      h("time", { class: "recent-time" }, clockTime(call.at)),
    );
    button.addEventListener("click", () => announce("hotline:dial", { number: call.number }));
    return h("li", {}, button);
  }
}
