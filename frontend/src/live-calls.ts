// What the server says about calls that are going on, by key. The softphone knows the sound; this knows the queue, the
// waiting time and the state that Asterisk acknowledged.

import { onDocument } from "./dom";
import type { LiveCall, Snapshot } from "./model";

const KINDS = [
  "started",
  "queued",
  "offered",
  "offer_ended",
  "answered",
  "held",
  "resumed",
  "consulting",
  "transferred",
  "ended",
  "recovered",
] as const;

export class LiveCalls {
  private readonly calls = new Map<string, LiveCall>();
  private readonly stops: (() => void)[];

  /** `changed` is called after every message about calls. */
  constructor(changed: () => void) {
    const one = (call: LiveCall): void => {
      if (call.phase === "ended") this.calls.delete(call.key);
      else this.calls.set(call.key, call);
      changed();
    };
    this.stops = KINDS.map((kind) => onDocument<LiveCall>(`hotline:call.${kind}`, one));
    this.stops.push(
      onDocument<Snapshot>("hotline:snapshot", (snapshot) => {
        this.calls.clear();
        for (const call of snapshot.calls) this.calls.set(call.key, call);
        changed();
      }),
    );
  }

  get(key: string | null): LiveCall | null {
    return key === null ? null : (this.calls.get(key) ?? null);
  }

  close(): void {
    for (const stop of this.stops) stop();
  }
}
