import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { currentCall } from "../current-call";
import { onDocument } from "../dom";
import { dialable } from "../format";
import { t } from "../i18n";
import { LiveCalls } from "../live-calls";
import { ownedElsewhere, thePhone } from "../phone-host";
import { toast } from "../toast";

/**
 * Warm transfer: ask a colleague while the citizen waits, then hand over or come back (telephony.md 6). Asterisk does
 * it; what is shown is what Asterisk says, not what was clicked.
 */
export default class TransferController extends Controller<HTMLElement> {
  static override targets = ["number", "consult", "complete", "cancel", "state", "tab"];
  declare readonly numberTarget: HTMLInputElement;
  declare readonly consultTarget: HTMLButtonElement;
  declare readonly completeTarget: HTMLButtonElement;
  declare readonly cancelTarget: HTMLButtonElement;
  declare readonly stateTarget: HTMLElement;
  declare readonly tabTargets: HTMLElement[];
  private live = new LiveCalls(() => this.show());
  private stops: (() => void)[] = [];
  /** A command that Asterisk has not confirmed yet: its buttons must not be pressed twice. */
  private asked = false;

  override connect(): void {
    this.stops = [
      thePhone().subscribe(() => this.show()),
      onDocument<{ number: string }>("hotline:transfer", ({ number }) => this.prepare(number)),
      onDocument("hotline:consult.ended", () => this.show()),
      () => this.live.close(),
    ];
    this.show();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
  }

  private get key(): string | null {
    const call = currentCall(thePhone().view);
    return call?.state === "talking" ? call.callKey : null;
  }

  /** A colleague was chosen in the directory or on the card: ready to consult, but a person presses the button. */
  private prepare(number: string): void {
    this.numberTarget.value = number;
    this.tabTargets[0]?.click();
    this.show();
    if (this.consultTarget.disabled) {
      toast(t("There is no call to transfer."), "warning");
      this.numberTarget.focus();
    } else this.consultTarget.focus();
  }

  async consult(event: Event): Promise<void> {
    event.preventDefault();
    const extension = dialable(this.numberTarget.value);
    if (extension !== "") await this.command("consult", { extension });
  }

  complete(): Promise<void> {
    return this.command("complete");
  }

  cancel(): Promise<void> {
    return this.command("cancel");
  }

  /** Something was typed in the number field. */
  typed(): void {
    this.show();
  }

  private async command(verb: string, json: Record<string, string> = {}): Promise<void> {
    const key = this.key;
    if (key === null || this.asked) return;
    this.asked = true;
    this.show();
    try {
      await requestJson(`/api/calls/${encodeURIComponent(key)}/${verb}`, { method: "POST", json });
    } catch (error) {
      toast(explain(error), "danger");
    }
    this.asked = false;
    this.show();
  }

  private show(): void {
    const consulting = this.live.get(this.key)?.phase === "consulting";
    const talking = this.key !== null && !this.asked && !ownedElsewhere(thePhone().view);
    this.consultTarget.disabled = !talking || consulting || dialable(this.numberTarget.value) === "";
    this.completeTarget.disabled = !talking || !consulting;
    this.cancelTarget.disabled = !talking || !consulting;
    const text = consulting
      ? t("The citizen waits. Hand the call over, or return to the citizen.")
      : talking
        ? t("The citizen will hear music while you ask the colleague.")
        : t("A transfer is possible during a call.");
    if (this.stateTarget.textContent !== text) this.stateTarget.textContent = text;
  }
}
