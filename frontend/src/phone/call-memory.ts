// What a page must know to take its call back after a reload: the SIP dialog (RFC 3891, "Replaces"). Whoever knows the
// tags and may register can take the call, so they stay in this tab's sessionStorage and go when the call ends.

export interface Dialog {
  callId: string;
  localTag: string;
  remoteTag: string;
}

/** A conversation as it was when it was answered. */
export interface RememberedCall {
  /** The account's URI: the dialog of another operator is nobody's business. */
  owner: string;
  id: string;
  dialog: Dialog;
  number: string;
  callKey: string | null;
  role: string;
  queue: string | null;
  direction: "in" | "out";
  startedAt: number;
  answeredAt: number;
  /** Not with the citizen: he is on hold, or a colleague is asked. Then the exchange leads, and nothing is taken back. */
  away?: boolean;
}

export interface CallMemory {
  /** The calls of this tab that nobody has ended yet. */
  load(): RememberedCall[];
  keep(call: RememberedCall): void;
  drop(id: string): void;
  /** Note whether a remembered call is away from its citizen. */
  setAway(id: string, away: boolean): void;
  clear(): void;
}

const KEY = "hotline.calls";

function isRemembered(value: unknown): value is RememberedCall {
  if (typeof value !== "object" || value === null) return false;
  const { owner, id, dialog, number, role, answeredAt } = value as Partial<RememberedCall>;
  return (
    [owner, id, number, role, dialog?.callId, dialog?.localTag, dialog?.remoteTag].every(
      (text) => typeof text === "string",
    ) && typeof answeredAt === "number"
  );
}

/** In a `Storage`; one that is full, forbidden or damaged only means that a reload cannot take the call back itself. */
export class StoredCalls implements CallMemory {
  constructor(private readonly storage: Storage) {}

  load(): RememberedCall[] {
    try {
      const stored: unknown = JSON.parse(this.storage.getItem(KEY) ?? "[]");
      return Array.isArray(stored) ? stored.filter(isRemembered) : [];
    } catch {
      return [];
    }
  }

  keep(call: RememberedCall): void {
    this.store([...this.load().filter(({ id }) => id !== call.id), call]);
  }

  drop(id: string): void {
    const calls = this.load();
    if (calls.some((call) => call.id === id)) this.store(calls.filter((call) => call.id !== id));
  }

  setAway(id: string, away: boolean): void {
    const calls = this.load();
    const call = calls.find((one) => one.id === id);
    if (!call || (call.away ?? false) === away) return;
    call.away = away;
    this.store(calls);
  }

  clear(): void {
    this.store([]);
  }

  private store(calls: readonly RememberedCall[]): void {
    try {
      if (calls.length === 0) this.storage.removeItem(KEY);
      else this.storage.setItem(KEY, JSON.stringify(calls));
    } catch {
      // The server then rings the operator back.
    }
  }
}
