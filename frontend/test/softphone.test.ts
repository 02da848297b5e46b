// The telephone's panel: the shift and the call itself. Transfers: transfer.test.ts.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import PhoneCallController from "../src/controllers/phone_call_controller";
import RecentCallsController from "../src/controllers/recent_calls_controller";
import SoftphoneController from "../src/controllers/softphone_controller";
import TabsController from "../src/controllers/tabs_controller";
import TransferController from "../src/controllers/transfer_controller";
import { usePhone } from "../src/phone-host";
import { merged, type Recent } from "../src/recent-calls";
import { FakePhone, phoneCall } from "./fake-phone";
import { find, heard, push, server, settle, startPage, stopPage, type } from "./page";
import { ACCOUNT, live, markup } from "./softphone-markup";

let phone: FakePhone;
const target = (name: string) => find<HTMLButtonElement>(`[data-phone-call-target=${name}]`);
const softphone = (name: string) => find<HTMLButtonElement>(`[data-softphone-target=${name}]`);

async function open(): Promise<void> {
  await startPage(markup(), {
    softphone: SoftphoneController,
    "phone-call": PhoneCallController,
    transfer: TransferController,
    "recent-calls": RecentCallsController,
    tabs: TabsController,
  });
}

beforeEach(() => {
  phone = new FakePhone();
  usePhone(phone);
});

afterEach(async () => {
  await stopPage();
  usePhone(null);
  vi.useRealTimers();
});

describe("the shift", () => {
  it("begins with the microphone, then the registration, then the queue", async () => {
    const sent = server({ json: ACCOUNT });
    await open();
    expect(softphone("status").textContent).toBe("Not active");
    softphone("start").click();
    await settle();
    expect(phone.asked).toEqual(["start"]);
    expect(sent.at(-1)).toMatchObject({
      method: "POST",
      path: "/api/operator/start",
      body: '{"microphone":true}',
    });
    expect(find("#softphone").dataset["status"]).toBe("active");
    expect(softphone("start").hidden).toBe(true);
    expect(softphone("meter").hidden).toBe(false);
  });

  it("does not begin without a microphone, and says why", async () => {
    const sent = server({ json: ACCOUNT });
    phone.onStart = () => phone.become({ status: "inactive", problem: "microphone-denied" });
    await open();
    softphone("start").click();
    await settle();
    expect(softphone("problem").textContent).toContain("does not let this page use the microphone");
    expect(softphone("problem").hidden).toBe(false);
    expect(sent.map((one) => one.path)).not.toContain("/api/operator/start");
  });

  it("is taken back when the server refuses the operator", async () => {
    server(
      { json: ACCOUNT },
      { json: ACCOUNT },
      { status: 409, json: { message: "the number is in use", error_id: "x" } },
    );
    await open();
    softphone("start").click();
    await settle();
    expect(phone.asked).toEqual(["start", "stop"]);
    expect(softphone("problem").textContent).toBe("the number is in use");
  });

  it("keeps the telephone when only Asterisk is away: the server remembers the wish", async () => {
    server(
      { json: ACCOUNT },
      { json: ACCOUNT },
      { status: 503, json: { message: "Asterisk is away", error_id: "x" } },
    );
    const toasts = heard("hotline:toast");
    await open();
    softphone("start").click();
    await settle();
    expect(phone.asked).toEqual(["start"]);
    expect(toasts).toEqual([{ text: "Asterisk is away", kind: "warning" }]);
  });

  it("cannot begin without an internal number, and the page says so", async () => {
    const sent = server({ json: ACCOUNT });
    const says = 'data-softphone-target="problem">You have no internal number<';
    const html = markup()
      .replace('softphone-extension-value="101"', 'softphone-extension-value=""')
      .replace(/data-softphone-target="problem" hidden></, says);
    await startPage(html, { softphone: SoftphoneController });
    expect(softphone("start").disabled).toBe(true);
    expect(softphone("problem").textContent).toBe("You have no internal number");
    expect(softphone("problem").hidden).toBe(false);
    expect(sent).toEqual([]);
  });

  it("goes on by itself after a reload", async () => {
    const sent = server({ json: { ...ACCOUNT, active: true } });
    await open();
    expect(phone.asked).toEqual(["start"]);
    expect(sent.at(-1)?.path).toBe("/api/operator/start");
  });

  it("takes the new account after signing in again, unless a conversation is going on", async () => {
    server({ json: { ...ACCOUNT, active: true } });
    phone.view = { status: "reconnecting", calls: [phoneCall({ state: "talking" })], problem: null };
    await open();
    push("signed-in", null);
    await settle();
    expect(phone.asked).toEqual([]);
    phone.become({ calls: [] });
    push("signed-in", null);
    await settle();
    expect(phone.asked).toEqual(["stop", "start"]);
  });

  it("says so when the exchange does not accept the telephone in time", async () => {
    vi.useFakeTimers();
    server({ json: ACCOUNT });
    phone.onStart = () => phone.become({ status: "starting" });
    await open();
    softphone("start").click();
    await settle();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(softphone("problem").textContent).toContain("does not answer");
  });

  it("ends on the server first, and not in a call", async () => {
    const sent = server({ json: ACCOUNT });
    phone.view = { status: "active", calls: [phoneCall({ state: "talking" })], problem: null };
    await open();
    expect(softphone("stop").disabled).toBe(true);
    phone.become({ calls: [] });
    softphone("stop").click();
    await settle();
    expect(sent.at(-1)?.path).toBe("/api/operator/stop");
    expect(phone.asked).toEqual(["stop"]);
  });

  it("shows the telephone of another tab, touches nothing, and takes it over on request", async () => {
    server({ json: ACCOUNT });
    phone.view = { status: "active", calls: [phoneCall()], problem: null, elsewhere: true };
    const rings = heard("hotline:ringing");
    await open();
    phone.become({});
    expect(rings).toEqual([]);
    expect(softphone("elsewhere").hidden).toBe(false);
    expect(softphone("stop").hidden).toBe(true);
    expect(target("answer").disabled).toBe(true);
    expect(target("hangup").disabled).toBe(true);
    softphone("takeover").click();
    await settle();
    expect(phone.asked).toEqual(["take over"]);
    expect(softphone("elsewhere").hidden).toBe(true);
  });
});

describe("a call", () => {
  beforeEach(async () => {
    server({ json: ACCOUNT });
    phone.view = { status: "active", calls: [], problem: null };
    await open();
  });

  it("rings: number on top, queue, and the ring is announced once", () => {
    const rings = heard("hotline:ringing");
    phone.become({ calls: [phoneCall()] });
    phone.become({});
    expect(rings).toEqual([{ id: "a", number: "79280001122" }]);
    expect(find("#softphone").dataset["call"]).toBe("ringing");
    expect(target("number").textContent).toBe("+7 928 000-11-22");
    expect(target("queue").textContent).toBe("hotline");
    expect(target("answer").hidden).toBe(false);
    const over = heard("hotline:ring-over");
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: Date.now() })] });
    expect(over).toHaveLength(1);
    expect(find("#softphone").dataset["call"]).toBe("talking");
    phone.become({ calls: [phoneCall({ state: "ended" })] });
    expect(find("#softphone").dataset["call"]).toBe("none");
    expect(target("panel").hidden).toBe(true);
  });

  it("shows how long the citizen has waited, by the server's facts", () => {
    const queued = new Date(Date.now() - 42_000).toISOString();
    push("call.offered", { ...live, queued_at: queued });
    phone.become({ calls: [phoneCall()] });
    expect(target("time").textContent).toBe("0:42");
    expect(target("timeLabel").textContent).toBe("waits");
  });

  it("shows a hidden number as such", () => {
    phone.become({ calls: [phoneCall({ number: "" })] });
    expect(target("number").textContent).toBe("Hidden number");
  });

  it("is answered, muted and hung up", async () => {
    phone.become({ calls: [phoneCall()] });
    target("answer").click();
    await settle();
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1 })] });
    target("mute").click();
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1, muted: true })] });
    expect(target("mute").getAttribute("aria-pressed")).toBe("true");
    target("mute").click();
    target("hangup").click();
    expect(phone.asked).toEqual(["answer a", "mute true", "mute false", "hangup a"]);
  });

  it("is held by the server, and shown as held when the exchange says so", async () => {
    const sent = server({ json: {} });
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1 })] });
    target("hold").click();
    expect(target("hold").disabled).toBe(true); // not asked twice
    await settle();
    expect(target("hold").getAttribute("aria-pressed")).toBe("false");
    push("call.held", { ...live, phase: "held", operator: "101" });
    expect(target("hold").getAttribute("aria-pressed")).toBe("true");
    expect(target("headline").textContent).toBe("On hold");
    target("hold").click();
    await settle();
    expect(sent.map((one) => one.path)).toEqual(["/api/calls/pbx1-1.1/hold", "/api/calls/pbx1-1.1/resume"]);
    expect(phone.asked).toEqual([]);
  });

  it("is held by the telephone itself when the server does not lead it", async () => {
    const sent = server({ status: 403, json: { message: "another operator's", error_id: "not-your-call" } });
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1, role: "consult" })] });
    target("hold").click();
    await settle();
    expect(phone.asked).toEqual(["hold true"]);
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1, held: true })] });
    target("hold").click();
    await settle();
    expect(phone.asked).toEqual(["hold true", "hold false"]);
    expect(sent).toHaveLength(1);
  });

  it("that waits shows in a badge; answering it puts the first one on hold", async () => {
    const sent = server({ json: {} });
    const first = phoneCall({ state: "talking", answeredAt: 1 });
    const second = phoneCall({ id: "b", callKey: "pbx1-1.9", number: "102", role: "internal" });
    phone.become({ calls: [first, second] });
    expect(target("number").textContent).toBe("+7 928 000-11-22");
    expect(target("others").textContent).toContain("102");
    target("others").querySelector("button")?.click();
    await settle();
    expect(sent.map((one) => one.path)).toEqual(["/api/calls/pbx1-1.1/hold"]);
    expect(phone.asked).toEqual(["answer b"]);
    push("call.held", { ...live, phase: "held", operator: "101" });
    phone.become({ calls: [first, { ...second, state: "talking", answeredAt: 2 }] });
    expect(target("number").textContent).toBe("102");
    expect(target("others").textContent).toContain("waits on hold");
    phone.become({ calls: [first] });
    expect(target("number").textContent).toBe("+7 928 000-11-22");
    expect(target("headline").textContent).toBe("On hold");
  });

  it("that waits stays where it is when the first one cannot be put on hold", async () => {
    server({ status: 409, json: { message: "three are talking", error_id: "three-talk" } });
    const second = phoneCall({ id: "b", callKey: "pbx1-1.9", number: "102", role: "internal" });
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1 }), second] });
    target("others").querySelector("button")?.click();
    await settle();
    expect(phone.asked).toEqual([]);
  });

  it("is ended and held through the server while the signalling is away", async () => {
    const sent = server({ json: {} });
    phone.become({ status: "reconnecting", calls: [phoneCall({ state: "talking", answeredAt: 1 })] });
    target("hangup").click();
    target("hold").click();
    await settle();
    expect(phone.asked).toEqual([]);
    expect(sent.map((one) => one.path)).toEqual(["/api/calls/pbx1-1.1/hangup", "/api/calls/pbx1-1.1/hold"]);
  });

  it("gets tones from the keypad", () => {
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1 })] });
    target("keypadToggle").click();
    expect(target("keypad").hidden).toBe(false);
    find("#phone-keypad button").click();
    expect(phone.asked).toEqual(["dtmf 5"]);
  });

  it("is not placed to a number that makes no sense: the server's words are shown", async () => {
    const toasts = heard("hotline:toast");
    const details = { number: "is not a telephone number" };
    server({
      status: 400,
      json: { error_id: "bad-number", message: "This number cannot be called.", details },
    });
    type(find("#phone-number"), "12345678");
    find<HTMLFormElement>(".phone-dial").requestSubmit();
    await settle();
    expect(phone.asked).toEqual([]);
    expect(toasts).toEqual([{ text: "«12345678»: is not a telephone number", kind: "danger" }]);
    expect(find<HTMLInputElement>("#phone-number").value).toBe("12345678");
  });

  it("is placed from the field and from elsewhere on the page, one at a time", async () => {
    const toasts = heard("hotline:toast");
    const checked = server({ json: { number: "+79280001122" } }, { json: { number: "201" } });
    type(find("#phone-number"), "8 (928) 000-11-22");
    find<HTMLFormElement>(".phone-dial").requestSubmit();
    await settle();
    push("dial", { number: "201" });
    await settle();
    expect(checked.map((one) => one.body)).toEqual(['{"number":"8 (928) 000-11-22"}', '{"number":"201"}']);
    expect(phone.asked).toEqual(["call +79280001122", "call 201"]);
    phone.become({ calls: [phoneCall({ state: "calling", direction: "out" })] });
    push("dial", { number: "202" });
    phone.become({ status: "inactive", calls: [] });
    push("dial", { number: "203" });
    expect(phone.asked).toHaveLength(2);
    expect(toasts).toHaveLength(2);
  });

  it("joins the list that the server keeps, once (DAY-04)", () => {
    const noted: Recent[] = [
      { id: "new", number: "+79280000009", direction: "in", at: 90_000, answered: false },
      { id: "sip", number: "79280000001", direction: "out", at: 5_000, answered: true },
    ];
    const kept = Array.from({ length: 20 }, (_, n) => ({
      id: `k${n}`,
      number: `+7928000000${n}`,
      direction: "in" as const,
      at: new Date(n * 4_000).toISOString(),
      answered: true,
    }));
    const ids = merged(noted, kept).map((one) => one.id);
    expect(ids).toEqual(["new", ...kept.slice(0, 19).map((one) => one.id)]);
  });

  it("is remembered among the last ones, a missed one as missed, and calls back", async () => {
    server({ json: { number: "+79280003344" } });
    phone.become({ calls: [phoneCall({ id: "b", number: "79280003344", state: "ended" }), phoneCall()] });
    phone.become({ calls: [phoneCall({ state: "talking", answeredAt: 1 })] });
    phone.become({ calls: [] });
    const rows = [...document.querySelectorAll<HTMLButtonElement>(".recent-call")];
    expect(rows.map((row) => row.querySelector(".recent-kind")?.textContent)).toEqual(["incoming", "missed"]);
    rows[1]?.click();
    await settle();
    expect(phone.asked).toEqual(["call +79280003344"]);
    expect(JSON.parse(sessionStorage.getItem("hotline.recent-calls") ?? "[]")).toHaveLength(2);
  });

  it("is remembered with the time of the reader's zone, not of the computer's", () => {
    document.body.dataset["shellZoneValue"] = "Asia/Kamchatka";
    phone.become({ calls: [phoneCall({ startedAt: Date.UTC(2026, 10, 22, 10, 37) })] });
    delete document.body.dataset["shellZoneValue"];
    expect(find(".recent-time").textContent).toMatch(/^10:37\sPM$/);
  });
});

it("switches the panels by click and by arrows", async () => {
  server({ json: ACCOUNT });
  await open();
  const [first, second] = [...document.querySelectorAll<HTMLElement>("[role=tab]")];
  expect(find("#phone-transfer").hidden).toBe(false);
  second?.click();
  expect(find("#phone-recent").hidden).toBe(false);
  expect(find("#phone-transfer").hidden).toBe(true);
  second?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true, cancelable: true }));
  expect(first?.getAttribute("aria-selected")).toBe("true");
  expect(document.activeElement).toBe(first);
});
