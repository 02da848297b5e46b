// The page's one telephone, shared by the controllers around it. Made when it is first needed.

import { createPhone, type Phone, type PhoneView } from "./phone/index";

/** What controllers use of the telephone; tests bring their own. */
export type PhoneLike = Pick<
  Phone,
  | "view"
  | "subscribe"
  | "start"
  | "takeOver"
  | "stop"
  | "answer"
  | "hangup"
  | "mute"
  | "hold"
  | "away"
  | "dtmf"
  | "call"
  | "level"
  | "check"
  | "dismiss"
  | "microphone"
  | "useMicrophone"
  | "useSpeaker"
  | "stats"
  | "mend"
>;

let phone: PhoneLike | null = null;

/** True while another tab owns the telephone: this one shows it and touches nothing (DAY-22). */
export function ownedElsewhere(view: PhoneView): boolean {
  return view.elsewhere === true;
}

export function thePhone(): PhoneLike {
  phone ??= createPhone();
  return phone;
}

/** Put another telephone in its place (tests). */
export function usePhone(other: PhoneLike | null): void {
  phone = other;
}
