// A key that comes while its control still works is not swallowed; on a narrow screen a panel does not stay over the card.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import KeysController from "../src/controllers/keys_controller";
import PanelController from "../src/controllers/panel_controller";
import PhoneCallController from "../src/controllers/phone_call_controller";
import TabsController from "../src/controllers/tabs_controller";
import TransferController from "../src/controllers/transfer_controller";
import { usePhone } from "../src/phone-host";
import { FakePhone, phoneCall } from "./fake-phone";
import { find, press, push, settle, startPage, stopPage, type } from "./page";
import { live, markup } from "./softphone-markup";

const MORE = '<textarea id="content"></textarea>';
let phone: FakePhone;
/** What the server was asked, each waiting for its answer. */
let asked: { path: string; answer: () => void }[];

beforeEach(async () => {
  asked = [];
  vi.stubGlobal(
    "fetch",
    (path: string) =>
      new Promise((resolve) => {
        asked.push({ path, answer: () => resolve(new Response("{}")) });
      }),
  );
  phone = new FakePhone();
  phone.view = { status: "active", calls: [phoneCall({ state: "talking", answeredAt: 1 })], problem: null };
  usePhone(phone);
  await startPage(`<div data-controller="keys">${markup()}${MORE}</div>`, {
    keys: KeysController,
    panel: PanelController,
    "phone-call": PhoneCallController,
    tabs: TabsController,
    transfer: TransferController,
  });
});

afterEach(async () => {
  await stopPage();
  usePhone(null);
});

const alt = (letter: string) =>
  press(document.body, letter, { code: `Key${letter.toUpperCase()}`, altKey: true });
const paths = () => asked.map(({ path }) => path.split("/").at(-1));

it("keeps one key while its button works, and uses it when the button can be used again", async () => {
  alt("o");
  await settle();
  expect(paths()).toEqual(["hold"]);
  alt("o");
  alt("o"); // the latest one only
  await settle();
  expect(paths()).toEqual(["hold"]);
  push("call.held", { ...live, phase: "held", operator: "101" });
  asked[0]?.answer();
  await settle();
  await vi.waitFor(() => expect(paths()).toEqual(["hold", "resume"]));
});

it("waits a moment for the news behind the answer", async () => {
  push("call.consulting", { ...live, phase: "consulting", operator: "101" });
  alt("j");
  await settle();
  alt("g");
  await settle();
  expect(paths()).toEqual(["join"]);
  asked[0]?.answer();
  await settle();
  push("call.resumed", { ...live, phase: "talking", operator: "101", consulted: "201" });
  await vi.waitFor(() => expect(paths()).toEqual(["join", "complete"]));
});

it("forgets a key that another one followed, and keeps none for a button that is just not allowed", async () => {
  alt("g"); // nobody is asked: nothing to hand over
  push("call.consulting", { ...live, phase: "consulting", operator: "101" });
  await settle();
  expect(paths()).toEqual([]);
  alt("b");
  await settle();
  alt("g");
  alt("m");
  asked[0]?.answer();
  await settle();
  expect(paths()).toEqual(["cancel"]);
});

it("gives the focus back to the card once the colleague is asked, and by Esc, when the screen is narrow", async () => {
  const number = find<HTMLInputElement>("#transfer-number");
  const content = find("#content");
  content.focus();
  number.focus();
  press(number, "Escape");
  expect(document.activeElement).toBe(number); // wide: nothing is covered
  vi.stubGlobal("matchMedia", () => ({ matches: true, addEventListener: () => undefined }));
  press(number, "Escape");
  expect(document.activeElement).toBe(content);
  number.focus();
  type(number, "201");
  find("[data-transfer-target=consult]").click();
  await settle();
  expect(document.activeElement).toBe(number); // it may still be refused
  asked[0]?.answer();
  await settle();
  expect(document.activeElement).toBe(content);
  number.focus();
  phone.become({ calls: [] });
  expect(document.activeElement).toBe(content);
});

it("goes to a field behind another tab", async () => {
  find("#phone-tab-recent").click();
  expect(find("#phone-transfer").hidden).toBe(true);
  alt("t");
  await settle();
  expect(find("#phone-transfer").hidden).toBe(false);
  expect(document.activeElement).toBe(find("#transfer-number"));
});
