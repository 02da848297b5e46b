import { Controller } from "@hotwired/stimulus";
import { requestJson } from "../api";
import { announce, h, icon, onDocument } from "../dom";
import { phoneNumber } from "../format";
import { clockTime, t } from "../i18n";
import type { PhoneCall, PhoneView } from "../phone/index";
import { thePhone } from "../phone-host";
import { KEPT, type KeptCall, merged, type Recent, store, stored } from "../recent-calls";

/** The last twenty calls of this telephone (DAY-04), as the server keeps them; a click calls the number back. */
export default class RecentCallsController extends Controller<HTMLElement> {
  static override targets = ["list", "none"];
  declare readonly listTarget: HTMLElement;
  declare readonly noneTarget: HTMLElement;
  private recent: Recent[] = [];
  private stop: () => void = () => undefined;
  private stopNews: () => void = () => undefined;
  /** What this page has seen itself, newest first. */
  private noted: Recent[] = [];

  override connect(): void {
    this.recent = stored();
    this.stop = thePhone().subscribe((view) => this.learn(view));
    this.show();
    this.stopNews = onDocument("hotline:snapshot", () => void this.load());
  }

  override disconnect(): void {
    this.stop();
    this.stopNews();
  }

  /** What this page has noted itself stays on top. Without an answer the tab's own list is shown. */
  private async load(): Promise<void> {
    try {
      const kept = await requestJson<readonly KeptCall[]>("/api/calls/recent");
      this.recent = merged(this.noted, kept);
    } catch {
      return;
    }
    store(this.recent);
    this.show();
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
      const one = { id, number, direction, at: call.startedAt, answered };
      this.recent.unshift(one);
      this.noted.unshift(one);
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
