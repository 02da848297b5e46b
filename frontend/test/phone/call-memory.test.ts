import { beforeEach, describe, expect, it } from "vitest";
import { type RememberedCall, StoredCalls } from "../../src/phone/call-memory";

const CALL: RememberedCall = {
  owner: "sip:101@hotline.invalid",
  id: "a",
  dialog: { callId: "c", localTag: "l", remoteTag: "r" },
  number: "79280001122",
  callKey: "pbx1-1.2",
  role: "queue",
  queue: "hotline",
  direction: "in",
  startedAt: 1_000,
  answeredAt: 2_000,
};

let storage: Storage;
let memory: StoredCalls;

beforeEach(() => {
  storage = sessionStorage;
  storage.clear();
  memory = new StoredCalls(storage);
});

describe("what a reload needs", () => {
  it("is kept, replaced and dropped by the call's id", () => {
    memory.keep(CALL);
    memory.keep({ ...CALL, number: "79280003344" });
    expect(memory.load()).toEqual([{ ...CALL, number: "79280003344" }]);
    memory.drop("b");
    expect(memory.load()).toHaveLength(1);
    memory.drop("a");
    expect(storage.length).toBe(0); // no secret is left behind
  });

  it("knows who is away from his citizen, and for as long as he is", () => {
    memory.keep(CALL);
    memory.setAway("a", true);
    expect(new StoredCalls(storage).load()[0]?.away).toBe(true);
    memory.setAway("a", false);
    expect(new StoredCalls(storage).load()[0]?.away).toBe(false);
    memory.setAway("nobody", true);
    expect(memory.load()).toHaveLength(1);
  });

  it("is nothing when the storage is damaged, full or forbidden", () => {
    storage.setItem("hotline.calls", "{");
    expect(memory.load()).toEqual([]);
    storage.setItem("hotline.calls", JSON.stringify([{ id: "a" }, CALL]));
    expect(memory.load()).toEqual([CALL]);
    const forbidden = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    } as unknown as Storage;
    expect(() => new StoredCalls(forbidden).keep(CALL)).not.toThrow();
  });
});
