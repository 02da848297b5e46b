import type { CallMemory, Dialog } from "./call-memory";
import type { AudioDevice } from "./device-choice";
import type { LeaderPort } from "./leader";
import { type MediaPort, type Microphone, MicrophoneError } from "./media-port";
import type { CallStats } from "./quality";
import type { Account, SipEvent, SipPort } from "./sip-port";
import {
  type Effect,
  INITIAL,
  type PhoneEvent,
  type PhoneState,
  type PhoneView,
  step,
  target,
} from "./state";

/** How long a conversation without media is waited for before it is made anew (telephony.md 3.4). */
export const MEDIA_LOST_MS = 10_000;
const REGISTER_AGAIN_MS = 3_000;

export interface PhonePorts {
  sip: SipPort;
  media: MediaPort;
  now: () => number;
  /** Decides which tab owns the telephone; without one, this page does. */
  leader?: LeaderPort;
  /** Lets a page take its calls back after a reload. */
  memory?: CallMemory;
}

/** The operator's telephone: runs the state machine's effects on its ports and tells subscribers what to show. */
export class Phone {
  private state: PhoneState = INITIAL;
  private mirrored: PhoneView | null = null;
  private readonly listeners = new Set<(view: PhoneView) => void>();
  private account: Account | null = null;
  private stream: MediaStream | null = null;
  private readonly watches = new Map<string, ReturnType<typeof setTimeout>>();
  /** Calls that are being taken back, and the silent call of this page that each of them replaces. */
  private readonly recovering = new Map<string, string | null>();
  private again: ReturnType<typeof setTimeout> | undefined;
  private stopping: Promise<void> = Promise.resolve();
  /** Counts starts and stops, so that a microphone check that finishes late knows that it is not wanted any more. */
  private run = 0;

  constructor(private readonly ports: PhonePorts) {
    ports.media.onChange((microphone) => this.microphoneChanged(microphone));
    ports.media.onSwitched(() => this.tell());
    ports.leader?.listen({
      viewChanged: (view) => this.mirror(view),
      viewWanted: () => this.ports.leader?.publish(this.view),
      lost: () => this.take({ kind: "taken-over" }),
    });
  }

  get view(): PhoneView {
    if (this.mirrored !== null) return { ...this.mirrored, elsewhere: true };
    const { status, calls, problem, elsewhere } = this.state;
    return elsewhere ? { status, calls, problem, elsewhere } : { status, calls, problem };
  }

  /** Call `listener` after every change; returns how to stop. */
  subscribe(listener: (view: PhoneView) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Check the microphone, then connect and register. Resolves when the microphone is known; whether the telephone
   * became active, the view tells. Does nothing while it runs already, or in another tab (`view.elsewhere`).
   */
  async start(account: Account): Promise<void> {
    await this.begin(account, false);
  }

  /** Like {@link Phone.start}, and take the telephone away from the tab that owns it. Only on the user's wish. */
  async takeOver(account: Account): Promise<void> {
    await this.begin(account, true);
  }

  /** Hang up, unregister, release the microphone. */
  async stop(): Promise<void> {
    if (this.mirrored !== null) return;
    this.ports.memory?.clear();
    this.take({ kind: "stop" });
    await this.stopping;
  }

  answer(id?: string): void {
    const call = this.find(id, ["ringing"]);
    if (call && this.stream) this.ports.sip.answer(call, this.stream);
  }

  hangup(id?: string): void {
    const call = this.find(id, ["ringing", "calling", "talking"]);
    if (call) this.ports.sip.hangup(call);
  }

  mute(on: boolean, id?: string): void {
    const call = this.find(id, ["talking"]);
    if (call) this.ports.sip.mute(call, on);
  }

  /** Does nothing without a connection: an in-dialog request would end the call (telephony.md 3.3). */
  hold(on: boolean, id?: string): void {
    const call = this.find(id, ["talking"]);
    if (call && this.state.status === "active") this.ports.sip.hold(call, on);
  }

  /**
   * The server says whether the citizen is with this call. While he is on hold, or a colleague is asked, a page that was
   * reloaded takes nothing back: Asterisk would lead him away from where he waits (docs/telephony.md).
   */
  away(id: string, on: boolean): void {
    this.ports.memory?.setAway(id, on);
  }

  dtmf(tone: string, id?: string): void {
    const call = this.find(id, ["talking"]);
    if (call && /^[0-9*#A-D]$/.test(tone)) this.ports.sip.dtmf(call, tone);
  }

  /** Dial. Does nothing while the telephone is not active. `card`: what the call is about (`appeal-12`). */
  call(number: string, card = ""): void {
    if (this.mirrored === null && this.state.status === "active" && this.stream && number !== "")
      this.ports.sip.call(number, this.stream, card);
  }

  /** The server knows that this call is over: end it here. Without a word to the exchange, in case it is mistaken. */
  dismiss(id: string): void {
    const call = this.find(id, ["talking"]);
    if (call) this.ports.sip.abandon(call);
  }

  /** The network changed or the machine slept: find out now whether the connection lives. */
  check(): void {
    if (this.mirrored === null && this.state.status !== "inactive") this.ports.sip.check();
  }

  /** Microphone level for the meter, 0 to 1. */
  level(): number {
    return this.ports.media.level();
  }

  /** The microphone in use; `null` while there is none. A change of it is told to subscribers. */
  microphone(): Microphone | null {
    return this.ports.media.current();
  }

  /** Choose the microphone, before or during a call; `null` is the default one. See {@link MediaPort.choose}. */
  useMicrophone(device: AudioDevice | null): Promise<void> {
    return this.ports.media.choose(device);
  }

  /** Choose where the far ends are heard; `""` is the default output. */
  useSpeaker(id: string): Promise<void> {
    return this.ports.sip.useSpeaker(id);
  }

  /** The browser's figures about a call of this page; `null` when there are none. */
  stats(id: string): Promise<CallStats | null> {
    return this.ports.sip.stats(id);
  }

  /** Try to bring lost sound back. Does nothing without a connection: SIP recovers first. */
  mend(id: string, newPath: boolean): void {
    if (this.state.status === "active") this.ports.sip.mend(id, newPath);
  }

  private async begin(account: Account, steal: boolean): Promise<void> {
    if (this.state.status !== "inactive") return;
    const run = ++this.run;
    await this.stopping;
    if (this.ports.leader && !(await this.ports.leader.acquire(steal))) return;
    if (run !== this.run || this.state.status !== "inactive") return;
    this.mirrored = null;
    this.account = account;
    this.take({ kind: "start" });
    try {
      const microphone = await this.ports.media.open();
      if (run !== this.run) return;
      this.stream = microphone;
      this.take({ kind: "microphone-ready" });
    } catch (error) {
      if (run !== this.run) return; // stopped meanwhile
      if (!(error instanceof MicrophoneError)) throw error;
      this.take({ kind: "microphone-failed", problem: error.problem });
    }
  }

  private find(id: string | undefined, wanted: Parameters<typeof target>[2]): string | null {
    return this.mirrored === null ? (target(this.state, id, wanted)?.id ?? null) : null;
  }

  private take(event: PhoneEvent): void {
    const before = this.state;
    const { state, effects } = step(before, event, this.ports.now());
    this.state = state;
    if (state !== before) this.tell();
    for (const effect of effects) this.apply(effect);
  }

  private apply(effect: Effect): void {
    switch (effect.kind) {
      case "open-microphone":
        break; // begin() does it, because its caller waits for the result
      case "connect":
        if (this.account) this.ports.sip.start(this.account, (event) => this.heard(event));
        break;
      case "register-later":
        clearTimeout(this.again);
        this.again = setTimeout(() => this.ports.sip.register(), REGISTER_AGAIN_MS);
        break;
      case "recover":
        this.recoverAll();
        break;
      case "disconnect":
        this.disconnect(effect.quietly === true);
        break;
      case "renegotiate":
        // Silent as well: the way of the sound has changed with the network.
        if (this.watches.has(effect.id)) this.ports.sip.mend(effect.id, true);
        else this.ports.sip.renegotiate(effect.id);
        break;
      case "drop":
        this.ports.sip.hangup(effect.id);
        break;
      case "forget":
        this.take({ kind: "forget", id: effect.id });
        break;
      case "watch-media":
        this.watch(effect.id);
        break;
      case "unwatch-media":
        clearTimeout(this.watches.get(effect.id));
        this.watches.delete(effect.id);
        break;
    }
  }

  private watch(id: string): void {
    if (this.watches.has(id)) return;
    const again = (): void => {
      this.watches.delete(id);
      // Without signalling nothing can be made anew; the server keeps the citizen meanwhile.
      if (this.state.status !== "active") this.watch(id);
      else if (!this.recover(id)) this.ports.sip.abandon(id);
    };
    this.watches.set(id, setTimeout(again, MEDIA_LOST_MS));
  }

  /** Pass on what the SIP stack says; on the way, learn and forget what a reload would need. */
  private heard(event: SipEvent): void {
    if (event.kind === "accepted") this.remember(event.id, event.dialog);
    if (event.kind === "ended") this.forgetDialog(event.id);
    this.take(event);
  }

  private remember(id: string, dialog: Dialog | undefined): void {
    this.recovering.delete(id);
    const call = this.state.calls.find((one) => one.id === id);
    if (!call || !dialog || !this.account) return;
    // A supervisor's part in a talk is not taken back: a channel that took its place would be unknown to the server.
    if (call.role === "supervision") return;
    const { number, callKey, role, queue, direction, startedAt } = call;
    const answeredAt = call.answeredAt ?? this.ports.now();
    const owner = this.account.uri;
    const facts = { owner, id, dialog, number, callKey, role, queue, direction, startedAt, answeredAt };
    this.ports.memory?.keep(facts);
  }

  private forgetDialog(id: string): void {
    this.ports.memory?.drop(id);
    const silent = this.recovering.get(id);
    this.recovering.delete(id);
    // It could not be taken back, so the exchange has it no longer (or the server will ring): what is left is a ghost.
    if (silent) this.ports.sip.abandon(silent);
  }

  /** After a reload: take back every call that this tab had. */
  private recoverAll(): void {
    const calls = this.ports.memory?.load() ?? [];
    this.ports.memory?.clear();
    for (const call of calls) {
      if (!this.stream || call.owner !== this.account?.uri || call.away) continue;
      const id = this.ports.sip.recover(call, this.stream);
      if (id !== null) this.recovering.set(id, null);
    }
  }

  /** Make a call anew whose sound is lost; false when that is impossible. */
  private recover(silent: string): boolean {
    const call = this.ports.memory?.load().find(({ id }) => id === silent);
    if (!call || call.away || !this.stream || [...this.recovering.values()].includes(silent)) return false;
    const id = this.ports.sip.recover(call, this.stream);
    if (id !== null) this.recovering.set(id, silent);
    return id !== null;
  }

  private disconnect(quietly: boolean): void {
    this.run++;
    this.recovering.clear();
    clearTimeout(this.again);
    this.account = null;
    this.stream = null;
    this.stopping = this.ports.sip.stop(quietly).finally(() => {
      // Released only now: the next tab must not register before this one has left.
      this.ports.media.close();
      this.ports.leader?.release();
    });
  }

  private microphoneChanged(microphone: MediaStream | null): void {
    if (this.state.status === "inactive") return;
    if (microphone === null) {
      this.take({ kind: "microphone-lost" });
      return;
    }
    this.stream = microphone;
    this.ports.sip.useMicrophone(microphone);
    this.take({ kind: "microphone-back" });
    this.tell();
  }

  /** Another tab's telephone changed; `null`: no tab has it any more. */
  private mirror(view: PhoneView | null): void {
    if (this.state.status !== "inactive") return;
    this.mirrored = view !== null && view.status !== "inactive" ? view : null;
    this.tell();
  }

  private tell(): void {
    const view = this.view;
    if (this.mirrored === null) this.ports.leader?.publish(view);
    for (const listener of [...this.listeners]) listener(view);
  }
}
