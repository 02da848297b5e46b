import { Application } from "@hotwired/stimulus";
import { expect, it, vi } from "vitest";
import { takeFields } from "../src/card-fields";
import CardToolsController from "../src/controllers/card_tools_controller";

const CARD = `<form data-controller="card-tools" data-card-tools-defaults-value='{"type": "2"}'>
  <header class="card-head"></header>
  <select name="type"><option value="1">Жалоба</option><option value="2">Консультация</option></select>
  <input type="hidden" name="topic" value="1.01"><input id="card-topic" form="no-form" value="Отказ">
  <textarea name="content">Текст</textarea>
  <button type="button" data-action="card-tools#clear" data-card-tools-target="clear">Очистить</button></form>`;

function values(): string[] {
  return ["[name=type]", "[name=topic]", "#card-topic", "[name=content]"].map(
    (selector) => document.querySelector<HTMLInputElement>(selector)?.value ?? "",
  );
}

/** As the topic picker does: another type has other topics. */
function forgetTopicWithType(): void {
  document.querySelector("[name=type]")?.addEventListener("change", () => {
    for (const selector of ["[name=topic]", "#card-topic"]) {
      const field = document.querySelector<HTMLInputElement>(selector);
      if (field) field.value = "";
    }
  });
}

it("clears the form and brings all of it back, the topic too (S000-71)", async () => {
  document.body.innerHTML = CARD;
  forgetTopicWithType();
  const application = Application.start();
  application.register("card-tools", CardToolsController);
  await vi.waitFor(() => {
    document.querySelector<HTMLButtonElement>("[data-card-tools-target=clear]")?.click();
    expect(document.querySelector(".card-cleared button")).not.toBeNull();
  });
  expect(values()).toEqual(["2", "", "", ""]);
  document.querySelector<HTMLButtonElement>(".card-cleared button")?.click();
  expect(values()).toEqual(["1", "1.01", "Отказ", "Текст"]);
  application.stop();
});

it("takes type and topic from elsewhere together", () => {
  document.body.innerHTML = CARD;
  forgetTopicWithType();
  takeFields(document.querySelector("form") as HTMLFormElement, { topic: "2.01", type: "2" });
  expect(values()).toEqual(["2", "2.01", "2.01", "Текст"]);
});
