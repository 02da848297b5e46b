// Looks at every conversation once a second: figures every two seconds, alarms as they come and go, one try to mend.

import { type Alarm, type Figures, figures, OneWayWatch, type Sample } from "./quality";
import type { PhoneCall, PhoneView } from "./state";

export interface CallReport extends Figures {
  /** Names this telephone leg of the call; made here, so that no SIP secret leaves the page. */
  leg: string;
  callId: string;
  callKey: string | null;
  alarm: Alarm | null;
}

export interface WatchPorts {
  /** `null` when the call has no sound (yet), or is gone. */
  sample(call: PhoneCall): Promise<Sample | null>;
  /** Try to bring the sound back: by a new network path, or by telling the far end where we are. */
  mend(callId: string, newPath: boolean): void;
  report(report: CallReport): void;
  name(): string;
}

export const LOOK_EVERY_MS = 1_000;
export const REPORT_EVERY_MS = 2_000;
/** Timers come a little early or late; a report must not slip by a whole look for that. */
const SLACK_MS = 250;

interface Watched {
  leg: string;
  watch: OneWayWatch;
  /** The sample from which the next figures count. */
  from: Sample | null;
  alarm: Alarm | null;
  mended: boolean;
}

/** Give it every view of the telephone; it looks by itself while somebody talks. */
export class CallWatch {
  private readonly watched = new Map<string, Watched>();
  private calls: readonly PhoneCall[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;
  private looking = false;

  constructor(private readonly ports: WatchPorts) {}

  show(view: PhoneView): void {
    const mine = view.elsewhere ? [] : view.calls;
    this.calls = mine.filter((call) => call.state === "talking");
    for (const id of [...this.watched.keys()])
      if (!this.calls.some((call) => call.id === id)) this.watched.delete(id);
    if (this.calls.length === 0) this.stop();
    else this.timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** One look at every conversation. */
  async look(): Promise<void> {
    if (this.looking) return; // a browser that is busy answers late; one question at a time
    this.looking = true;
    try {
      for (const call of this.calls) {
        const sample = await this.ports.sample(call);
        if (sample !== null && this.calls.some(({ id }) => id === call.id)) this.take(call, sample);
      }
    } finally {
      this.looking = false;
    }
  }

  private take(call: PhoneCall, sample: Sample): void {
    const watched = this.watchedCall(call.id);
    const alarm = watched.watch.take(sample);
    const changed = alarm !== watched.alarm;
    watched.alarm = alarm;
    if (changed) this.mend(call, watched);
    const from = watched.from;
    if (from === null) {
      watched.from = sample;
      return;
    }
    if (!changed && sample.at - from.at < REPORT_EVERY_MS - SLACK_MS) return;
    watched.from = sample;
    this.ports.report({
      leg: watched.leg,
      callId: call.id,
      callKey: call.callKey,
      alarm,
      ...figures(from, sample, alarm),
    });
  }

  private watchedCall(id: string): Watched {
    let watched = this.watched.get(id);
    if (!watched) {
      watched = { leg: this.ports.name(), watch: new OneWayWatch(), from: null, alarm: null, mended: false };
      this.watched.set(id, watched);
    }
    return watched;
  }

  /** Once for each fault: a second try while the first one is under way would only disturb it. */
  private mend(call: PhoneCall, watched: Watched): void {
    const { alarm } = watched;
    if (alarm === null) watched.mended = false;
    const network = alarm !== null && !alarm.startsWith("microphone");
    if (!network || watched.mended) return;
    watched.mended = true;
    this.ports.mend(call.id, alarm !== "nothing-received");
  }
}
