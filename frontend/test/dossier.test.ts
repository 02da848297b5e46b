// S002-23: an open dossier shows what is new by itself, and costs nobody what he types.

import { afterEach, expect, it, vi } from "vitest";
import DossierController from "../src/controllers/dossier_controller";
import { find, heard, push, server, settle, startPage, stopPage, type } from "./page";

vi.mock("htmx.org", () => ({ default: { process: () => undefined, config: {} } }));

const page = (calls: string, { id = 7, live = true } = {}) => `
<article data-controller="dossier" data-dossier-id-value="${id}" data-dossier-version-value="3" data-dossier-live-value="${live}">
  <a data-dossier-target="news" href="/" hidden>show</a><span data-dossier-target="status"></span>
  <section data-dossier-target="part" data-part="calls">${calls}</section>
  <section data-dossier-target="part" data-part="phones"><input name="phone"></section>
</article>`;
const start = (html: string) => startPage(html, { dossier: DossierController });
const calls = () => find("[data-part=calls]").textContent;
const link = () => find<HTMLAnchorElement>("[data-dossier-target=news]");

afterEach(stopPage);

it("says whose it is, shows what is new, marks it, and says so once", async () => {
  const told = heard("hotline:tell");
  const sent = server({ html: page("two") });
  await start(page("one"));
  expect(told).toEqual([{ type: "watch", data: { person: 7 } }]);
  push("person.watched", { id: 7, version: 3 });
  push("person.changed", { id: 8 });
  await settle();
  expect(sent).toHaveLength(0);
  push("person.changed", { id: 7 });
  await settle();
  expect(calls()).toBe("two");
  expect(find("[data-part=calls]").className).toBe("part-news");
  expect(find("[data-part=phones]").className).toBe("");
  expect(find("[data-dossier-target=status]").textContent).toBe("The dossier has changed.");
  expect(link().hidden).toBe(true);
  expect(sent[0]?.headers["HX-Request"]).toBe("true");
});

it("asks again for what is told while it asks, and after a lost connection", async () => {
  const sent = server({ html: page("two") }, { html: page("three") }, { html: page("four") });
  await start(page("one"));
  push("person.watched", { id: 7, version: 3 });
  push("person.changed", { id: 7 });
  push("person.changed", { id: 7 });
  push("person.changed", { id: 7 });
  await settle();
  expect(calls()).toBe("three");
  push("snapshot", {});
  await settle();
  expect(calls()).toBe("four");
  expect(sent).toHaveLength(3);
});

it("asks at once when the page is older than the dossier", async () => {
  server({ html: page("two") });
  await start(page("one"));
  push("person.watched", { id: 7, version: 4 });
  await settle();
  expect(calls()).toBe("two");
});

it("leaves a part alone in which somebody types, and offers the rest", async () => {
  server({ html: page("two").replace('<input name="phone">', "<b>new</b>") });
  await start(page("one"));
  type(find<HTMLInputElement>("input"), "+7928");
  push("person.changed", { id: 7 });
  await settle();
  expect(calls()).toBe("two");
  expect(find<HTMLInputElement>("input").value).toBe("+7928");
  expect(link().hidden).toBe(false);
});

it.each([
  ["shown without masks", { live: false }, { html: page("two") }],
  ["merged into another", {}, { html: page("two", { id: 9 }) }],
  ["not to be had", {}, { status: 500 }],
])("offers a link when it is %s", async (_, given, answer) => {
  server(answer);
  await start(page("one", given));
  push("person.changed", { id: 7 });
  await settle();
  expect(calls()).toBe("one");
  expect(link().hidden).toBe(false);
});
