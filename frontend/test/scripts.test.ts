import { afterEach, beforeEach, expect, it, vi } from "vitest";
import ScriptsController from "../src/controllers/scripts_controller";
import { find, press, server, settle, startPage, stopPage, type } from "./page";

const ROWS = `<li role="option" data-body="Обратитесь в {адрес}, окно 1.">1 Полис</li>
  <li role="option" data-body="Позвоните завтра.">2 Звонок</li>`;

const query = () => find<HTMLInputElement>("[data-scripts-target=query]");
const measures = () => find<HTMLTextAreaElement>("[name=measures]");
const box = () => find<HTMLDetailsElement>("details");
let inputs: number;

beforeEach(async () => {
  vi.useFakeTimers();
  await startPage(
    `<form><input name="topic" value="2.01"><textarea name="measures">Выслушала.</textarea>
      <details data-controller="scripts" data-scripts-url-value="/scripts"
               data-action="open->scripts#opened keydown->scripts#key"><summary>S</summary>
        <input data-scripts-target="query" data-action="scripts#search">
        <ul data-scripts-target="list" data-action="mousedown->scripts#press"></ul></details></form>`,
    { scripts: ScriptsController },
  );
  inputs = 0;
  measures().addEventListener("input", () => {
    inputs += 1;
  });
});

afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

/** jsdom fires no toggle event; the template's action hears that one. */
async function open(): Promise<void> {
  box().open = true;
  box().dispatchEvent(new Event("open"));
  await settle();
}

it("asks for the answers of the chosen topic and inserts one by its number, after what was typed", async () => {
  const sent = server({ html: ROWS });
  measures().setSelectionRange(10, 10);
  await open();
  expect(sent[0]?.path).toBe("/scripts?topic=2.01&q=");
  expect(document.activeElement).toBe(query());
  expect(press(query(), "1").defaultPrevented).toBe(true);
  expect(measures().value).toBe("Выслушала.\nОбратитесь в {адрес}, окно 1.");
  expect(inputs).toBe(1); // the card's autosave hears it
  expect(box().open).toBe(false);
  expect(document.activeElement).toBe(measures());
  const { selectionStart, selectionEnd, value } = measures();
  expect(value.slice(selectionStart, selectionEnd)).toBe("{адрес}"); // typing fills the gap
});

it("searches by a word; digits are text then, Enter inserts the marked answer", async () => {
  const sent = server({ html: ROWS });
  await open();
  type(query(), "2");
  await vi.advanceTimersByTimeAsync(150);
  await settle();
  expect(sent.at(-1)?.path).toBe("/scripts?topic=2.01&q=2");
  expect(press(query(), "1").defaultPrevented).toBe(false);
  press(query(), "ArrowDown");
  expect(query().getAttribute("aria-activedescendant")).toBe("scripts-list-1");
  press(query(), "Enter");
  expect(measures().value).toContain("Позвоните завтра.");
});

it("leaves the text alone on Esc and on a number that no answer has", async () => {
  server({ html: ROWS });
  await open();
  press(query(), "9");
  expect(box().open).toBe(true);
  press(query(), "Escape");
  expect(box().open).toBe(false);
  expect(measures().value).toBe("Выслушала.");
  expect(inputs).toBe(0);
});
