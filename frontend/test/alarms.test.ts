// DAY-31: an alarm stands until a supervisor has confirmed it, also for him who logs in later or reloads.

import { afterEach, beforeEach, expect, it } from "vitest";
import AlarmsController, { type Emergency } from "../src/controllers/alarms_controller";
import { find, push, settle, startPage, stopPage } from "./page";

const alarm = (id: number, more: Partial<Emergency> = {}): Emergency => ({
  id,
  at: "2026-11-20T07:00:00.000Z",
  by: "Аннина И.",
  user_id: 7,
  extension: "101",
  call_key: null,
  seen_by: "",
  ...more,
});
const snapshot = (...emergencies: Emergency[]) => push("snapshot", { emergencies });
const bars = () => document.querySelectorAll(".desk-alarm").length;

beforeEach(async () => {
  document.body.dataset["shellUserValue"] = "8";
  document.body.dataset["shellZoneValue"] = "Asia/Vladivostok";
  await startPage('<div data-controller="alarms"></div>', { alarms: AlarmsController });
});
afterEach(async () => {
  await stopPage();
  delete document.body.dataset["shellUserValue"];
  delete document.body.dataset["shellZoneValue"];
});

it("meets whoever logs in later, once, with the time on his clock", async () => {
  snapshot(alarm(1), alarm(2));
  snapshot(alarm(1), alarm(2));
  push("emergency", alarm(2));
  await settle();
  expect(bars()).toBe(2);
  expect(find(".desk-alarm").textContent).toContain("Аннина И.");
  expect(find(".desk-alarm time").textContent).toMatch(/^(17:00|05:00 PM)$/);
});

it("goes when it was confirmed, also while the page was away", async () => {
  snapshot(alarm(1), alarm(2), alarm(3));
  push("emergency", alarm(1, { seen_by: "Главный И." }));
  await settle();
  expect(bars()).toBe(2);
  snapshot(alarm(3));
  await settle();
  expect(bars()).toBe(1);
  snapshot();
  await settle();
  expect(bars()).toBe(0);
});

it("leaves out him who pressed the key", async () => {
  snapshot(alarm(1, { user_id: 8 }));
  await settle();
  expect(bars()).toBe(0);
});
