// The page's one telephone, shared by the controllers around it. Made when it is first needed.

import { createPhone, type Phone } from "./phone/index";

/** What controllers use of the telephone; tests bring their own. */
export type PhoneLike = Pick<
  Phone,
  "view" | "subscribe" | "start" | "stop" | "answer" | "hangup" | "mute" | "hold" | "dtmf" | "call" | "level"
>;

let phone: PhoneLike | null = null;

export function thePhone(): PhoneLike {
  phone ??= createPhone();
  return phone;
}

/** Put another telephone in its place (tests). */
export function usePhone(other: PhoneLike | null): void {
  phone = other;
}
