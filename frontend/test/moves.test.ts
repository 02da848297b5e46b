import { afterEach, beforeEach, expect, it, vi } from "vitest";
import DirectoryController from "../src/controllers/directory_controller";
import MoveFormController from "../src/controllers/move_form_controller";
import MoveTargetsController from "../src/controllers/move_targets_controller";
import { openInWork } from "../src/navigate";
import { find, press, push, server, settle, startPage, stopPage, type } from "./page";

vi.mock("../src/navigate", () => ({ openInWork: vi.fn(async () => undefined) }));

const target = (name: string, place: string) =>
  `<label data-move-targets-target="row" data-place="${place}"><input type="radio" name="to" value="user:${name}">${name}</label>`;

beforeEach(() =>
  startPage(
    `<form action="/appeals/7/moves/close" data-controller="move-form" data-move-form-title-value="Закрыть">
      <div data-move-form-target="problems" hidden></div><input type="hidden" name="version" value="3">
      <div data-move-field="result" data-always><select name="result" data-move-form-target="result" data-action="move-form#choose">
        <option value="" data-fields="">…</option>
        <option value="R01" data-fields="result measures" data-button="Закрыть">Ответ дан</option>
        <option value="R06" data-fields="to comment" data-button="Отсрочить">Отсрочить</option></select></div>
      <div data-move-field="measures" data-always><textarea name="measures">Было</textarea></div>
      <div data-move-field="to" data-controller="move-targets directory">
        <span class="presence presence-ready" data-presence="201" data-state="ready"><span class="presence-word">Свободен</span></span>
        <select data-move-targets-target="place" data-action="move-targets#filter"><option value="">все</option><option value="insurer">СМО</option></select>
        <input data-move-targets-target="query" data-action="input->move-targets#filter keydown->move-targets#key">
        ${target("Алёхина", "fund")}${target("Борисов", "insurer")}<p data-move-targets-target="none" hidden>никого</p></div>
      <div data-move-field="comment"><textarea name="comment"></textarea></div>
      <button data-move-form-target="save"><span data-move-form-target="label">Закрыть</span></button></form>`,
    {
      "move-form": MoveFormController,
      "move-targets": MoveTargetsController,
      directory: DirectoryController,
    },
  ),
);

afterEach(async () => {
  await stopPage();
  vi.mocked(openInWork).mockClear();
});

const field = (name: string) => find(`[data-move-field=${name}]`);

function choose(code: string): void {
  const select = find<HTMLSelectElement>("[name=result]");
  select.value = code;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

async function save(): Promise<void> {
  find("form").dispatchEvent(
    new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true }),
  );
  await settle();
}

it("shows what the chosen result asks for, and sends nothing else (S001-090)", async () => {
  const sent = server({ json: { id: 7, status: "Отсроченный ответ", warnings: [] } });
  expect([field("measures").hidden, field("to").hidden]).toEqual([false, true]);
  choose("R06");
  expect([field("measures").hidden, field("to").hidden]).toEqual([true, false]);
  expect(find("[data-move-form-target=label]").textContent).toBe("Отсрочить");
  find<HTMLInputElement>("[value='user:Борисов']").checked = true;
  await save();
  const form = new URLSearchParams(sent[0]?.body);
  expect([form.get("to"), form.get("version")]).toEqual(["user:Борисов", "3"]);
  expect(find<HTMLTextAreaElement>("[name=measures]").disabled).toBe(true); // a browser does not send it
  expect(openInWork).toHaveBeenCalledWith("/appeals/7");
});

it("keeps the text when somebody else was first; the next press means the new state", async () => {
  const stale = { error_id: "stale-appeal", message: "changed", details: { version: 5 } };
  const sent = server({ status: 409, json: stale }, { json: { id: 7, status: "x", warnings: [] } });
  choose("R01");
  type(find<HTMLTextAreaElement>("[name=measures]"), "Моё");
  await save();
  expect(find("[data-move-form-target=problems]").hidden).toBe(false);
  await save();
  const second = new URLSearchParams(sent[1]?.body);
  expect([second.get("version"), second.get("measures")]).toEqual(["5", "Моё"]);
});

it("keeps the text when it is refused, and when nobody answers", async () => {
  const refused = { error_id: "move-incomplete", message: "no", details: { measures: "нужно" } };
  server({ status: 400, json: refused }, "no answer");
  type(find<HTMLTextAreaElement>("[name=measures]"), "Моё");
  await save();
  await save();
  expect(find<HTMLTextAreaElement>("[name=measures]").value).toBe("Моё");
  expect(find<HTMLButtonElement>("button").disabled).toBe(false);
  expect(openInWork).not.toHaveBeenCalled();
});

it("narrows the list by word and organisation; nobody unseen stays chosen", () => {
  choose("R06");
  const first = find<HTMLInputElement>("[value='user:Алёхина']");
  first.checked = true;
  const query = find<HTMLInputElement>("[data-move-targets-target=query]");
  type(query, "алех");
  expect(find("[data-place=insurer]").hidden).toBe(true);
  press(query, "ArrowDown");
  expect(document.activeElement).toBe(first);
  type(query, "");
  const place = find<HTMLSelectElement>("[data-move-targets-target=place]");
  place.value = "insurer";
  place.dispatchEvent(new Event("change", { bubbles: true }));
  expect([find("[data-place=fund]").hidden, first.checked]).toEqual([true, false]);
  type(query, "никто");
  expect(find("[data-move-targets-target=none]").hidden).toBe(false);
});

it("keeps the live state of those to whom it may go", () => {
  push("presence", { extension: "201", state: "talking", since: "2026-11-20T07:00:00Z" });
  expect(find("[data-presence='201']").dataset["state"]).toBe("talking");
});
