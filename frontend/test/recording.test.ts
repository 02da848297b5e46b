import { afterEach, expect, it, vi } from "vitest";
import PrivateFieldsController from "../src/controllers/private_fields_controller";
import { usePhone } from "../src/phone-host";
import { FakePhone, phoneCall } from "./fake-phone";
import { find, server, settle, startPage, stopPage } from "./page";

const FORM = `<form data-controller="private-fields">
  <input name="applicant_enp" data-private><input name="applicant_snils" data-private><input name="title"></form>`;
const field = (name: string) => find<HTMLInputElement>(`[name=${name}]`);

afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

async function open(state: "talking" | "ringing"): Promise<void> {
  vi.useFakeTimers();
  const phone = new FakePhone();
  phone.become({ status: "active", calls: [phoneCall({ state })] });
  usePhone(phone);
  await startPage(FORM, { "private-fields": PrivateFieldsController });
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

it("silences the recording from the first private field to the last, not in between", async () => {
  const sent = server({ json: {} });
  await open("talking");
  field("applicant_enp").focus();
  await settle();
  expect(sent.map((one) => one.path)).toEqual(["/api/calls/pbx1-1.1/recording/pause"]);
  expect(JSON.parse(sent[0]?.body ?? "")).toEqual({ field: "applicant_enp" });
  field("applicant_snils").focus();
  await pass(1_000);
  expect(sent.some((one) => one.path.endsWith("/resume"))).toBe(false);
  field("title").focus();
  await pass(299);
  expect(sent.some((one) => one.path.endsWith("/resume"))).toBe(false);
  await pass(2);
  expect(sent.at(-1)?.path).toBe("/api/calls/pbx1-1.1/recording/resume");
});

it("resumes when the card is taken away under the focus", async () => {
  const sent = server({ json: {} });
  await open("talking");
  field("applicant_enp").focus();
  await settle();
  document.body.innerHTML = "";
  await pass(1_000);
  expect(sent.at(-1)?.path).toBe("/api/calls/pbx1-1.1/recording/resume");
});

it("asks for nothing outside a talk", async () => {
  const sent = server({ json: {} });
  await open("ringing");
  field("applicant_enp").focus();
  field("title").focus();
  await pass(1_000);
  expect(sent).toEqual([]);
});
