// What the server says about calls that are going on, by key. The softphone knows the sound; this knows the queue, the
// waiting time and the state that Asterisk acknowledged.

import { onDocument } from "./dom";
import type { ConsultEnd, LiveCall, Snapshot } from "./model";
import type { PhoneCall } from "./phone/index";

const KINDS = [
  "started",
  "queued",
  "offered",
  "offer_ended",
  "answered",
  "held",
  "resumed",
  "parked",
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
      onDocument<ConsultEnd>("hotline:consult.ended", ({ call_key: key }) => {
        const call = this.calls.get(key);
        // No event of the call tells that a colleague has left it.
        if (call) this.calls.set(key, { ...call, consulted: null });
        changed();
      }),
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

  /** What the server knows of a call of this telephone; `own` is the internal number. */
  of(call: PhoneCall | null, own: string): LiveCall | null {
    if (call === null || call.callKey !== null) return this.get(call?.callKey ?? null);
    // A call that we dialled ourselves got its key from the exchange, which tells it to nobody but the server.
    const dialled = [...this.calls.values()].filter((one) => one.direction !== "in" && one.caller === own);
    return dialled.at(-1) ?? null;
  }

  close(): void {
    for (const stop of this.stops) stop();
  }
}
