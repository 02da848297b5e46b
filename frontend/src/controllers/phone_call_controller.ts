import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestJson } from "../api";
import { command, holdCall, isHeld, ownExtension, pathOf } from "../call-commands";
import { secondsSince } from "../clock";
import { chooseCall, currentCall, otherCalls } from "../current-call";
import { announce, onDocument } from "../dom";
import { duration, phoneNumber } from "../format";
import { t } from "../i18n";
import { LiveCalls } from "../live-calls";
import type { LiveCall } from "../model";
import { otherCallBadge } from "../other-call";
import type { PhoneCall } from "../phone/index";
import { ownedElsewhere, thePhone } from "../phone-host";
import { lastDialled } from "../recent-calls";
import { toast } from "../toast";

/** What telephones are used to for taking a call that rings at a colleague. */
const PICK_UP = "*8";

/** What a ring is about, by `X-Call-Role`. */
const RINGS: Readonly<Record<string, () => string>> = {
  consult: () => t("A colleague asks for help"),
  transfer: () => t("A colleague hands a citizen over"),
  parked: () => t("The parked citizen"),
  pickup: () => t("The call that you picked up"),
  back: () => t("The citizen comes back to you"),
  supervision: () => t("You are connected with the talk"),
  callback: () => t("Answer, and the citizen who asked for a call is dialled"),
};

function headline(call: PhoneCall, live: LiveCall | null): string {
  if (call.role === "supervision" && call.state === "talking" && live?.operator !== ownExtension())
    return t("You take part in an operator's talk");
  if (live?.phase === "consulting" && call.state === "talking")
    return call.role === "consult"
      ? t("A colleague asks for help")
      : t("Talking to a colleague, the citizen waits");
  switch (call.state) {
    case "ringing":
      return RINGS[call.role]?.() ?? t("Incoming call");
    case "calling":
      return call.answeredAt === null ? t("Calling…") : t("Restoring the call…");
    case "talking":
      if (isHeld(call, live)) return t("On hold");
      return live?.consulted ? t("Three are talking") : t("In conversation");
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
    "others",
    "redial",
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
  declare readonly othersTarget: HTMLElement;
  declare readonly redialTarget: HTMLButtonElement;
  private live = new LiveCalls(() => this.show());
  private stops: (() => void)[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Hold was asked for and is not confirmed yet. */
  private holding = false;

  override connect(): void {
    this.stops = [
      thePhone().subscribe(() => this.show()),
      onDocument<{ number: string; card?: string }>(
        "hotline:dial",
        ({ number, card }) => void this.place(number, card),
      ),
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

  private get liveCall(): LiveCall | null {
    return this.live.of(this.call, ownExtension());
  }

  async answer(): Promise<void> {
    const ringing = thePhone().view.calls.find((call) => call.state === "ringing");
    if (ringing) await this.turnTo(ringing);
  }

  /** Go over to another call of this telephone. Whoever is talked with now waits on hold; nobody is cut off. */
  private async turnTo(next: PhoneCall): Promise<void> {
    const now = this.call;
    if (now?.state === "talking" && now.id !== next.id && !(await holdCall(now, this.liveCall, true))) return;
    chooseCall(next.id);
    if (next.state === "ringing") thePhone().answer(next.id);
    else await holdCall(next, this.live.of(next, ownExtension()), false);
    this.show();
  }

  /** While signalling is away a BYE cannot be sent, so Asterisk is asked through the server (telephony.md 3.3). */
  async hangup(): Promise<void> {
    const call = this.call;
    if (!call) return;
    const key = this.liveCall?.key ?? call.callKey;
    if (thePhone().view.status === "active" || key === null) thePhone().hangup(call.id);
    else await command(pathOf(key, "hangup"));
  }

  mute(): void {
    if (this.call) thePhone().mute(!this.call.muted, this.call.id);
  }

  async hold(): Promise<void> {
    const call = this.call;
    if (call?.state !== "talking" || this.holding) return;
    this.holding = true;
    this.show();
    await holdCall(call, this.liveCall, !isHeld(call, this.liveCall));
    this.holding = false;
    this.show();
  }

  toggleKeypad(): void {
    this.keypadTarget.hidden = !this.keypadTarget.hidden;
    this.keypadToggleTarget.setAttribute("aria-expanded", String(!this.keypadTarget.hidden));
  }

  /** A key of the keypad: a tone in a call, else a digit of the number to dial. */
  press(event: { params: { tone?: string | number } }): void {
    const tone = String(event.params.tone ?? "");
    if (this.call?.state === "talking") thePhone().dtmf(tone, this.call.id);
    else this.dialNumberTarget.value += tone;
  }

  dialTyped(event: Event): void {
    event.preventDefault();
    void this.place(this.dialNumberTarget.value);
  }

  /** The server knows how a number is written for the exchange, and which ones make no sense (hotline/journal/dialling). */
  private async place(typed: string, card = ""): Promise<void> {
    if (typed.trim() === "") return;
    if (typed.trim() === PICK_UP) {
      this.dialNumberTarget.value = "";
      announce("hotline:pick-up");
      return;
    }
    if (thePhone().view.status !== "active") {
      toast(t("Start work first: the telephone is not active."), "warning");
    } else if (this.call) {
      toast(t("Finish the call first"), "warning");
    } else {
      await this.dialChecked(typed, card);
    }
  }

  private async dialChecked(typed: string, card: string): Promise<void> {
    try {
      const { number } = await requestJson<{ number: string }>("/api/dial", {
        method: "POST",
        json: { number: typed },
      });
      // Somebody may have called while the answer was under way.
      if (this.call) return;
      thePhone().call(number, card);
      this.dialNumberTarget.value = "";
    } catch (error) {
      const why = error instanceof ApiError ? error.details["number"] : undefined;
      toast(typeof why === "string" ? `«${typed}»: ${why}` : explain(error), "danger");
    }
  }

  /** The number that was dialled last on this telephone, once more. */
  redial(): void {
    const last = lastDialled();
    if (last === null) toast(t("Nothing was dialled yet in this session."), "warning");
    else void this.place(last);
  }

  private show(): void {
    const call = this.call;
    const elsewhere = ownedElsewhere(thePhone().view);
    const active = thePhone().view.status === "active" && !elsewhere;
    this.panelTarget.hidden = call === null;
    this.element.dataset["call"] = call?.state ?? "none";
    this.element.toggleAttribute("data-held", call !== null && isHeld(call, this.liveCall));
    this.dialTarget.disabled = !active || call !== null;
    this.redialTarget.disabled = this.dialTarget.disabled;
    this.showOthers(elsewhere);
    if (call === null) return;
    const live = this.liveCall;
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
    const live = this.liveCall;
    // While a colleague is asked, or talks with the two, the citizen is not this button's.
    this.holdTarget.toggleAttribute("data-busy", this.holding);
    this.holdTarget.disabled = !talking || this.holding || live?.phase === "consulting" || !!live?.consulted;
    this.keypadToggleTarget.disabled = !talking;
    this.muteTarget.setAttribute("aria-pressed", String(call.muted));
    this.holdTarget.setAttribute("aria-pressed", String(isHeld(call, live)));
  }

  /** A second call that rings and a first one that waits: a badge each, with what can be done about it. */
  private showOthers(elsewhere: boolean): void {
    const others = otherCalls(thePhone().view);
    this.othersTarget.hidden = others.length === 0;
    this.othersTarget.replaceChildren(
      ...others.map((call) =>
        otherCallBadge(call, elsewhere, {
          turnTo: () => void this.turnTo(call),
          decline: () => thePhone().hangup(call.id),
        }),
      ),
    );
  }

  /** Until the answer: how long the citizen has waited; afterwards: how long the talk lasts. */
  private showTime(): void {
    const call = this.call;
    if (!call) return;
    const live = this.liveCall;
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
