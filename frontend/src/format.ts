// How numbers and spans of time are written for people. The server writes them the same way (hotline/web/i18n.py).

/** Write seconds as `m:ss`, from an hour on as `h:mm:ss`. A negative span (clocks differ) counts as none. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** Group the digits of a Russian number as `+7 928 000-11-22`; leave internal and foreign numbers as they came. */
export function phoneNumber(raw: string): string {
  const digits = raw.replace(/\D/g, "");
  let national = "";
  if (digits.length === 11 && (digits.startsWith("7") || digits.startsWith("8"))) national = digits.slice(1);
  else if (digits.length === 10 && !raw.trim().startsWith("+")) national = digits;
  // No area code in Russia starts with 0, 1 or 2 (E.164 country code 7; 6 and 7 are Kazakhstan's).
  if (!/^[3-9]/.test(national)) return raw;
  return `+7 ${national.slice(0, 3)} ${national.slice(3, 6)}-${national.slice(6, 8)}-${national.slice(8)}`;
}

/** What may be dialled out of `typed`: digits, `*`, `#` and a leading `+`. Empty when nothing is left. */
export function dialable(typed: string): string {
  const kept = typed.replace(/[^\d*#+]/g, "");
  return kept.slice(0, 1) + kept.slice(1).replace(/\+/g, "");
}
