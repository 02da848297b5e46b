// Handing a call over, on the telephone's real markup.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import PhoneCallController from "../src/controllers/phone_call_controller";
import TabsController from "../src/controllers/tabs_controller";
import TransferController from "../src/controllers/transfer_controller";
import { usePhone } from "../src/phone-host";
import { FakePhone, phoneCall } from "./fake-phone";
import { find, heard, push, server, settle, startPage, stopPage, type } from "./page";
import { ACCOUNT, live, markup } from "./softphone-markup";

let phone: FakePhone;
const target = (name: string) => find<HTMLButtonElement>(`[data-phone-call-target=${name}]`);
const transfer = (name: string) => find<HTMLButtonElement>(`[data-transfer-target=${name}]`);

async function open(): Promise<void> {
  await startPage(markup(), {
    "phone-call": PhoneCallController,
    transfer: TransferController,
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
});

describe("a transfer", () => {
  beforeEach(async () => {
    server({ json: ACCOUNT });
    phone.view = { status: "active", calls: [phoneCall({ state: "talking", answeredAt: 1 })], problem: null };
    await open();
  });

  it("asks the colleague, and offers handing over only when Asterisk says that he talks", async () => {
    const sent = server({ json: {} });
    expect(transfer("consult").disabled).toBe(true);
    type(transfer("number") as unknown as HTMLInputElement, "201");
    transfer("consult").click();
    await settle();
    expect(sent[0]).toMatchObject({ path: "/api/calls/pbx1-1.1/consult", body: '{"extension":"201"}' });
    expect(transfer("complete").disabled).toBe(true);
    push("call.consulting", { ...live, phase: "consulting", operator: "101" });
    expect(transfer("consult").disabled).toBe(true);
    transfer("complete").click();
    await settle();
    expect(sent[1]?.path).toBe("/api/calls/pbx1-1.1/complete");
  });

  it("returns to the citizen", async () => {
    const sent = server({ json: {} });
    push("call.consulting", { ...live, phase: "consulting", operator: "101" });
    transfer("cancel").click();
    await settle();
    expect(sent[0]?.path).toBe("/api/calls/pbx1-1.1/cancel");
    push("call.resumed", { ...live, phase: "talking", operator: "101" });
    expect(transfer("cancel").disabled).toBe(true);
  });

  it("goes at once, or makes it three, or parks the citizen", async () => {
    const sent = server({ json: { slot: 4 } });
    const toasts = heard("hotline:toast");
    type(transfer("number") as unknown as HTMLInputElement, "201");
    transfer("blind").click();
    await settle();
    expect(sent[0]).toMatchObject({ path: "/api/calls/pbx1-1.1/transfer", body: '{"extension":"201"}' });
    expect(transfer("join").disabled).toBe(true);
    expect(transfer("stage").hidden).toBe(true);
    push("call.consulting", { ...live, phase: "consulting", operator: "101", consulted: "201" });
    expect(transfer("blind").disabled).toBe(true);
    expect(transfer("stage").hidden).toBe(false);
    transfer("join").click();
    await settle();
    expect(sent[1]?.path).toBe("/api/calls/pbx1-1.1/join");
    push("call.resumed", { ...live, phase: "talking", operator: "101", consulted: "201" });
    expect(target("headline").textContent).toBe("Three are talking");
    expect(target("hold").disabled).toBe(true);
    expect(transfer("park").disabled).toBe(true);
    expect(transfer("complete").disabled).toBe(false);
    expect(transfer("join").hidden).toBe(true);
    push("consult.ended", { call_key: live.key, status: "cancelled", reason: "", from: "101", to: "201" });
    expect(target("headline").textContent).toBe("In conversation");
    transfer("park").click();
    await settle();
    expect(sent[2]?.path).toBe("/api/calls/pbx1-1.1/park");
    expect(toasts).toEqual([{ text: "The citizen waits at place 4.", kind: "success" }]);
  });

  it("that was refused says why, to who asked", () => {
    const toasts = heard("hotline:toast");
    push("consult.ended", { call_key: live.key, status: "refused", reason: "BUSY", from: "102", to: "201" });
    push("consult.ended", {
      call_key: live.key,
      status: "refused",
      reason: "NOANSWER",
      from: "101",
      to: "201",
    });
    expect(toasts).toEqual([
      { text: "201 does not answer. The citizen comes back to you.", kind: "warning" },
    ]);
  });

  it("is not another operator's to make", () => {
    push("call.consulting", { ...live, phase: "consulting", operator: "105", consulted: "101" });
    for (const name of ["consult", "blind", "join", "complete", "cancel", "park"])
      expect(transfer(name).disabled).toBe(true);
  });

  it("is prepared by the directory, and a person presses the button", () => {
    const sent = server({ json: {} });
    push("transfer", { number: "305" });
    expect((transfer("number") as unknown as HTMLInputElement).value).toBe("305");
    expect(document.activeElement).toBe(transfer("consult"));
    expect(sent).toEqual([]);
  });

  it("says when there is no call, and shows a refusal", async () => {
    const toasts = heard("hotline:toast");
    server({ status: 409, json: { error_id: "busy", message: "201 is busy" } });
    type(transfer("number") as unknown as HTMLInputElement, "201");
    transfer("consult").click();
    await settle();
    expect(toasts).toEqual([{ text: "201 is busy", kind: "danger" }]);
    expect(transfer("consult").disabled).toBe(false);
    phone.become({ calls: [] });
    push("transfer", { number: "305" });
    expect(toasts).toHaveLength(2);
  });
});
