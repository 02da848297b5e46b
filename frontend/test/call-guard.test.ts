import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallGuard, GHOST_AFTER_MS } from "../src/call-guard";
import { announce } from "../src/dom";
import type { LiveCall } from "../src/model";
import { FakePhone, phoneCall } from "./fake-phone";

// Only the card that is offered would need it.
vi.mock("htmx.org", () => ({ default: { ajax: vi.fn() } }));

const KEY = "pbx1-1.1";

function live(phase: LiveCall["phase"]): LiveCall {
  return {
    key: KEY,
    direction: "in",
    phase,
    caller: "79280001122",
    caller_display: null,
    dialled: "88001000000",
    queue: "hotline",
    started_at: "2026-11-22T06:00:00Z",
    queued_at: null,
    answered_at: null,
    ended_at: null,
    operator: "101",
    wait_s: 0,
    recorded: true,
    ringing: [],
  };
}

let phone: FakePhone;
let guard: CallGuard;
let dismissed: string[];

beforeEach(() => {
  vi.useFakeTimers();
  document.body.innerHTML = '<div id="toasts"></div>';
  phone = new FakePhone();
  dismissed = [];
  vi.spyOn(phone, "dismiss").mockImplementation((id) => void dismissed.push(id));
  guard = new CallGuard(phone);
  phone.become({ status: "active", calls: [phoneCall({ state: "talking", answeredAt: 1 })] });
});

afterEach(() => {
  guard.close();
  vi.useRealTimers();
});

/** The server sees every exchange, and these calls. */
function seen(calls: LiveCall[], state = "up"): void {
  announce("hotline:events", { status: "up" });
  announce("hotline:snapshot", { calls, links: [{ asterisk: "pbx1", state }] });
}

describe("the guard of calls", () => {
  it("ends what the exchange does not have, after a moment", () => {
    seen([]);
    vi.advanceTimersByTime(GHOST_AFTER_MS - 1);
    expect(dismissed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(dismissed).toEqual(["a"]);
  });

  it("believes only a server that sees every exchange", () => {
    seen([], "down");
    vi.advanceTimersByTime(10 * GHOST_AFTER_MS);
    expect(dismissed).toEqual([]);
  });

  it("leaves a call alone that comes back in time", () => {
    seen([]);
    vi.advanceTimersByTime(GHOST_AFTER_MS - 1);
    announce("hotline:call.recovered", live("talking"));
    vi.advanceTimersByTime(GHOST_AFTER_MS);
    expect(dismissed).toEqual([]);
  });

  it("tells the telephone when the citizen waits elsewhere", () => {
    seen([live("talking")]);
    expect(phone.aside.get("a")).toBe(false);
    announce("hotline:call.held", live("held"));
    expect(phone.aside.get("a")).toBe(true);
    announce("hotline:call.resumed", live("talking"));
    expect(phone.aside.get("a")).toBe(false);
    announce("hotline:call.consulting", live("consulting"));
    expect(phone.aside.get("a")).toBe(true);
  });
});
