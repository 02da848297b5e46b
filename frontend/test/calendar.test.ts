import { afterEach, expect, it } from "vitest";
import TextFileController from "../src/controllers/text_file_controller";
import YearGridController from "../src/controllers/year_grid_controller";
import { find, heard, press, settle, startPage, stopPage } from "./page";

afterEach(stopPage);

it("year grid: one tab stop, today; arrows walk days and weeks and stop at the ends", async () => {
  const days = Array.from(
    { length: 40 },
    (_, at) =>
      `<button id="d${at}" tabindex="-1" data-year-grid-target="day" ${at === 9 ? 'class="calendar-today"' : ""}></button>`,
  ).join("");
  await startPage(`<form data-controller="year-grid" data-action="keydown->year-grid#key">${days}</form>`, {
    "year-grid": YearGridController,
  });
  expect([...document.querySelectorAll("[tabindex='0']")].map((day) => day.id)).toEqual(["d9"]);
  find("#d9").focus();
  const walked = [
    "ArrowRight",
    "ArrowDown",
    "ArrowLeft",
    "ArrowUp",
    "PageDown",
    "End",
    "ArrowRight",
    "Home",
    "PageUp",
  ].map((key) => {
    press(document.activeElement as Element, key);
    return document.activeElement?.id;
  });
  expect(walked).toEqual(["d10", "d17", "d16", "d9", "d39", "d39", "d39", "d0", "d0"]);
});

it("text file: its text goes into the field, in UTF-8 or in the code page of Windows; a large one does not", async () => {
  const toasts = heard("hotline:toast");
  await startPage(
    '<form data-controller="text-file"><input type="file" data-action="change->text-file#read"><textarea data-text-file-target="text"></textarea></form>',
    { "text-file": TextFileController },
  );
  const choose = async (bytes: Uint8Array, size = bytes.length): Promise<string> => {
    const file = { size, arrayBuffer: async () => bytes.slice().buffer };
    Object.defineProperty(find("input"), "files", { value: [file], configurable: true });
    find("input").dispatchEvent(new Event("change"));
    await settle();
    return find<HTMLTextAreaElement>("textarea").value;
  };
  expect(await choose(new TextEncoder().encode("Год"))).toBe("Год");
  expect(await choose(new Uint8Array([0xcc, 0xe5, 0xf1, 0xff, 0xf6]))).toBe("Месяц");
  expect(await choose(new Uint8Array([0x41]), 70_000)).toBe("Месяц");
  expect(toasts).toHaveLength(1);
});
