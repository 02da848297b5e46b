// The server's time in the browser. Operators' computers are often minutes off, and the waiting time of a citizen must
// not depend on that: the snapshot brings the server's time and we keep the difference.

let offsetMs = 0;

/** Learn the server's time from a message that has just arrived (ISO 8601). Rubbish is ignored. */
export function learnServerTime(iso: string, receivedAt: number = Date.now()): void {
  const server = Date.parse(iso);
  if (Number.isFinite(server)) offsetMs = server - receivedAt;
}

/** The present moment by the server's clock, in milliseconds of the epoch. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** Seconds since `iso` by the server's clock; 0 for what cannot be read and for the future. */
export function secondsSince(iso: string): number {
  const then = Date.parse(iso);
  return Number.isFinite(then) ? Math.max(0, (serverNow() - then) / 1000) : 0;
}

/** Seconds until an ISO date-time by the server's clock; 0 when it is over. */
export function secondsUntil(iso: string): number {
  return Math.max(0, (Date.parse(iso) - serverNow()) / 1000);
}
