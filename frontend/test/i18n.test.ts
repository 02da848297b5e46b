import { beforeEach, expect, it } from "vitest";
import { language, reloadCatalogue, t } from "../src/i18n";

function catalogue(text: string): void {
  document.body.innerHTML = `<script type="application/json" id="catalogue">${text}</script>`;
  reloadCatalogue();
}

beforeEach(() => catalogue('{"lang": "ru", "messages": {"Call": "Звонок", "{n} s ago": "{n} с назад"}}'));

it("translates and fills placeholders in", () => {
  expect(t("Call")).toBe("Звонок");
  expect(t("{n} s ago", { n: 5 })).toBe("5 с назад");
  expect(language()).toBe("ru");
});

it("shows an unknown message in English and leaves an unknown placeholder visible", () => {
  expect(t("Hello {name}", { nmae: "x" })).toBe("Hello {name}");
});

it("does not take a value for a pattern", () => {
  expect(t("{n} s ago", { n: "$& {n}" })).toBe("$& {n} с назад");
});

it.each(["{broken", ""])("works in English with the catalogue %j", (text) => {
  catalogue(text);
  expect(t("Call")).toBe("Call");
  expect(language()).toBe("en");
});
