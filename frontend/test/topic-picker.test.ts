import { afterEach, beforeEach, expect, it, vi } from "vitest";
import TopicPickerController from "../src/controllers/topic_picker_controller";
import { find, press, server, settle, startPage, stopPage, type } from "./page";

const ROWS = `<li role="option" data-code="2.01"><span>2.01</span> оформление полиса</li>
  <li role="option" data-code="2.04" data-title="утрата полиса">2.04 утрата</li>`;

const query = () => find<HTMLInputElement>("#query");
const value = () => find<HTMLInputElement>("[name=topic]");
const list = () => find("ul");
let changes: number;

beforeEach(async () => {
  vi.useFakeTimers();
  await startPage(
    `<div data-controller="topic-picker" data-topic-picker-url-value="/topics">
      <select data-topic-picker-target="type"><option value="2">C</option><option value="1">J</option></select>
      <input type="hidden" name="topic" data-topic-picker-target="value">
      <input id="query" data-topic-picker-target="query"><ul id="list" hidden data-topic-picker-target="list"></ul></div>`,
    { "topic-picker": TopicPickerController },
  );
  changes = 0;
  find("[data-controller]").addEventListener("change", (event) => {
    if (event.target === value()) changes += 1;
  });
});

afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

async function ask(text: string): Promise<void> {
  query().focus();
  type(query(), text);
  await vi.advanceTimersByTimeAsync(150);
  await settle();
}

it("asks for the topics of the type by keyword, once the typing pauses", async () => {
  const sent = server({ html: ROWS });
  query().focus();
  await settle();
  sent.length = 0;
  type(query(), "по");
  await vi.advanceTimersByTimeAsync(100);
  await ask("полис");
  expect(sent.map((one) => one.path)).toEqual([`/topics?${new URLSearchParams({ type: "2", q: "полис" })}`]);
  expect(list().hidden).toBe(false);
  expect(query().getAttribute("aria-expanded")).toBe("true");
});

it("is used by the keyboard alone", async () => {
  server({ html: ROWS });
  await ask("полис");
  expect(query().getAttribute("aria-activedescendant")).toBe("list-0");
  press(query(), "ArrowDown");
  expect(query().getAttribute("aria-activedescendant")).toBe("list-1");
  expect(press(query(), "Enter").defaultPrevented).toBe(true);
  expect(value().value).toBe("2.04");
  expect(query().value).toBe("утрата полиса");
  expect(list().hidden).toBe(true);
  expect(changes).toBe(1);
});

it("takes the topic that is pressed", async () => {
  server({ html: ROWS });
  await ask("полис");
  list()
    .querySelector("span")
    ?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
  expect(value().value).toBe("2.01");
});

it("closes by Esc and leaves Ctrl+Enter to the card", async () => {
  server({ html: ROWS });
  await ask("полис");
  expect(press(query(), "Enter", { ctrlKey: true }).defaultPrevented).toBe(false);
  press(query(), "Escape");
  expect(list().hidden).toBe(true);
  expect(value().value).toBe("");
});

it("forgets the topic when its text or the type is changed, and marks text that is no topic", async () => {
  server({ html: ROWS });
  await ask("полис");
  press(query(), "Enter");
  expect(value().value).toBe("2.01");
  type(query(), "что-то");
  expect(value().value).toBe("");
  query().blur();
  expect(query().classList.contains("is-invalid")).toBe(true);
  find("select").dispatchEvent(new Event("change", { bubbles: true }));
  expect(query().value).toBe("");
});

it("does not open over the next field when the answer is late", async () => {
  server({ html: ROWS });
  query().focus();
  query().blur();
  await settle();
  expect(list().hidden).toBe(true);
});
