import type { AudioDevice } from "../src/phone/device-choice";
import type { PhoneCall, PhoneView } from "../src/phone/index";
import type { Microphone } from "../src/phone/media-port";
import type { CallStats } from "../src/phone/quality";
import type { PhoneLike } from "../src/phone-host";

export function phoneCall(change: Partial<PhoneCall> = {}): PhoneCall {
  return {
    id: "a",
    callKey: "pbx1-1.1",
    role: "queue",
    direction: "in",
    number: "79280001122",
    queue: "hotline",
    state: "ringing",
    muted: false,
    held: false,
    startedAt: Date.now(),
    answeredAt: null,
    ...change,
  };
}

/** A telephone that does what the test says and remembers what was asked of it. */
export class FakePhone implements PhoneLike {
  asked: string[] = [];
  onStart: () => void = () => this.become({ status: "active" });
  view: PhoneView = { status: "inactive", calls: [], problem: null };
  private readonly listeners = new Set<(view: PhoneView) => void>();

  become(change: Partial<PhoneView>): void {
    this.view = { ...this.view, ...change };
    for (const listener of [...this.listeners]) listener(this.view);
  }

  subscribe(listener: (view: PhoneView) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async start(): Promise<void> {
    this.asked.push("start");
    this.onStart();
  }

  async takeOver(): Promise<void> {
    this.asked.push("take over");
    this.become({ status: "active", elsewhere: undefined as never });
  }

  async stop(): Promise<void> {
    this.asked.push("stop");
    this.become({ status: "inactive" });
  }

  answer(id?: string): void {
    this.asked.push(`answer ${id}`);
  }

  hangup(id?: string): void {
    this.asked.push(`hangup ${id}`);
  }

  mute(on: boolean): void {
    this.asked.push(`mute ${on}`);
  }

  readonly aside = new Map<string, boolean>();

  away(id: string, on: boolean): void {
    this.aside.set(id, on);
  }

  hold(on: boolean): void {
    this.asked.push(`hold ${on}`);
  }

  dtmf(tone: string): void {
    this.asked.push(`dtmf ${tone}`);
  }

  call(number: string): void {
    this.asked.push(`call ${number}`);
  }

  level(): number {
    return 0.25;
  }

  heard: Microphone | null = { label: "Headset", missing: null, switchedOff: false };
  counted: CallStats | null = null;

  microphone(): Microphone | null {
    return this.heard;
  }

  async useMicrophone(device: AudioDevice | null): Promise<void> {
    this.asked.push(`microphone ${device?.id ?? "default"}`);
  }

  async useSpeaker(id: string): Promise<void> {
    this.asked.push(`speaker ${id}`);
  }

  async stats(): Promise<CallStats | null> {
    return this.counted;
  }

  check(): void {
    this.asked.push("check");
  }

  dismiss(id: string): void {
    this.asked.push(`dismiss ${id}`);
  }

  mend(id: string, newPath: boolean): void {
    this.asked.push(`mend ${id} ${newPath}`);
  }
}
