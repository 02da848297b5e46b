// The last calls of this telephone, kept for the session (DAY-04).

export interface Recent {
  id: string;
  number: string;
  direction: "in" | "out";
  at: number;
  answered: boolean;
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
