// A one-time link is taken along by one button; without a clipboard the text is selected.

import { afterEach, expect, it, vi } from "vitest";
import CopyController from "../src/controllers/copy_controller";
import { find, heard, settle, startPage, stopPage } from "./page";

const PAGE = `<div data-controller="copy"><input data-copy-target="text" value="https://x.example/1" readonly>
  <button data-action="copy#copy">Copy</button></div>`;

afterEach(async () => {
  await stopPage();
  vi.unstubAllGlobals();
});

it("copies the text, and says so", async () => {
  const written: string[] = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
  const toasts = heard("hotline:toast");
  await startPage(PAGE, { copy: CopyController });
  find("button").click();
  await settle();
  expect(written).toEqual(["https://x.example/1"]);
  expect(toasts).toMatchObject([{ kind: "success" }]);
});

it("selects the text where there is no clipboard", async () => {
  vi.stubGlobal("navigator", {});
  const toasts = heard("hotline:toast");
  await startPage(PAGE, { copy: CopyController });
  find("button").click();
  await settle();
  const field = find<HTMLInputElement>("input");
  expect(document.activeElement).toBe(field);
  expect([field.selectionStart, field.selectionEnd]).toEqual([0, field.value.length]);
  expect(toasts).toMatchObject([{ kind: "info" }]);
});
