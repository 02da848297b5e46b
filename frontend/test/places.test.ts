// Domain 2.11 queue.manage: only the rows that differ from what is stored are sent, however often one changes one's mind.

import { afterEach, beforeEach, expect, it } from "vitest";
import PlacesController from "../src/controllers/places_controller";
import { find, settle, startPage, stopPage } from "./page";

const row = (id: number, typed = "") => `
  <div data-places-target="row" data-user="${id}" id="row-${id}">
    <input type="hidden" data-name="version" value="3">
    <input type="checkbox" data-name="member" data-stored="yes" value="1" checked>
    <input type="number" data-name="penalty" data-stored="5" value="${typed || "5"}">
  </div>`;

const form = () => find<HTMLFormElement>("form");
const sent = () => Object.fromEntries(new FormData(form()));
const save = () => find<HTMLButtonElement>("[data-places-target=save]");

async function type(selector: string, change: (field: HTMLInputElement) => void): Promise<void> {
  const field = find<HTMLInputElement>(selector);
  change(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
}

beforeEach(async () => {
  await startPage(
    `<form data-controller="places" data-action="input->places#look"><input type="hidden" name="queue" value="tatar">
     ${row(1)}${row(2)}${row(3, "9")}
     <div data-places-target="row" data-user="4"><input type="hidden" data-name="version" value="0"></div>
     <button data-places-target="save"></button><button type="button" data-places-target="undo" data-action="places#back"></button>
     <span data-places-target="count"></span></form>`,
    { places: PlacesController },
  );
});
afterEach(stopPage);

it("sends what the server showed as typed, and nothing of the other rows", () => {
  expect(sent()).toEqual({ queue: "tatar", version_3: "3", member_3: "1", penalty_3: "9" });
  expect(save().disabled).toBe(false);
});

it("sends a row while it differs, and a member taken out by leaving his box out", async () => {
  await type("#row-1 [data-name=member]", (field) => {
    field.checked = false;
  });
  await type("#row-2 [data-name=penalty]", (field) => {
    field.value = "7";
  });
  await type("#row-2 [data-name=penalty]", (field) => {
    field.value = "5";
  });
  expect(sent()).toEqual({
    queue: "tatar",
    ...{ version_1: "3", penalty_1: "5" },
    ...{ version_3: "3", member_3: "1", penalty_3: "9" },
  });
  expect(find("[data-places-target=count]").textContent).toContain("2");
});

it("puts everything back to what is stored, also what had been typed before the page came", async () => {
  find("[data-places-target=undo]").click();
  await settle();
  expect(sent()).toEqual({ queue: "tatar" });
  expect(save().disabled).toBe(true);
  expect(find<HTMLInputElement>("#row-3 [data-name=penalty]").value).toBe("5");
});
