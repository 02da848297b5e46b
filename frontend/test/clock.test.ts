import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { learnServerTime, secondsSince } from "../src/clock";

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 6, 0, 0) });
});

afterEach(() => {
  learnServerTime(new Date().toISOString());
  vi.useRealTimers();
});

it("counts by the server's clock when this computer's is wrong", () => {
  learnServerTime("2026-11-22T05:50:00Z"); // ten minutes behind us
  expect(secondsSince("2026-11-22T05:49:18Z")).toBe(42);
  vi.advanceTimersByTime(3_000);
  expect(secondsSince("2026-11-22T05:49:18Z")).toBe(45);
});

it("shows no negative and no absurd time", () => {
  learnServerTime("2026-11-22T06:00:00Z");
  expect(secondsSince("2026-11-22T07:00:00Z")).toBe(0);
  expect(secondsSince("yesterday")).toBe(0);
});

it("ignores rubbish for the server's time", () => {
  learnServerTime("2026-11-22T06:00:10Z");
  learnServerTime("soon");
  expect(secondsSince("2026-11-22T06:00:00Z")).toBe(10);
});
