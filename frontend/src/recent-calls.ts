// The last calls of this telephone (DAY-04): the server keeps them, whichever browser they were in; a copy stays in this tab.

export interface Recent {
  id: string;
  number: string;
  direction: "in" | "out";
  at: number;
  answered: boolean;
}

/** What `/api/calls/recent` tells of a call; `at` is ISO 8601. */
export type KeptCall = Omit<Recent, "at"> & { at: string };

const SAME_MS = 10_000;

/** The server's list with what this page has noted since: a call that is in both is the server's. */
export function merged(noted: readonly Recent[], kept: readonly KeptCall[]): Recent[] {
  const known = kept.map((call) => ({ ...call, at: Date.parse(call.at) }));
  const digits = (number: string) => number.replace(/\D/g, "").slice(-10);
  const isKnown = (one: Recent) =>
    known.some(
      (call) =>
        call.id === one.id ||
        (digits(call.number) === digits(one.number) && Math.abs(call.at - one.at) < SAME_MS),
    );
  return [...noted.filter((one) => !isKnown(one)), ...known].slice(0, KEPT);
}

export const KEPT = 20;
const KEY = "hotline.recent-calls";

export function stored(): Recent[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(value) ? (value as Recent[]) : [];
  } catch {
    return [];
  }
}

export function store(recent: readonly Recent[]): void {
  sessionStorage.setItem(KEY, JSON.stringify(recent));
}

/** The number that was dialled last; `null` when none was. */
export function lastDialled(): string | null {
  return stored().find((call) => call.direction === "out" && call.number !== "")?.number ?? null;
}
