import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { readFields } from "../src/card-fields";
import AttachedController from "../src/controllers/attached_controller";
import CardController from "../src/controllers/card_controller";
import PrefillController from "../src/controllers/prefill_controller";
import { find, server, settle, startPage, stopPage, type } from "./page";

vi.mock("../src/navigate", () => ({ openInWork: vi.fn(async () => undefined) }));

const FIELDS = { applicant_last_name: "Иванова", applicant_birth_date: "04.05.1961", applicant_enp: "" };
const card = () => find<HTMLFormElement>("form#card");
const fields = () => readFields(card());
const field = (name: string) => find<HTMLInputElement>(`[name=${name}]`);
const press = (action: string) => find<HTMLElement>(`[data-action="prefill#${action}"]`).click();

beforeEach(async () => {
  server({ json: { rev: 1, saved_at: "2026-11-22T10:00:00Z" } });
  await startPage(
    `<form id="card" data-controller="card" data-card-draft-value="/api/drafts/1" data-card-rev-value="0" data-card-call-value="k">
      <input type="checkbox" name="anonymous" value="1"><input type="checkbox" name="same_person" value="1" checked data-card-target="same">
      <section><div data-controller="prefill" data-prefill-fields-value='${JSON.stringify(FIELDS)}'>
        <input type="hidden" name="unconfirmed" value="7" data-prefill-target="id">
        <div id="question" data-prefill-target="question"><button type="button" data-action="prefill#confirm">yes</button>
          <button type="button" data-action="prefill#clear">no</button></div>
        <div id="cleared" data-prefill-target="cleared" hidden><button type="button" data-action="prefill#undo">undo</button></div></div>
      <div data-controller="attached" data-attached-role-value="applicant"><input type="hidden" name="applicant_person_id" value="" data-attached-target="id">
        <p id="line" data-attached-target="line" hidden><a data-attached-target="link"></a><span data-attached-target="doubt" hidden></span></p></div>
      <input name="applicant_last_name" value="Иванова"><input name="applicant_birth_date" value="04.05.1961"><input name="applicant_enp">
      <input name="applicant_phone" value="+79280001122"></section>
      <input name="insured_last_name"><textarea name="content"></textarea></form>`,
    { card: CardController, prefill: PrefillController, attached: AttachedController },
  );
});

afterEach(stopPage);

it("shows what came from the register, and is no unsaved card by that alone (DAY-11)", () => {
  expect(find("#question").hidden).toBe(false);
  expect(field("applicant_last_name").hasAttribute("data-from-register")).toBe(true);
  expect(field("applicant_enp").hasAttribute("data-from-register")).toBe(false);
  expect(card().dataset["unsaved"]).toBeUndefined();
});

it("attaches the dossier when confirmed, with what was corrected meanwhile", async () => {
  type(field("applicant_birth_date"), "05.05.1961");
  press("confirm");
  await settle();
  expect(fields()).toMatchObject({
    unconfirmed: "",
    applicant_person_id: "7",
    applicant_birth_date: "05.05.1961",
  });
  expect([find("#question").hidden, find("#line").hidden]).toEqual([true, false]);
  expect(document.querySelector("[data-from-register]")).toBeNull();
  expect(card().dataset["unsaved"]).toBe("");
});

it("takes out what came from the register, keeps what was typed, and brings it back", () => {
  type(field("applicant_birth_date"), "01.01.1990");
  press("clear");
  const CLEARED = {
    unconfirmed: "",
    applicant_last_name: "",
    insured_last_name: "",
    applicant_person_id: "",
  };
  expect(fields()).toMatchObject({
    ...CLEARED,
    applicant_birth_date: "01.01.1990",
    applicant_phone: "+79280001122",
  });
  expect([find("#question").hidden, find("#cleared").hidden]).toEqual([true, false]);
  expect(document.activeElement).toBe(field("applicant_last_name"));
  press("undo");
  expect(fields()).toMatchObject({
    unconfirmed: "7",
    applicant_last_name: "Иванова",
    insured_last_name: "Иванова",
  });
  expect(find("#question").hidden).toBe(false);
});

it("forgets them when another person is attached", async () => {
  const detail = { role: "applicant", person: { id: "9", last_name: "Петрова" } };
  find("section").dispatchEvent(new CustomEvent("person-search:attach", { bubbles: true, detail }));
  await settle();
  expect(fields()).toMatchObject({
    unconfirmed: "",
    applicant_person_id: "9",
    applicant_last_name: "Петрова",
  });
});

it("forgets them when the caller stays unnamed", () => {
  find("[name=anonymous]").click();
  expect(fields()).toMatchObject({ unconfirmed: "", applicant_last_name: "", applicant_birth_date: "" });
});
