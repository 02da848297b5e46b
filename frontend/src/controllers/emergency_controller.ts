import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { announce, h, icon, onDocument } from "../dom";
import { t } from "../i18n";
import { toast } from "../toast";
import type { Emergency } from "./alarms_controller";

interface Raised {
  id: number;
  title: string;
  script: string;
  disposition: string;
}

/**
 * «112» (DAY-31): one key while somebody's life is in danger. The words come on the screen, the supervisors learn of it, and
 * the characteristic of the call is offered. The card stays as it is.
 */
export default class EmergencyController extends Controller<HTMLButtonElement> {
  static override values = { call: String };
  declare readonly callValue: string;
  private panel: HTMLElement | null = null;
  private raised: Raised | null = null;
  private stop: () => void = () => undefined;

  override connect(): void {
    this.stop = onDocument<Emergency>("hotline:emergency", (alarm) => this.news(alarm));
  }

  override disconnect(): void {
    this.stop();
    this.panel?.remove();
  }

  async press(): Promise<void> {
    this.element.disabled = true;
    try {
      const json = { call_key: this.callValue || null };
      this.raised = await requestJson<Raised>("/api/emergencies", { method: "POST", json });
      this.show(this.raised);
    } catch (error) {
      // Nobody must wait for a server now.
      toast(
        t("The supervisor could not be alerted: {reason} Dial 112.", { reason: explain(error) }),
        "danger",
      );
    } finally {
      this.element.disabled = false;
    }
  }

  private show(raised: Raised): void {
    this.panel?.remove();
    const state = h("p", { class: "emergency-state", role: "status" }, t("The supervisor is alerted."));
    const dial = h(
      "button",
      { type: "button", class: "btn btn-danger", "data-dial": "112" },
      icon("phone-outgoing"),
      t("Call 112"),
    );
    const buttons: HTMLElement[] = [dial];
    if (raised.disposition && this.callValue) {
      const mark = h("button", { type: "button", class: "btn" }, t("Mark the call as an emergency"));
      mark.addEventListener("click", () => void this.classify(raised.disposition, mark));
      buttons.push(mark);
    }
    const away = h("button", { type: "button", class: "btn btn-ghost-secondary" }, t("Close"));
    away.addEventListener("click", () => this.panel?.remove());
    this.panel = h(
      "section",
      { class: "card-emergency-panel alert alert-danger", "aria-label": "112" },
      h("h2", { class: "h3" }, icon("urgent"), raised.title || "112"),
      h("p", { class: "emergency-script" }, raised.script),
      state,
      h("div", { class: "btn-list" }, ...buttons, away),
    );
    this.element.closest("form")?.prepend(this.panel);
    this.panel.scrollIntoView?.({ block: "nearest" });
    dial.focus();
  }

  private async classify(code: string, button: HTMLButtonElement): Promise<void> {
    try {
      const path = `/api/calls/${encodeURIComponent(this.callValue)}/disposition`;
      await requestJson(path, { method: "POST", json: { code, note: "" } });
      button.disabled = true;
      button.textContent = t("The call is marked as an emergency.");
      announce("hotline:emergency-classified", { call_key: this.callValue });
    } catch (error) {
      toast(explain(error), "danger");
    }
  }

  private news(alarm: Emergency): void {
    const state = this.panel?.querySelector(".emergency-state");
    if (state && alarm.id === this.raised?.id && alarm.seen_by)
      state.textContent = t("{name} knows.", { name: alarm.seen_by });
  }
}
