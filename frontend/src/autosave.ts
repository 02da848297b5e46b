// When a draft is sent, kept here, or waits: the rules of "never lose a letter" (DAY-17, DAY-18, DAY-20), without DOM,
// network or clock. Events go in, effects come out; the card controller carries them out.
//
//              change                  timer / blur             saved, nothing typed meanwhile
//     clean ─────────────▶ dirty ───────────────────▶ saving ─────────────────────────────────▶ clean
//                            ▲                          │ saved, but more was typed → dirty
//                            │ retry timer, online      ├─ no answer / 5xx → offline (copy kept here, tried again)
//                            └──────── offline ◀────────┤
//              signed in → dirty ◀── signed-out ◀───────┼─ 401
//        a choice is made → dirty ◀── conflict ◀────────┼─ 409 (autosave stops: nothing is overwritten)
//              next change → dirty ◀── refused ◀────────┘  other 4xx (sending the same again would not help)

export type DraftStatus = "clean" | "dirty" | "saving" | "offline" | "signed-out" | "conflict" | "refused";

export interface DraftState {
  readonly status: DraftStatus;
  readonly rev: number;
  /** Grows with every change: tells whether something was typed while a request was on its way. */
  readonly changes: number;
  readonly sentChanges: number;
  /** When the server last confirmed, milliseconds of the epoch; `null` before the first time. */
  readonly savedAt: number | null;
  readonly failures: number;
}

export type DraftEvent =
  | { type: "changed" }
  | { type: "blurred" }
  | { type: "timer" }
  | { type: "online" }
  | { type: "signed-in" }
  | { type: "saved"; rev: number; at: number }
  | { type: "unreachable" }
  | { type: "signed-out" }
  | { type: "conflict" }
  | { type: "refused" }
  | { type: "resolved"; rev: number; keepMine: boolean };

export type DraftEffect =
  | { type: "wait"; ms: number }
  | { type: "send"; rev: number }
  | { type: "keep-copy" }
  | { type: "drop-copy" };

export type Step = readonly [DraftState, readonly DraftEffect[]];

export const SAVE_AFTER_MS = 2_000;
const LONGEST_RETRY_MS = 15_000;

/** A draft as it was loaded: revision `rev` of the server. */
export function loadedDraft(rev: number): DraftState {
  return { status: "clean", rev, changes: 0, sentChanges: 0, savedAt: null, failures: 0 };
}

/** True while text exists that the server has not confirmed. */
export function unsaved(state: DraftState): boolean {
  return state.status !== "clean";
}

function send(state: DraftState): Step {
  return [{ ...state, status: "saving", sentChanges: state.changes }, [{ type: "send", rev: state.rev }]];
}

function changed(state: DraftState): Step {
  const next = { ...state, changes: state.changes + 1 };
  switch (state.status) {
    case "clean":
    case "refused":
      return [{ ...next, status: "dirty" }, [{ type: "keep-copy" }, { type: "wait", ms: SAVE_AFTER_MS }]];
    default:
      // A timer or a request is under way already, or autosave waits for somebody: only the copy must follow.
      return [next, [{ type: "keep-copy" }]];
  }
}

function saved(state: DraftState, rev: number, at: number): Step {
  const next: DraftState = { ...state, rev, savedAt: at, failures: 0 };
  if (state.changes > state.sentChanges) {
    return [{ ...next, status: "dirty" }, [{ type: "keep-copy" }, { type: "wait", ms: SAVE_AFTER_MS }]];
  }
  return [{ ...next, status: "clean" }, [{ type: "drop-copy" }]];
}

function unreachable(state: DraftState): Step {
  const failures = state.failures + 1;
  const ms = Math.min(LONGEST_RETRY_MS, SAVE_AFTER_MS * 2 ** (failures - 1));
  return [{ ...state, status: "offline", failures }, [{ type: "keep-copy" }, { type: "wait", ms }]];
}

function resolved(state: DraftState, rev: number, keepMine: boolean): Step {
  if (state.status !== "conflict") return [state, []];
  const next = { ...state, rev, sentChanges: state.changes };
  return keepMine ? send(next) : [{ ...next, status: "clean" }, [{ type: "drop-copy" }]];
}

/** The answers to a request count only while one is under way; a late one must not disturb a newer state. */
function answered(state: DraftState, event: DraftEvent): Step {
  if (state.status !== "saving") return [state, []];
  switch (event.type) {
    case "saved":
      return saved(state, event.rev, event.at);
    case "unreachable":
      return unreachable(state);
    case "signed-out":
      return [{ ...state, status: "signed-out" }, [{ type: "keep-copy" }]];
    case "conflict":
      return [{ ...state, status: "conflict" }, [{ type: "keep-copy" }]];
    default:
      return [{ ...state, status: "refused" }, [{ type: "keep-copy" }]];
  }
}

const SENDS: Readonly<Record<string, readonly DraftStatus[]>> = {
  blurred: ["dirty"],
  timer: ["dirty", "offline"],
  online: ["offline"],
  "signed-in": ["signed-out"],
};

/** The one door for a draft's state. */
export function step(state: DraftState, event: DraftEvent): Step {
  switch (event.type) {
    case "changed":
      return changed(state);
    case "resolved":
      return resolved(state, event.rev, event.keepMine);
    case "blurred":
    case "timer":
    case "online":
    case "signed-in":
      return SENDS[event.type]?.includes(state.status) ? send(state) : [state, []];
    default:
      return answered(state, event);
  }
}
