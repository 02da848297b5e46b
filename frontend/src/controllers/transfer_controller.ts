import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { ownExtension, pathOf } from "../call-commands";
import { currentCall } from "../current-call";
import { announce, focusIn, onDocument } from "../dom";
import { dialable } from "../format";
import { t } from "../i18n";
import { LiveCalls } from "../live-calls";
import type { ConsultEnd, LiveCall } from "../model";
import { ownedElsewhere, thePhone } from "../phone-host";
import { toast } from "../toast";

/** Why a colleague did not take a call, by Asterisk's DIALSTATUS. */
function refusal({ to, reason }: ConsultEnd): string {
  if (reason === "BUSY")
    return t("{number} declined or is busy. The citizen comes back to you.", { number: to });
  if (reason === "NOANSWER")
    return t("{number} does not answer. The citizen comes back to you.", { number: to });
  return t("{number} cannot be reached. The citizen comes back to you.", { number: to });
}

/**
 * Transfers: ask a colleague while the citizen waits, talk with both, hand over or come back; send the citizen over at
 * once; park him (telephony.md 6). Asterisk does it; what is shown is what Asterisk says, not what was clicked.
 */
export default class TransferController extends Controller<HTMLElement> {
  static override targets = [
    "number",
    "consult",
    "blind",
    "complete",
    "join",
    "cancel",
    "park",
    "stage",
    "state",
  ];
  declare readonly numberTarget: HTMLInputElement;
  declare readonly consultTarget: HTMLButtonElement;
  declare readonly blindTarget: HTMLButtonElement;
  declare readonly completeTarget: HTMLButtonElement;
  declare readonly joinTarget: HTMLButtonElement;
  declare readonly cancelTarget: HTMLButtonElement;
  declare readonly parkTarget: HTMLButtonElement;
  declare readonly stageTarget: HTMLElement;
  declare readonly stateTarget: HTMLElement;
  private live = new LiveCalls(() => this.show());
  private stops: (() => void)[] = [];
  /** A command that Asterisk has not confirmed yet: its buttons must not be pressed twice. */
  private asked = false;

  override connect(): void {
    this.stops = [
      thePhone().subscribe(() => this.show()),
      onDocument<{ number: string }>("hotline:transfer", ({ number }) => this.prepare(number)),
      onDocument<ConsultEnd>("hotline:consult.ended", (end) => this.ended(end)),
      () => this.live.close(),
    ];
    this.show();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
  }

  /** The call that can be handed over: the one that is talked through, when the citizen is this operator's. */
  private get call(): { key: string; live: LiveCall | null } | null {
    const call = currentCall(thePhone().view);
    if (call?.state !== "talking") return null;
    const live = this.live.of(call, ownExtension());
    const key = live?.key ?? call.callKey;
    // A call of which the pushed messages say nothing (yet) is tried all the same: the server knows whose it is.
    return key === null || (live !== null && live.operator !== ownExtension()) ? null : { key, live };
  }

  private ended(end: ConsultEnd): void {
    if (end.status === "refused" && end.from === ownExtension()) toast(refusal(end), "warning");
    this.show();
  }

  /** A colleague was chosen in the directory or on the card: ready to consult, but a person presses the button. */
  private prepare(number: string): void {
    this.numberTarget.value = number;
    this.show();
    if (this.consultTarget.disabled) toast(t("There is no call to transfer."), "warning");
    focusIn(this.consultTarget.disabled ? this.numberTarget : this.consultTarget);
  }

  async consult(event: Event): Promise<void> {
    event.preventDefault();
    await this.send("consult");
  }

  /** Without asking first. */
  blind(): Promise<void> {
    return this.send("transfer");
  }

  complete(): Promise<void> {
    return this.command("complete");
  }

  /** The citizen joins the two. */
  join(): Promise<void> {
    return this.command("join");
  }

  cancel(): Promise<void> {
    return this.command("cancel");
  }

  async park(): Promise<void> {
    await this.command("park", {}, (answer) => {
      toast(t("The citizen waits at place {slot}.", { slot: Number(answer["slot"]) }), "success");
    });
  }

  /** Something was typed in the number field. */
  typed(): void {
    this.show();
  }

  private async send(verb: string): Promise<void> {
    const extension = dialable(this.numberTarget.value);
    if (extension !== "") await this.command(verb, { extension }, () => announce("hotline:transfer-begun"));
  }

  private async command(
    verb: string,
    json: Record<string, string> = {},
    done: (answer: Record<string, unknown>) => void = () => undefined,
  ): Promise<void> {
    const key = this.call?.key;
    if (key === undefined || this.asked) return;
    this.asked = true;
    this.show();
    try {
      done(await requestJson<Record<string, unknown>>(pathOf(key, verb), { method: "POST", json }));
    } catch (error) {
      toast(explain(error), "danger");
    }
    this.asked = false;
    this.show();
  }

  private show(): void {
    const call = this.call;
    const free = call !== null && !this.asked && !ownedElsewhere(thePhone().view);
    const live = call?.live ?? null;
    const consulting = live?.phase === "consulting";
    const three = live?.phase === "talking" && !!live.consulted;
    const alone = free && !consulting && !three;
    const chosen = dialable(this.numberTarget.value) !== "";
    this.consultTarget.disabled = !alone || !chosen;
    this.blindTarget.disabled = !alone || !chosen;
    this.parkTarget.disabled = !alone;
    this.completeTarget.disabled = !free || !(consulting || three);
    this.joinTarget.disabled = !free || !consulting;
    this.cancelTarget.disabled = !free || !(consulting || three);
    for (const button of [this.parkTarget, this.completeTarget, this.joinTarget, this.cancelTarget])
      button.toggleAttribute("data-busy", this.asked);
    // They stand in the call itself, not in the panel of a tab: on a narrow screen that panel is closed.
    this.stageTarget.hidden = call === null || !(consulting || three);
    this.joinTarget.hidden = three;
    const text = this.words(call !== null, consulting, three);
    if (this.stateTarget.textContent !== text) this.stateTarget.textContent = text;
  }

  private words(talking: boolean, consulting: boolean, three: boolean): string {
    if (consulting) return t("The citizen waits. Hand the call over, or return to the citizen.");
    if (three) return t("Three are talking. Hand the call over to leave, or let the colleague go.");
    if (talking) return t("The citizen will hear music while you ask the colleague.");
    return t("A transfer is possible during a call.");
  }
}
