import { afterEach, beforeEach, expect, it, vi } from "vitest";
import AppealEditController from "../src/controllers/appeal_edit_controller";
import { openInWork } from "../src/navigate";
import { find, heard, server, settle, startPage, stopPage, type } from "./page";

vi.mock("../src/navigate", () => ({ openInWork: vi.fn(async () => undefined) }));

const form = () => find<HTMLFormElement>("form");
const content = () => find<HTMLTextAreaElement>("[name=content]");
const version = () => find<HTMLInputElement>("[name=version]").value;

beforeEach(() =>
  startPage(
    `<form id="card" action="/appeals/7" data-controller="appeal-edit"><div data-appeal-edit-target="problems" hidden></div>
      <input type="hidden" name="version" value="1">
      <div data-field="content"><label for="c">Содержание</label><textarea id="c" name="content">Было</textarea></div>
      <button data-appeal-edit-target="save">Сохранить</button></form>`,
    { "appeal-edit": AppealEditController },
  ),
);

afterEach(async () => {
  await stopPage();
  vi.mocked(openInWork).mockClear();
});

async function save(): Promise<void> {
  form().dispatchEvent(new Event("submit", { cancelable: true }));
  await settle();
}

it("saves the version that was opened, and shows the appeal", async () => {
  const sent = server({ json: { id: 7, version: 2, warnings: ["check the number"] } });
  const toasts = heard("hotline:toast");
  type(content(), "Стало");
  expect(form().dataset["unsaved"]).toBe("");
  await save();
  expect(new URLSearchParams(sent[0]?.body).get("version")).toBe("1");
  expect(openInWork).toHaveBeenCalledWith("/appeals/7");
  expect(form().dataset["unsaved"]).toBeUndefined();
  expect(toasts.length).toBe(2);
});

it("shows what somebody else wrote; keeping one's own replaces the version that was seen", async () => {
  const details = { version: 5, fields: { content: ["Стало", "Чужое"] } };
  const stale = { status: 409, json: { error_id: "stale-appeal", message: "changed", details } };
  const sent = server(stale, { json: { id: 7, version: 6, warnings: [] } });
  type(content(), "Стало");
  await save();
  expect(find(".card-conflict").textContent).toContain("Чужое");
  expect([content().value, form().dataset["unsaved"]]).toEqual(["Стало", ""]);
  find<HTMLButtonElement>(".card-conflict .btn-primary").click();
  await save();
  const second = new URLSearchParams(sent[1]?.body);
  expect([second.get("version"), second.get("content")]).toEqual(["5", "Стало"]);
});

it("takes the other text when asked to", async () => {
  const details = { version: 5, fields: { content: ["Стало", "Чужое"] } };
  server({ status: 409, json: { error_id: "stale-appeal", message: "changed", details } });
  type(content(), "Стало");
  await save();
  find<HTMLButtonElement>(".card-conflict .btn:not(.btn-primary)").click();
  expect([content().value, version()]).toEqual(["Чужое", "5"]);
});

it("keeps the text when it is refused, and when nobody answers", async () => {
  const refused = {
    status: 400,
    json: { error_id: "card-incomplete", message: "no", details: { content: "bad" } },
  };
  server(refused, "no answer");
  type(content(), "Стало");
  await save();
  expect(find("[data-appeal-edit-target=problems]").hidden).toBe(false);
  await save();
  expect(find<HTMLButtonElement>("button").disabled).toBe(false);
  expect([content().value, form().dataset["unsaved"]]).toEqual(["Стало", ""]);
  expect(openInWork).not.toHaveBeenCalled();
});
