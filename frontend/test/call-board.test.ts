// What anybody may take: parked citizens and calls that ring at a colleague.

import { afterEach, beforeEach, expect, it } from "vitest";
import CallBoardController from "../src/controllers/call_board_controller";
import { usePhone } from "../src/phone-host";
import { FakePhone, phoneCall } from "./fake-phone";
import { find, push, server, settle, startPage, stopPage } from "./page";

const MARKUP = `<aside id="softphone" data-softphone-extension-value="101">
  <section class="phone-board" data-controller="call-board" hidden><ul data-call-board-target="list"></ul></section>
</aside>`;
const since = new Date().toISOString();
const at = (extension: string, state: string, queues = ["hotline"]) => ({ extension, state, since, queues });
const rows = () => [...document.querySelectorAll<HTMLElement>(".board-row")];

let phone: FakePhone;

beforeEach(async () => {
  phone = new FakePhone();
  phone.view = { status: "active", calls: [], problem: null };
  usePhone(phone);
  await startPage(MARKUP, { "call-board": CallBoardController });
  push("snapshot", { calls: [], links: [], queue: null, operator: null, presence: [at("101", "ready")] });
});

afterEach(async () => {
  await stopPage();
  usePhone(null);
});

it("is hidden while there is nothing to take", () => {
  expect(find(".phone-board").hidden).toBe(true);
});

it("shows who rings in a common queue, and takes the call with one click", async () => {
  const sent = server({ json: {} });
  push("presence", at("102", "ringing"));
  push("presence", at("103", "ringing", ["other"]));
  push("presence", at("101", "ringing"));
  expect(rows().map((row) => row.querySelector("b")?.textContent)).toEqual(["102"]);
  push("parking", { places: [{ slot: 2, call_key: "pbx1-1.7", by: "104", since }] });
  // A key each, so that Alt+U takes the ring although a parked citizen stands above it.
  expect(rows().map((row) => row.querySelector("button")?.dataset["command"])).toEqual(["take", "pick-up"]);
  push("parking", { places: [] });
  rows()[0]?.querySelector("button")?.click();
  await settle();
  expect(sent[0]).toMatchObject({ path: "/api/pickup", body: '{"extension":"102"}' });
  phone.become({ calls: [phoneCall({ role: "pickup" })] });
  expect(phone.asked).toEqual(["answer a"]); // the click was the answer
  push("presence", at("102", "ready"));
  expect(rows()).toEqual([]);
});

it("shows level 2, who serves no queue, the rings of the queues in which he helps out", async () => {
  find(".phone-board").setAttribute("data-call-board-helps-value", "hotline complaints");
  push("presence", at("101", "ready", []));
  push("presence", at("102", "ringing"));
  push("presence", at("103", "ringing", ["other"]));
  expect(rows().map((row) => row.querySelector("b")?.textContent)).toEqual(["102"]);
});

it("answers nothing by itself that was not asked for, or was refused", async () => {
  phone.become({ calls: [phoneCall({ role: "pickup" })] });
  phone.become({ calls: [] });
  server({ status: 409, json: { message: "taken", error_id: "taken-already" } });
  push("parking", { places: [{ slot: 2, call_key: "pbx1-1.7", by: "104", since }] });
  rows()[0]?.querySelector("button")?.click();
  await settle();
  phone.become({ calls: [phoneCall({ role: "parked" })] });
  expect(phone.asked).toEqual([]);
});

it("shows parked citizens to everybody, and lets nobody take one in a call", async () => {
  const sent = server({ json: {} });
  push("parking", { places: [{ slot: 2, call_key: "pbx1-1.7", by: "104", since }] });
  expect(find(".phone-board").hidden).toBe(false);
  expect(rows()[0]?.textContent).toContain("Place 2");
  expect(rows()[0]?.textContent).toContain("104");
  phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1 })] });
  expect(rows()[0]?.querySelector("button")?.disabled).toBe(true);
  phone.become({ calls: [] });
  rows()[0]?.querySelector("button")?.click();
  await settle();
  expect(sent[0]?.path).toBe("/api/calls/pbx1-1.7/take");
  push("parking", { places: [] });
  expect(find(".phone-board").hidden).toBe(true);
});
