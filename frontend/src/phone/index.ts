// The operator's telephone in the browser. docs/internals.md, "The page and its scripts", holds the agreement.

import { StoredCalls } from "./call-memory";
import { JsSipAdapter } from "./jssip-adapter";
import { TabLeader } from "./leader";
import { BrowserMedia } from "./media-port";
import { Phone } from "./phone";

export type { LeaderPort } from "./leader";
export type { MediaPort } from "./media-port";
export { Phone, type PhonePorts } from "./phone";
export type { Account, SipEvent, SipPort } from "./sip-port";
export type { CallState, PhoneCall, PhoneProblem, PhoneStatus, PhoneView } from "./state";

/** Make the page's telephone: JsSIP, the browser's microphone, one owner among the tabs. */
export function createPhone(): Phone {
  const sip = new JsSipAdapter();
  const media = new BrowserMedia();
  const now = (): number => Date.now();
  const memory = new StoredCalls(sessionStorage);
  // Web Locks need a secure context; without one there is no microphone either, so nothing can be owned.
  if (!navigator.locks) return new Phone({ sip, media, now, memory });
  const leader = new TabLeader(navigator.locks, new BroadcastChannel("hotline-softphone"));
  return new Phone({ sip, media, now, memory, leader });
}
