import type { RememberedCall } from "../../src/phone/call-memory";
import type { LeaderListener, LeaderPort } from "../../src/phone/leader";
import { type MediaPort, type Microphone, MicrophoneError } from "../../src/phone/media-port";
import type { Account, SipEvent, SipPort } from "../../src/phone/sip-port";
import type { PhoneView } from "../../src/phone/state";

export const ACCOUNT: Account = {
  uri: "sip:101@hotline.invalid",
  password: "secret",
  ws: "/sip",
  iceServers: [],
};

export const MICROPHONE = { id: "microphone" } as MediaStream;

/** A SIP stack that does what the test says and writes down what it was asked. */
export class FakeSip implements SipPort {
  readonly done: string[] = [];
  emit: (event: SipEvent) => void = () => undefined;
  stopped: () => void = () => undefined;
  stopsAtOnce = true;

  start(account: Account, listener: (event: SipEvent) => void): void {
    this.done.push(`start ${account.uri}`);
    this.emit = listener;
  }
  stop(): Promise<void> {
    this.done.push("stop");
    if (this.stopsAtOnce) return Promise.resolve();
    return new Promise((resolve) => {
      this.stopped = resolve;
    });
  }
  register(): void {
    this.done.push("register");
  }
  answer(id: string): void {
    this.done.push(`answer ${id}`);
  }
  call(number: string): void {
    this.done.push(`call ${number}`);
  }
  hangup(id: string): void {
    this.done.push(`hangup ${id}`);
  }
  dtmf(id: string, tone: string): void {
    this.done.push(`dtmf ${id} ${tone}`);
  }
  mute(id: string, on: boolean): void {
    this.done.push(`mute ${id} ${on}`);
  }
  hold(id: string, on: boolean): void {
    this.done.push(`hold ${id} ${on}`);
  }
  renegotiate(id: string): void {
    this.done.push(`renegotiate ${id}`);
  }
  useMicrophone(microphone: MediaStream): void {
    this.done.push(`use ${microphone.id}`);
  }
  async useSpeaker(id: string): Promise<void> {
    this.done.push(`speaker ${id}`);
  }
  async stats(): Promise<null> {
    return null;
  }
  recover(call: RememberedCall): string | null {
    this.done.push(`recover ${call.dialog.callId}`);
    const { number, callKey, role, queue, direction, startedAt, answeredAt } = call;
    const before = { direction, startedAt, answeredAt };
    const id = `again-${call.id}`;
    this.emit({ kind: "outgoing", id, number, callKey, role, queue, before });
    return id;
  }
  abandon(id: string): void {
    this.done.push(`abandon ${id}`);
    this.emit({ kind: "ended", id });
  }
  check(): void {
    this.done.push("check");
  }
  mend(id: string, newPath: boolean): void {
    this.done.push(`mend ${id} ${newPath}`);
  }
}

export class FakeMedia implements MediaPort {
  problem: MicrophoneError["problem"] | null = null;
  isOpen = false;
  private opening = 0;
  change: (microphone: MediaStream | null) => void = () => undefined;
  /** When set, `open` waits for it. */
  gate: Promise<void> = Promise.resolve();

  async open(): Promise<MediaStream> {
    const opening = ++this.opening;
    await this.gate;
    if (opening !== this.opening) throw new Error("closed");
    if (this.problem) throw new MicrophoneError(this.problem);
    this.isOpen = true;
    return MICROPHONE;
  }
  close(): void {
    this.opening++;
    this.isOpen = false;
  }
  level(): number {
    return this.isOpen ? 0.5 : 0;
  }
  onChange(listener: (microphone: MediaStream | null) => void): void {
    this.change = listener;
  }
  switched: () => void = () => undefined;
  onSwitched(listener: () => void): void {
    this.switched = listener;
  }
  current(): Microphone | null {
    return this.isOpen ? { label: "Headset", missing: null, switchedOff: false } : null;
  }
  async choose(): Promise<void> {}
}

export class FakeLeader implements LeaderPort {
  free = true;
  owns = false;
  readonly published: PhoneView[] = [];
  listener: LeaderListener = {
    viewChanged: () => undefined,
    viewWanted: () => undefined,
    lost: () => undefined,
  };

  listen(listener: LeaderListener): void {
    this.listener = listener;
  }
  async acquire(steal: boolean): Promise<boolean> {
    this.owns = this.free || steal;
    return this.owns;
  }
  release(): void {
    this.owns = false;
  }
  publish(view: PhoneView): void {
    if (this.owns) this.published.push(view);
  }
}
