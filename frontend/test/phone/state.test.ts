import { describe, expect, it } from "vitest";
import {
  type Effect,
  IllegalMove,
  INITIAL,
  type PhoneEvent,
  type PhoneState,
  REFUSALS_BEFORE_GIVING_UP,
  step,
  target,
} from "../../src/phone/state";

const FACTS = { number: "79280001122", callKey: "pbx1-1.2", role: "queue", queue: "hotline" };
const ring = (id: string): PhoneEvent => ({ kind: "incoming", id, ...FACTS });

/** Take all events, the first at second 1, the next at second 2…; return the last state and all effects. */
function run(...events: PhoneEvent[]): { state: PhoneState; effects: Effect[] } {
  let state = INITIAL;
  const effects: Effect[] = [];
  events.forEach((event, index) => {
    const next = step(state, event, (index + 1) * 1000);
    state = next.state;
    effects.push(...next.effects);
  });
  return { state, effects };
}

const START: PhoneEvent[] = [{ kind: "start" }, { kind: "microphone-ready" }, { kind: "registered" }];
const TALK: PhoneEvent[] = [...START, ring("a"), { kind: "accepted", id: "a" }];

describe("status", () => {
  it("checks the microphone first, connects next, is active when registered", () => {
    expect(run({ kind: "start" })).toEqual({
      state: { ...INITIAL, status: "starting" },
      effects: [{ kind: "open-microphone" }],
    });
    const { state, effects } = run(...START);
    expect(state.status).toBe("active");
    expect(effects).toEqual([{ kind: "open-microphone" }, { kind: "connect" }, { kind: "recover" }]);
  });

  it.each(["no-microphone", "microphone-denied", "microphone-silent"] as const)(
    "does not start with %s",
    (problem) => {
      const { state, effects } = run({ kind: "start" }, { kind: "microphone-failed", problem });
      expect(state).toMatchObject({ status: "inactive", problem });
      expect(effects.map((effect) => effect.kind)).not.toContain("connect");
    },
  );

  it("forgets an old problem at the next start", () => {
    const failed: PhoneEvent = { kind: "microphone-failed", problem: "no-microphone" };
    expect(run({ kind: "start" }, failed, { kind: "start" }).state.problem).toBeNull();
  });

  it("says so when the first registration is refused", () => {
    const { state, effects } = run({ kind: "start" }, { kind: "microphone-ready" }, { kind: "refused" });
    expect(state).toMatchObject({ status: "inactive", problem: "registration-refused" });
    expect(effects.at(-1)).toEqual({ kind: "disconnect" });
  });

  it("keeps on starting while the server is away", () => {
    const { state } = run({ kind: "start" }, { kind: "microphone-ready" }, { kind: "disconnected" });
    expect(state).toMatchObject({ status: "starting", problem: "connection-lost" });
    expect(step(state, { kind: "registered" }, 0).state).toMatchObject({ status: "active", problem: null });
  });

  it("reconnects and renegotiates every conversation, because Asterisk sends to the old address", () => {
    const lost = run(...TALK, { kind: "disconnected" });
    expect(lost.state).toMatchObject({ status: "reconnecting", problem: "connection-lost" });
    expect(lost.state.calls[0]?.state).toBe("talking");
    const back = step(lost.state, { kind: "registered" }, 9);
    expect(back.state).toMatchObject({ status: "active", problem: null });
    expect(back.effects).toEqual([{ kind: "renegotiate", id: "a" }]);
  });

  it("does not renegotiate when a registration is merely renewed", () => {
    expect(run(...TALK, { kind: "registered" }).effects).not.toContainEqual({ kind: "renegotiate", id: "a" });
  });

  it("drops calls that were not answered when the connection goes: nobody could cancel them any more", () => {
    const { state, effects } = run(...START, ring("a"), { kind: "disconnected" });
    expect(state.calls[0]?.state).toBe("ended");
    expect(effects.slice(-2)).toEqual([
      { kind: "drop", id: "a" },
      { kind: "forget", id: "a" },
    ]);
  });

  it("is patient with an Asterisk that has just restarted, then gives up", () => {
    const refused: PhoneEvent = { kind: "refused" };
    const before = run(...TALK, ...Array<PhoneEvent>(REFUSALS_BEFORE_GIVING_UP - 1).fill(refused));
    expect(before.state).toMatchObject({ status: "reconnecting", problem: "connection-lost" });
    expect(before.effects.filter(({ kind }) => kind === "register-later")).toHaveLength(
      REFUSALS_BEFORE_GIVING_UP - 1,
    );
    expect(step(before.state, { kind: "registered" }, 0).state.refusals).toBe(0);
    const after = step(before.state, refused, 0);
    expect(after.state).toMatchObject({ status: "inactive", problem: "registration-refused", calls: [] });
  });

  it("steps back when another browser takes the telephone over", () => {
    const { state, effects } = run(...TALK, { kind: "taken-over" });
    expect(state).toMatchObject({ status: "inactive", calls: [], problem: null, elsewhere: true });
    expect(effects.slice(-2)).toEqual([
      { kind: "unwatch-media", id: "a" },
      { kind: "disconnect", quietly: true },
    ]);
    expect(step(state, { kind: "start" }, 0).state.elsewhere).toBeUndefined();
  });

  it("tells about a microphone that is unplugged during work, and about its return", () => {
    const { state } = run(...TALK, { kind: "microphone-lost" });
    expect(state).toMatchObject({ status: "active", problem: "no-microphone" });
    expect(step(state, { kind: "microphone-back" }, 0).state.problem).toBeNull();
  });

  it.each<PhoneEvent["kind"]>(["start", "microphone-ready", "microphone-failed"])(
    "refuses %s while active",
    (kind) => {
      const { state } = run(...START);
      expect(() => step(state, { kind } as PhoneEvent, 0)).toThrow(IllegalMove);
    },
  );

  it("ignores late answers of a connection that was given up", () => {
    for (const kind of ["registered", "refused", "disconnected", "taken-over"] as const)
      expect(step(INITIAL, { kind }, 0)).toEqual({ state: INITIAL, effects: [] });
  });
});

describe("calls", () => {
  it("rings with what the INVITE says", () => {
    expect(run(...START, ring("a")).state.calls).toEqual([
      {
        id: "a",
        ...FACTS,
        direction: "in",
        state: "ringing",
        muted: false,
        held: false,
        startedAt: 4000,
        answeredAt: null,
      },
    ]);
  });

  it("goes through its life and is forgotten", () => {
    const { state } = run(...TALK);
    expect(state.calls[0]).toMatchObject({ state: "talking", answeredAt: 5000 });
    const ended = step(state, { kind: "ended", id: "a" }, 6000);
    expect(ended.state.calls[0]?.state).toBe("ended");
    expect(ended.effects).toEqual([
      { kind: "unwatch-media", id: "a" },
      { kind: "forget", id: "a" },
    ]);
    expect(step(ended.state, { kind: "forget", id: "a" }, 6000).state.calls).toEqual([]);
  });

  it("calls out", () => {
    const out: PhoneEvent = {
      kind: "outgoing",
      id: "b",
      number: "102",
      callKey: null,
      role: "outgoing",
      queue: null,
    };
    expect(run(...START, out).state.calls[0]).toMatchObject({
      direction: "out",
      state: "calling",
      number: "102",
    });
  });

  it("keeps the moment of the answer when it is confirmed twice", () => {
    expect(run(...TALK, { kind: "accepted", id: "a" }).state.calls[0]?.answeredAt).toBe(5000);
  });

  it("remembers mute and hold of each call", () => {
    const { state } = run(...TALK, { kind: "muted", id: "a", on: true }, { kind: "held", id: "a", on: true });
    expect(state.calls[0]).toMatchObject({ muted: true, held: true });
    expect(step(state, { kind: "held", id: "a", on: false }, 0).state.calls[0]).toMatchObject({
      held: false,
    });
  });

  it("watches a conversation whose media is lost", () => {
    const lost = run(...TALK, { kind: "media", id: "a", connected: false });
    expect(lost.effects.at(-1)).toEqual({ kind: "watch-media", id: "a" });
    expect(step(lost.state, { kind: "media", id: "a", connected: true }, 0).effects).toEqual([
      { kind: "unwatch-media", id: "a" },
    ]);
  });

  it("refuses impossible moves", () => {
    const ringing = run(...START, ring("a")).state;
    expect(() => step(ringing, { kind: "held", id: "a", on: true }, 0)).toThrow(
      "held is impossible while ringing",
    );
    expect(() => step(ringing, ring("a"), 0)).toThrow(IllegalMove);
    expect(() => step(ringing, { kind: "forget", id: "a" }, 0)).toThrow(IllegalMove);
    expect(() => step(INITIAL, ring("a"), 0)).toThrow("incoming is impossible while inactive");
    const ended = step(ringing, { kind: "ended", id: "a" }, 0).state;
    expect(() => step(ended, { kind: "accepted", id: "a" }, 0)).toThrow(IllegalMove);
  });

  it("ignores the last words of a call that is gone", () => {
    const { state } = run(...START);
    expect(step(state, { kind: "media", id: "gone", connected: false }, 0)).toEqual({ state, effects: [] });
  });
});

describe("target", () => {
  const { state } = run(...TALK, ring("b"));
  it("is the newest call in a wanted state", () => {
    expect(target(state, undefined, ["ringing"])?.id).toBe("b");
    expect(target(state, undefined, ["talking"])?.id).toBe("a");
    expect(target(state, undefined, ["calling"])).toBeNull();
  });
  it("is the named call, if its state is wanted", () => {
    expect(target(state, "a", ["talking", "ringing"])?.id).toBe("a");
    expect(target(state, "a", ["ringing"])).toBeNull();
  });
});
