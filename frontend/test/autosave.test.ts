import { describe, expect, it } from "vitest";
import { type DraftEvent, type DraftState, loadedDraft, SAVE_AFTER_MS, step, unsaved } from "../src/autosave";

/** Feed events; return the state and the effects of the last one. */
function following(...events: DraftEvent[]): { state: DraftState; effects: string[] } {
  let state = loadedDraft(3);
  let effects: string[] = [];
  for (const event of events) {
    const [next, out] = step(state, event);
    state = next;
    effects = out.map((effect) => effect.type);
  }
  return { state, effects };
}

const changed: DraftEvent = { type: "changed" };
const timer: DraftEvent = { type: "timer" };
const saved: DraftEvent = { type: "saved", rev: 4, at: 1000 };

describe("a draft", () => {
  it("is sent two seconds after the first change, with the revision it is based on", () => {
    const [dirty, wait] = step(loadedDraft(3), changed);
    expect(wait).toEqual([{ type: "keep-copy" }, { type: "wait", ms: SAVE_AFTER_MS }]);
    expect(step(dirty, timer)[1]).toEqual([{ type: "send", rev: 3 }]);
  });

  it("does not push the timer away with every letter", () => {
    expect(following(changed, changed).effects).toEqual(["keep-copy"]);
  });

  it("is sent at once when a field is left", () => {
    expect(following(changed, { type: "blurred" }).effects).toEqual(["send"]);
  });

  it("is clean and has no local copy after the server confirmed", () => {
    const { state, effects } = following(changed, timer, saved);
    expect(effects).toEqual(["drop-copy"]);
    expect(state).toMatchObject({ status: "clean", rev: 4, savedAt: 1000 });
    expect(unsaved(state)).toBe(false);
  });

  it("stays dirty when more was typed while the request was on its way", () => {
    const { state, effects } = following(changed, timer, changed, saved);
    expect(state.status).toBe("dirty");
    expect(effects).toEqual(["keep-copy", "wait"]);
    expect(step(state, timer)[1]).toEqual([{ type: "send", rev: 4 }]);
  });

  it("is kept here and tried again, later and later, while the server is away", () => {
    const lost: DraftEvent = { type: "unreachable" };
    const waits = [];
    let state = following(changed).state;
    for (let attempt = 0; attempt < 5; attempt++) {
      state = step(state, timer)[0];
      const [next, effects] = step(state, lost);
      state = next;
      waits.push(effects.find((effect) => effect.type === "wait")?.ms);
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 15_000, 15_000]);
    expect(state.status).toBe("offline");
    expect(step(state, { type: "online" })[1]).toEqual([{ type: "send", rev: 3 }]);
  });

  it("is not sent by a click elsewhere while the server is away", () => {
    expect(following(changed, timer, { type: "unreachable" }, { type: "blurred" }).effects).toEqual([]);
  });

  it("waits for the person after the session ended, and goes on after signing in", () => {
    const { state, effects } = following(changed, timer, { type: "signed-out" });
    expect(effects).toEqual(["keep-copy"]);
    expect(step(state, timer)[1]).toEqual([]);
    expect(step(state, { type: "signed-in" })[1]).toEqual([{ type: "send", rev: 3 }]);
  });

  it("overwrites nothing in a conflict until a person chooses", () => {
    const { state } = following(changed, timer, { type: "conflict" });
    expect(step(state, timer)[1]).toEqual([]);
    expect(step(state, { type: "blurred" })[1]).toEqual([]);
    expect(step(state, { type: "resolved", rev: 9, keepMine: true })[1]).toEqual([{ type: "send", rev: 9 }]);
    const [taken, effects] = step(state, { type: "resolved", rev: 9, keepMine: false });
    expect(taken).toMatchObject({ status: "clean", rev: 9 });
    expect(effects).toEqual([{ type: "drop-copy" }]);
  });

  it("is not sent again unchanged after a refusal", () => {
    const { state } = following(changed, timer, { type: "refused" });
    expect(step(state, timer)[1]).toEqual([]);
    expect(step(state, changed)[1].map((effect) => effect.type)).toEqual(["keep-copy", "wait"]);
  });

  it("ignores an answer that comes too late", () => {
    const { state, effects } = following(changed, timer, saved, { type: "unreachable" });
    expect(state.status).toBe("clean");
    expect(effects).toEqual([]);
  });

  it("has nothing to send when nothing was typed", () => {
    for (const event of ["timer", "blurred", "online", "signed-in"] as const) {
      expect(step(loadedDraft(0), { type: event })[1]).toEqual([]);
    }
  });
});
