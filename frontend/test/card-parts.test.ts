import { describe, expect, it, vi } from "vitest";
import { askAboutDuplicates, type Decision } from "../src/card-duplicates";
import { readFields } from "../src/card-fields";
import { years } from "../src/controllers/representation_controller";

const FOUND = {
  id: 7,
  number: "00-22112026-00007",
  likeness: "topic",
  topic: "Полис",
  status: "В работе",
  owner: "Иванова А.",
  created_at: "2026-11-20T07:00:00Z",
} as const;

function form(html: string): HTMLFormElement {
  document.body.innerHTML = `<form>${html}</form>`;
  return document.querySelector("form") as HTMLFormElement;
}

describe("a repeated matter (DAY-23)", () => {
  it.each([
    ["1", "append"],
    ["2", "link"],
    ["3", "anyway"],
  ])("is decided by the key %s: %s", (key, type) => {
    const decide = vi.fn<(decision: Decision) => void>();
    const card = form('<textarea name="content"></textarea>');
    askAboutDuplicates(card, [FOUND], decide);
    card
      .querySelector(".card-duplicates")
      ?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    expect(decide.mock.calls.map(([decision]) => decision.type)).toEqual([type]);
    expect(card.querySelector(".card-duplicates")).toBeNull();
  });

  it("goes away by Esc, and nothing is decided", () => {
    const decide = vi.fn<(decision: Decision) => void>();
    const card = form('<textarea name="content"></textarea>');
    askAboutDuplicates(card, [FOUND], decide);
    card
      .querySelector(".card-duplicates")
      ?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
    expect(decide).not.toHaveBeenCalled();
    expect(card.querySelector(".card-duplicates")).toBeNull();
  });
});

it("a draft keeps what stands in disabled blocks (S000-34)", () => {
  const card = form(
    '<fieldset disabled><input name="refund_sum" value="15"></fieldset><input type="checkbox" name="urgent" value="1"><input type="file" name="f"><input name="csrf_token" value="x">',
  );
  expect(readFields(card)).toEqual({ refund_sum: "15" });
});

it.each([
  ["21.11.2008", 18],
  ["22.11.2008", 18],
  ["23.11.2008", 17],
  ["2015-02-01", 11],
  ["не дата", null],
])("full years of somebody born on %s (DAY-32)", (typed, age) => {
  expect(years(typed, new Date(2026, 10, 22))).toBe(age);
});
