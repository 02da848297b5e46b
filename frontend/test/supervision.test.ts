// DAY-15 on the page: the board's menu begins, the telephone answers by itself, the bar changes the mode; help and messages.

import { afterEach, beforeEach, expect, it } from "vitest";
import HelpController from "../src/controllers/help_controller";
import OperatorOrdersController from "../src/controllers/operator_orders_controller";
import SupervisionController from "../src/controllers/supervision_controller";
import SupervisorMessagesController from "../src/controllers/supervisor_messages_controller";
import { usePhone } from "../src/phone-host";
import { FakePhone, phoneCall } from "./fake-phone";
import { find, push, server, settle, startPage, stopPage, type } from "./page";

const MODES = ["listen", "whisper", "barge", "take"]
  .map(
    (wish) =>
      `<button data-wish="${wish}" data-supervision-target="mode" data-action="supervision#mode">${wish}</button>`,
  )
  .join("");
const MARKUP = `<div id="orders" data-controller="operator-orders"></div>
<div id="messages" data-controller="supervisor-messages"></div>
<section data-controller="supervision">
  <div data-supervision-target="bar" hidden><b data-supervision-target="name"></b><time data-supervision-target="time"></time>
    <p data-supervision-target="state"></p>${MODES}</div>
  <p data-supervision-target="told" hidden><span></span></p>
</section>
<section data-controller="help" data-help-modes-value='["listen"]'>
  <button id="ask" aria-pressed="false" data-help-target="ask" data-action="help#toggle"></button>
  <p data-help-target="state" hidden></p><ul data-help-target="list" hidden></ul>
</section>`;
const since = new Date().toISOString();
const session = (stage: string, more: object = {}) => ({
  id: 5,
  stage,
  wish: "listen",
  ended: null,
  problem: "",
  operator: { id: 7, name: "Анна", extension: "101" },
  call_key: "pbx1-1.1",
  since,
  modes: ["listen", "whisper"],
  ...more,
});
const act = (action: string) =>
  push("board-action", {
    action,
    id: 7,
    extension: "101",
    state: "talking",
    name: "Анна",
    call_key: "pbx1-1.1",
  });
const bar = () => find("[data-supervision-target=bar]");
let phone: FakePhone;

beforeEach(async () => {
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function (this: HTMLDialogElement) {
    this.open = false;
    this.dispatchEvent(new Event("close"));
  };
  phone = new FakePhone();
  phone.view = { status: "active", calls: [], problem: null };
  usePhone(phone);
  await startPage(MARKUP, {
    supervision: SupervisionController,
    help: HelpController,
    "operator-orders": OperatorOrdersController,
    "supervisor-messages": SupervisorMessagesController,
  });
});

afterEach(async () => {
  for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
  await stopPage();
  usePhone(null);
});

it("asks for a reason, keeps it after a refusal, and answers the ring that follows", async () => {
  const sent = server(
    { status: 409, json: { error_id: "operator-not-talking", message: "Не разговаривает", details: {} } },
    { json: session("ringing") },
  );
  act("listen");
  const form = find<HTMLFormElement>("dialog form");
  form.requestSubmit();
  expect(sent).toHaveLength(0); // without a reason nothing is asked for
  type(find<HTMLInputElement>("dialog input"), "жалоба");
  form.requestSubmit();
  await settle();
  expect(find("dialog .alert").textContent).toBe("Не разговаривает");
  expect(find<HTMLInputElement>("dialog input").value).toBe("жалоба");
  form.requestSubmit();
  await settle();
  expect(document.querySelector("dialog")).toBeNull();
  expect(JSON.parse(sent[1]?.body ?? "")).toEqual({ operator_id: 7, mode: "listen", reason: "жалоба" });
  phone.become({ calls: [phoneCall({ role: "supervision" })] });
  expect(phone.asked).toEqual(["answer a"]);
});

it("leaves the ring of somebody else's wish alone", () => {
  phone.become({ calls: [phoneCall({ role: "queue" }), phoneCall({ id: "b", role: "supervision" })] });
  expect(phone.asked).toEqual([]);
});

it("shows the mode, changes it, and goes when it is over", async () => {
  const sent = server({ json: {} });
  push("supervision", session("listen"));
  expect(bar().hidden).toBe(false);
  expect(find("[data-wish=listen]").getAttribute("aria-pressed")).toBe("true");
  expect(find("[data-wish=barge]").hidden).toBe(true); // no right, no button
  find("[data-wish=whisper]").click();
  await settle();
  expect(sent[0]).toMatchObject({ path: "/api/supervision/5/mode", body: '{"mode":"whisper"}' });
  push("supervision", session("over", { ended: "hung_up" }));
  expect(bar().hidden).toBe(true);
});

it("tells an operator who whispers to him, and that it is over", () => {
  push("supervision.told", { told: { stage: "whisper", by: "Главный И.", call_key: "pbx1-1.1" } });
  expect(find("[data-supervision-target=told]").textContent).toContain("Главный И. whispers to you");
  push("supervision.told", { told: null });
  expect(find("[data-supervision-target=told]").hidden).toBe(true);
});

it("keeps a supervisor's line on the screen until it is confirmed", async () => {
  const line = { id: 3, at: since, by: "Главный И.", kind: "message", text: "Говорите медленнее" };
  server({ json: { messages: [line], own: null, open: [], told: null } });
  push("supervision.message", {});
  await settle();
  expect(find(".supervisor-message").textContent).toContain("Говорите медленнее");
  server({ json: {} });
  find(".supervisor-message button").click();
  await settle();
  expect(document.querySelector(".supervisor-message")).toBeNull();
});

it("forces a state only with a word about why, and says which state was seen", async () => {
  const sent = server({ json: {} });
  act("ready");
  type(find<HTMLInputElement>("dialog input"), "много ждут");
  find<HTMLFormElement>("dialog form").requestSubmit();
  await settle();
  expect(sent[0]?.path).toBe("/api/operators/7/force");
  expect(JSON.parse(sent[0]?.body ?? "")).toEqual({
    action: "ready",
    why: "много ждут",
    pause: "",
    state: "talking",
  });
});

it("shows who asks for help; who listens comes", async () => {
  const help = {
    id: 9,
    at: since,
    user_id: 7,
    by: "Анна",
    extension: "101",
    call_key: "pbx1-1.1",
    taken_by: "",
    mine: false,
  };
  server({ json: { own: null, open: [help] } });
  push("supervision.help", {});
  await settle();
  const [come, listen] = document.querySelectorAll<HTMLButtonElement>(".help-row button");
  expect([come?.textContent, listen?.textContent]).toEqual(["I come", "Listen"]);
  const sent = server({ json: { own: null, open: [{ ...help, taken_by: "Я", mine: true }] } });
  listen?.click();
  await settle();
  expect(sent[0]?.path).toBe("/api/help/9/take");
  expect(find("dialog h2").textContent).toContain("Анна");
});
