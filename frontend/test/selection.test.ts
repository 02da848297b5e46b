import { Application } from "@hotwired/stimulus";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import SelectionController from "../src/controllers/selection_controller";

const ROWS = ["3", "7", "12", "20"];
let application: Application;
const told: string[][] = [];
const listen = (event: Event): void => {
  told.push((event as CustomEvent<{ ids: string[] }>).detail.ids);
};

beforeEach(async () => {
  const rows = ROWS.map(
    (id) =>
      `<tr><td><input type="checkbox" value="${id}" data-selection-target="box" data-action="click->selection#toggle"></td></tr>`,
  ).join("");
  document.body.innerHTML = `<section data-controller="selection">
    <div data-selection-target="bar" hidden><span data-selection-target="count"></span>
      <input type="hidden" data-selection-target="ids"><button data-action="selection#clear"></button></div>
    <table><thead><tr><th><input type="checkbox" data-selection-target="all" data-action="selection#toggleAll"></th></tr></thead>
    <tbody>${rows}</tbody></table></section>`;
  told.length = 0;
  document.addEventListener("hotline:selection", listen);
  application = Application.start();
  application.register("selection", SelectionController);
  await Promise.resolve();
});

afterEach(() => {
  document.removeEventListener("hotline:selection", listen);
  application.stop();
});

const section = (): HTMLElement => document.querySelector("section") as HTMLElement;
const box = (id: string): HTMLInputElement => document.querySelector(`[value="${id}"]`) as HTMLInputElement;
const all = (): HTMLInputElement => document.querySelector("th input") as HTMLInputElement;

describe("ticked rows of a list (DAY-38)", () => {
  it("stand in data-selected, in hidden fields and in the event", () => {
    box("7").click();
    expect(section().dataset["selected"]).toBe("7");
    expect(document.querySelector<HTMLInputElement>("[type=hidden]")?.value).toBe("7");
    expect(told.at(-1)).toEqual(["7"]);
    expect(document.querySelector<HTMLElement>("[data-selection-target=bar]")?.hidden).toBe(false);
    expect(all().indeterminate).toBe(true);
  });

  it("are taken with all between by Shift", () => {
    box("3").click();
    box("12").dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true }));
    expect(told.at(-1)).toEqual(["3", "7", "12"]);
  });

  it("are all ticked by the heading and cleared by the button", () => {
    all().click();
    expect(section().dataset["selected"]).toBe("3,7,12,20");
    document.querySelector<HTMLButtonElement>("button")?.click();
    expect(section().dataset["selected"]).toBe("");
    expect(document.querySelector<HTMLElement>("[data-selection-target=bar]")?.hidden).toBe(true);
  });
});
