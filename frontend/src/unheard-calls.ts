// Calls of which the server says nothing: its link to the exchange (AMI) is down, while the telephone itself goes on. The
// INVITE carries the number and the key of the call, so its card opens all the same (DAY-20, docs/telephony.md).

import { ownExtension } from "./call-commands";
import { LiveCalls } from "./live-calls";
import { offerCard } from "./navigate";
import { tellOfCall } from "./paper";
import type { PhoneCall, PhoneView } from "./phone/index";
import { ownedElsewhere, type PhoneLike } from "./phone-host";

/** The push message and the INVITE start together; one of them may be a good deal slower on a busy server. */
export const SILENCE_MS = 1_500;

export class UnheardCalls {
  private readonly live = new LiveCalls(() => undefined);
  /** By the telephone's id: a call is judged once. */
  private readonly rings = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly stop: () => void;

  constructor(phone: PhoneLike) {
    this.stop = phone.subscribe((view) => this.shown(view));
  }

  close(): void {
    for (const timer of this.rings.values()) clearTimeout(timer);
    this.live.close();
    this.stop();
  }

  private shown(view: PhoneView): void {
    const rings = ownedElsewhere(view) ? [] : view.calls.filter((call) => ofCitizen(call));
    for (const [id, timer] of this.rings) {
      if (rings.some((call) => call.id === id)) continue;
      clearTimeout(timer);
      this.rings.delete(id);
    }
    for (const call of rings) {
      if (this.rings.has(call.id)) continue;
      this.rings.set(
        call.id,
        setTimeout(() => void this.judge(call), SILENCE_MS),
      );
    }
  }

  private async judge({ callKey, number }: PhoneCall): Promise<void> {
    if (callKey === null || this.heard(callKey)) return;
    if (await tellOfCall(callKey, number)) await offerCard(callKey, number);
  }

  /** The server knows that the call is here; then it is the server who offers its card. */
  private heard(key: string): boolean {
    const call = this.live.get(key);
    const own = ownExtension();
    return call !== null && (call.operator === own || call.ringing.includes(own));
  }
}

/** What a queue has sent here. Whatever colleagues send goes through the server, which therefore knows of it. */
function ofCitizen(call: PhoneCall): boolean {
  const alive = call.state === "ringing" || call.state === "talking";
  return alive && call.direction === "in" && call.role === "queue" && call.callKey !== null;
}
