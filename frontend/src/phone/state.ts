// The telephone's state machine: events in, a new state and effects out. No DOM, no SIP, no timers (S001-020…S001-032).
//
//            start                registered
//  inactive ───────▶ starting ───────────────▶ active
//     ▲                 │                      │    ▲
//     │ refused, stop,  │ microphone failed    │    │ registered: every call is renegotiated
//     │ taken over      ▼                      ▼    │
//     └──────────────────────────────────── reconnecting
//                                           (disconnected, refused for a while)
//
//  a call:   ringing ──accepted──▶ talking ──ended──▶ ended ──forget──▶ (gone)
//            calling ──accepted──▶

export type PhoneStatus = "inactive" | "starting" | "active" | "reconnecting";
export type CallState = "ringing" | "calling" | "talking" | "ended";
export type PhoneProblem =
  | "no-microphone"
  | "microphone-denied"
  | "microphone-silent"
  | "registration-refused"
  | "connection-lost";

export interface PhoneCall {
  id: string;
  callKey: string | null;
  role: string;
  direction: "in" | "out";
  number: string;
  queue: string | null;
  state: CallState;
  muted: boolean;
  held: boolean;
  startedAt: number;
  answeredAt: number | null;
}

export interface PhoneView {
  status: PhoneStatus;
  calls: readonly PhoneCall[];
  problem: PhoneProblem | null;
  /** The telephone belongs to another tab or another browser; this page only shows it. */
  elsewhere?: true;
}

export interface PhoneState extends PhoneView {
  /** Registrations refused in a row since the last accepted one. */
  refusals: number;
}

/** What an INVITE says about a call. */
export interface CallFacts {
  id: string;
  number: string;
  callKey: string | null;
  role: string;
  queue: string | null;
  /** Of a call that is taken back: what it was before. */
  before?: { direction: "in" | "out"; startedAt: number; answeredAt: number };
}

export type PhoneEvent =
  | { kind: "start" }
  | { kind: "microphone-ready" }
  | { kind: "microphone-failed"; problem: PhoneProblem }
  | { kind: "microphone-lost" }
  | { kind: "microphone-back" }
  | { kind: "registered" }
  | { kind: "disconnected" }
  | { kind: "refused" }
  | { kind: "taken-over" }
  | { kind: "stop" }
  | ({ kind: "incoming" } & CallFacts)
  | ({ kind: "outgoing" } & CallFacts)
  | { kind: "accepted"; id: string }
  | { kind: "ended"; id: string }
  | { kind: "forget"; id: string }
  | { kind: "muted"; id: string; on: boolean }
  | { kind: "held"; id: string; on: boolean }
  | { kind: "media"; id: string; connected: boolean };

export type Effect =
  | { kind: "open-microphone" }
  | { kind: "connect" }
  | { kind: "register-later" }
  | { kind: "recover" }
  | { kind: "disconnect"; quietly?: true }
  | { kind: "renegotiate"; id: string }
  | { kind: "drop"; id: string }
  | { kind: "forget"; id: string }
  | { kind: "watch-media"; id: string }
  | { kind: "unwatch-media"; id: string };

export interface Step {
  state: PhoneState;
  effects: Effect[];
}

/** The event is impossible in this state: a fault in the program, never something an operator did. */
export class IllegalMove extends Error {
  constructor(
    readonly from: string,
    readonly event: string,
  ) {
    super(`telephone: ${event} is impossible while ${from}`);
    this.name = "IllegalMove";
  }
}

/** A restarted Asterisk does not know the account until the service has pushed it again; that takes seconds. */
export const REFUSALS_BEFORE_GIVING_UP = 10;

export const INITIAL: PhoneState = { status: "inactive", calls: [], problem: null, refusals: 0 };

type StatusEvent = Exclude<PhoneEvent["kind"], CallEvent>;
type CallEvent = "incoming" | "outgoing" | "accepted" | "ended" | "forget" | "muted" | "held" | "media";

/** Where each event leads; an event that is not in the row of the present status is illegal. */
const STATUS_TABLE: Record<PhoneStatus, Partial<Record<StatusEvent, PhoneStatus>>> = {
  inactive: {
    start: "starting",
    stop: "inactive",
    // Late answers of a connection that was just given up.
    disconnected: "inactive",
    refused: "inactive",
    registered: "inactive",
    "taken-over": "inactive",
    "microphone-ready": "inactive",
    "microphone-failed": "inactive",
    "microphone-lost": "inactive",
    "microphone-back": "inactive",
  },
  starting: {
    "microphone-ready": "starting",
    "microphone-failed": "inactive",
    "microphone-lost": "starting",
    "microphone-back": "starting",
    registered: "active",
    disconnected: "starting",
    refused: "inactive",
    "taken-over": "inactive",
    stop: "inactive",
  },
  active: {
    registered: "active",
    disconnected: "reconnecting",
    refused: "reconnecting",
    "taken-over": "inactive",
    "microphone-lost": "active",
    "microphone-back": "active",
    stop: "inactive",
  },
  reconnecting: {
    registered: "active",
    disconnected: "reconnecting",
    refused: "reconnecting",
    "taken-over": "inactive",
    "microphone-lost": "reconnecting",
    "microphone-back": "reconnecting",
    stop: "inactive",
  },
};

/** A call's events; the row of a state lists what may happen in it. */
const CALL_TABLE: Record<CallState, Partial<Record<CallEvent, CallState>>> = {
  ringing: { accepted: "talking", ended: "ended", muted: "ringing", media: "ringing" },
  calling: { accepted: "talking", ended: "ended", muted: "calling", media: "calling" },
  talking: { accepted: "talking", ended: "ended", muted: "talking", held: "talking", media: "talking" },
  ended: { forget: "ended", ended: "ended", media: "ended", muted: "ended", held: "ended" },
};

/** Take one event. `now` is in milliseconds since 1970. */
export function step(state: PhoneState, event: PhoneEvent, now: number): Step {
  switch (event.kind) {
    case "incoming":
    case "outgoing":
      return begin(state, event, now);
    case "accepted":
    case "ended":
    case "forget":
    case "muted":
    case "held":
    case "media":
      return stepCall(state, event, now);
    default:
      return stepStatus(state, event);
  }
}

function stepStatus(state: PhoneState, event: Extract<PhoneEvent, { kind: StatusEvent }>): Step {
  const next = STATUS_TABLE[state.status][event.kind];
  if (next === undefined) throw new IllegalMove(state.status, event.kind);
  if (state.status === "inactive" && next === "inactive") return { state, effects: [] };
  switch (event.kind) {
    case "start":
      return { state: { ...INITIAL, status: next }, effects: [{ kind: "open-microphone" }] };
    case "microphone-ready":
      return { state, effects: [{ kind: "connect" }] };
    case "microphone-failed":
      return off(event.problem, []);
    case "microphone-lost":
      return { state: { ...state, problem: "no-microphone" }, effects: [] };
    case "microphone-back":
      return { state: state.problem === "no-microphone" ? { ...state, problem: null } : state, effects: [] };
    case "registered":
      return registered(state, next);
    case "disconnected":
      return cutOff({ ...state, status: next, problem: "connection-lost" });
    case "refused":
      return refused(state, next);
    case "taken-over": {
      // Not hung up: the call goes on for the browser that has the telephone now.
      const effects: Effect[] = [...ending(state), { kind: "disconnect", quietly: true }];
      return { state: { ...INITIAL, elsewhere: true }, effects };
    }
    case "stop":
      return off(null, ending(state));
  }
}

function registered(state: PhoneState, next: PhoneStatus): Step {
  const problem = state.problem === "connection-lost" ? null : state.problem;
  // Asterisk still sends to the address of the connection that is gone; without this its BYE never comes.
  const effects: Effect[] =
    state.status === "reconnecting"
      ? state.calls.filter((call) => call.state === "talking").map(({ id }) => ({ kind: "renegotiate", id }))
      : [];
  if (state.status === "starting") effects.push({ kind: "recover" });
  return { state: { ...state, status: next, problem, refusals: 0 }, effects };
}

function refused(state: PhoneState, next: PhoneStatus): Step {
  const refusals = state.refusals + 1;
  if (next === "inactive" || refusals >= REFUSALS_BEFORE_GIVING_UP)
    return off("registration-refused", ending(state));
  return {
    state: { ...state, status: next, problem: "connection-lost", refusals },
    effects: [{ kind: "register-later" }],
  };
}

/** Signalling is gone: what was not yet answered cannot be answered any more; conversations go on. */
function cutOff(state: PhoneState): Step {
  const effects: Effect[] = [];
  const calls = state.calls.map((call): PhoneCall => {
    if (call.state !== "ringing" && call.state !== "calling") return call;
    effects.push({ kind: "drop", id: call.id }, { kind: "forget", id: call.id });
    return { ...call, state: "ended" };
  });
  return { state: { ...state, calls }, effects };
}

function ending(state: PhoneState): Effect[] {
  return state.calls.map(({ id }) => ({ kind: "unwatch-media", id }));
}

function off(problem: PhoneProblem | null, effects: Effect[]): Step {
  return { state: { ...INITIAL, problem }, effects: [...effects, { kind: "disconnect" }] };
}

function begin(
  state: PhoneState,
  event: Extract<PhoneEvent, { kind: "incoming" | "outgoing" }>,
  now: number,
): Step {
  if (state.status === "inactive" || state.calls.some((call) => call.id === event.id))
    throw new IllegalMove(state.status, event.kind);
  const { id, number, callKey, role, queue, before } = event;
  const incoming = event.kind === "incoming";
  const call: PhoneCall = {
    id,
    callKey,
    role,
    direction: before?.direction ?? (incoming ? "in" : "out"),
    number,
    queue,
    state: incoming ? "ringing" : "calling",
    muted: false,
    held: false,
    startedAt: before?.startedAt ?? now,
    answeredAt: before?.answeredAt ?? null,
  };
  return { state: { ...state, calls: [...state.calls, call] }, effects: [] };
}

function stepCall(
  state: PhoneState,
  event: Extract<PhoneEvent, { kind: CallEvent; id: string }>,
  now: number,
): Step {
  const call = state.calls.find(({ id }) => id === event.id);
  if (call === undefined) return { state, effects: [] }; // forgotten already: the last words of a finished call
  const next = CALL_TABLE[call.state][event.kind as CallEvent];
  if (next === undefined) throw new IllegalMove(call.state, event.kind);
  if (event.kind === "forget")
    return { state: { ...state, calls: state.calls.filter((other) => other !== call) }, effects: [] };
  const changed: PhoneCall = { ...call, state: next, ...change(call, event, now) };
  return {
    state: { ...state, calls: state.calls.map((other) => (other === call ? changed : other)) },
    effects: call.state === "ended" ? [] : callEffects(event, call.id),
  };
}

function change(call: PhoneCall, event: PhoneEvent, now: number): Partial<PhoneCall> {
  switch (event.kind) {
    case "accepted":
      return { answeredAt: call.answeredAt ?? now };
    case "muted":
      return { muted: event.on };
    case "held":
      return { held: event.on };
    default:
      return {};
  }
}

function callEffects(event: PhoneEvent, id: string): Effect[] {
  switch (event.kind) {
    case "ended":
      return [
        { kind: "unwatch-media", id },
        { kind: "forget", id },
      ];
    case "media":
      return [{ kind: event.connected ? "unwatch-media" : "watch-media", id }];
    default:
      return [];
  }
}

/** The call that a command without an id means: the one that rings for `answer`, else the newest that lives. */
export function target(
  state: PhoneView,
  id: string | undefined,
  wanted: readonly CallState[],
): PhoneCall | null {
  const candidates = state.calls.filter((call) => wanted.includes(call.state));
  if (id !== undefined) return candidates.find((call) => call.id === id) ?? null;
  return candidates.at(-1) ?? null;
}
