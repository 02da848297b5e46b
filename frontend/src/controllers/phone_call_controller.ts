import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestJson } from "../api";
import { secondsSince } from "../clock";
import { currentCall } from "../current-call";
import { onDocument } from "../dom";
import { duration, phoneNumber } from "../format";
import { t } from "../i18n";
import { LiveCalls } from "../live-calls";
import type { LiveCall } from "../model";
import type { PhoneCall } from "../phone/index";
import { ownedElsewhere, thePhone } from "../phone-host";
import { toast } from "../toast";

function headline(call: PhoneCall, live: LiveCall | null): string {
  if (live?.phase === "consulting" && call.state === "talking")
    return call.role === "consult"
      ? t("A colleague asks for help")
      : t("Talking to a colleague, the citizen waits");
  switch (call.state) {
    case "ringing":
      return call.role === "consult" ? t("A colleague asks for help") : t("Incoming call");
    case "calling":
      return t("Calling…");
    case "talking":
      return call.held ? t("On hold") : t("Talking");
    case "ended":
      return t("Ended");
  }
}

/** The call itself: who, from which queue, how long; answer, hang up, mute, hold, keypad, dial. */
export default class PhoneCallController extends Controller<HTMLElement> {
  static override targets = [
    "panel",
    "headline",
    "number",
    "match",
    "queue",
    "time",
    "timeLabel",
    "answer",
    "hangup",
    "mute",
    "hold",
    "keypad",
    "keypadToggle",
    "recording",
    "dialNumber",
    "dial",
  ];
  declare readonly panelTarget: HTMLElement;
  declare readonly headlineTarget: HTMLElement;
  declare readonly numberTarget: HTMLElement;
  declare readonly matchTarget: HTMLElement;
  declare readonly queueTarget: HTMLElement;
  declare readonly timeTarget: HTMLElement;
  declare readonly timeLabelTarget: HTMLElement;
  declare readonly answerTarget: HTMLButtonElement;
  declare readonly hangupTarget: HTMLButtonElement;
  declare readonly muteTarget: HTMLButtonElement;
  declare readonly holdTarget: HTMLButtonElement;
  declare readonly keypadTarget: HTMLElement;
  declare readonly keypadToggleTarget: HTMLButtonElement;
  declare readonly recordingTarget: HTMLElement;
  declare readonly dialNumberTarget: HTMLInputElement;
  declare readonly dialTarget: HTMLButtonElement;
  private live = new LiveCalls(() => this.show());
  private stops: (() => void)[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  override connect(): void {
    this.stops = [
      thePhone().subscribe(() => this.show()),
      onDocument<{ number: string }>("hotline:dial", ({ number }) => void this.place(number)),
      () => this.live.close(),
    ];
    this.timer = setInterval(() => this.showTime(), 1_000);
    this.show();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    clearInterval(this.timer);
  }

  private get call(): PhoneCall | null {
    return currentCall(thePhone().view);
  }

  answer(): void {
    const ringing = thePhone().view.calls.find((call) => call.state === "ringing");
    if (ringing) thePhone().answer(ringing.id);
  }

  /** While signalling is away a BYE cannot be sent, so Asterisk is asked through the server (telephony.md 3.3). */
  async hangup(): Promise<void> {
    const call = this.call;
    if (!call) return;
    if (thePhone().view.status === "active" || call.callKey === null) thePhone().hangup(call.id);
    else await this.command(call.callKey, "hangup");
  }

  mute(): void {
    if (this.call) thePhone().mute(!this.call.muted);
  }

  async hold(): Promise<void> {
    const call = this.call;
    if (call?.state !== "talking") return;
    if (thePhone().view.status === "active" || call.callKey === null) thePhone().hold(!call.held);
    else await this.command(call.callKey, call.held ? "resume" : "hold");
  }

  toggleKeypad(): void {
    this.keypadTarget.hidden = !this.keypadTarget.hidden;
    this.keypadToggleTarget.setAttribute("aria-expanded", String(!this.keypadTarget.hidden));
  }

  /** A key of the keypad: a tone in a call, else a digit of the number to dial. */
  press(event: { params: { tone?: string | number } }): void {
    const tone = String(event.params.tone ?? "");
    if (this.call?.state === "talking") thePhone().dtmf(tone);
    else this.dialNumberTarget.value += tone;
  }

  dialTyped(event: Event): void {
    event.preventDefault();
    void this.place(this.dialNumberTarget.value);
  }

  /** The server knows how a number is written for the exchange, and which ones make no sense (hotline/journal/dialling). */
  private async place(typed: string): Promise<void> {
    if (typed.trim() === "") return;
    if (thePhone().view.status !== "active") {
      toast(t("Start work first: the telephone is not active."), "warning");
    } else if (this.call) {
      toast(t("Finish the call first"), "warning");
    } else {
      await this.dialChecked(typed);
    }
  }

  private async dialChecked(typed: string): Promise<void> {
    try {
      const { number } = await requestJson<{ number: string }>("/api/dial", {
        method: "POST",
        json: { number: typed },
      });
      // Somebody may have called while the answer was under way.
      if (this.call) return;
      thePhone().call(number);
      this.dialNumberTarget.value = "";
    } catch (error) {
      const why = error instanceof ApiError ? error.details["number"] : undefined;
      toast(
        typeof why === "string" ? t("«{number}» {reason}.", { number: typed, reason: why }) : explain(error),
        "danger",
      );
    }
  }

  private async command(key: string, verb: string): Promise<void> {
    try {
      await requestJson(`/api/calls/${encodeURIComponent(key)}/${verb}`, { method: "POST", json: {} });
    } catch (error) {
      toast(explain(error), "danger");
    }
  }

  private show(): void {
    const call = this.call;
    const elsewhere = ownedElsewhere(thePhone().view);
    const active = thePhone().view.status === "active" && !elsewhere;
    this.panelTarget.hidden = call === null;
    this.element.dataset["call"] = call?.state ?? "none";
    this.dialTarget.disabled = !active || call !== null;
    if (call === null) return;
    const live = this.live.get(call.callKey);
    this.setText(this.headlineTarget, headline(call, live));
    this.setText(this.numberTarget, call.number === "" ? t("Hidden number") : phoneNumber(call.number));
    const match = live?.caller_display ?? "";
    this.setText(this.matchTarget, phoneNumber(match) === this.numberTarget.textContent ? "" : match);
    this.setText(this.queueTarget, live?.queue ?? call.queue ?? "");
    this.answerTarget.hidden = call.state !== "ringing";
    this.answerTarget.disabled = elsewhere;
    this.hangupTarget.disabled = elsewhere;
    this.recordingTarget.hidden = !(live?.recorded && call.state === "talking");
    this.showToggles(call);
    this.showTime();
  }

  private showToggles(call: PhoneCall): void {
    const talking = call.state === "talking" && !ownedElsewhere(thePhone().view);
    this.muteTarget.disabled = !talking;
    this.holdTarget.disabled = !talking;
    this.keypadToggleTarget.disabled = !talking;
    this.muteTarget.setAttribute("aria-pressed", String(call.muted));
    this.holdTarget.setAttribute("aria-pressed", String(call.held));
  }

  /** Until the answer: how long the citizen has waited; afterwards: how long the talk lasts. */
  private showTime(): void {
    const call = this.call;
    if (!call) return;
    const live = this.live.get(call.callKey);
    const waits = call.state === "ringing" && live?.queued_at;
    const since = call.answeredAt ?? call.startedAt;
    this.setText(
      this.timeLabelTarget,
      waits ? t("waits") : call.answeredAt === null ? t("rings") : t("talk"),
    );
    const seconds = waits ? secondsSince(waits) : (Date.now() - since) / 1000;
    this.setText(this.timeTarget, duration(seconds));
  }

  private setText(element: HTMLElement, text: string): void {
    if (element.textContent !== text) element.textContent = text;
    element.hidden = text === "";
  }
}
