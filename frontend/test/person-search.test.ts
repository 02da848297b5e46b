import { afterEach, beforeEach, expect, it, vi } from "vitest";
import PersonSearchController from "../src/controllers/person_search_controller";
import { find, press, server, settle, startPage, stopPage } from "./page";

const ROWS = `<table><tbody role="listbox">
  <tr role="option" data-person='{"id":"7","last_name":"Петрова"}'><td>Петрова Анна</td></tr>
  <tr role="option" data-person='{"id":"8","last_name":"Петров"}'><td>Петров Пётр</td></tr></tbody></table>`;

const input = () => find<HTMLInputElement>("input");
const rows = () => [...document.querySelectorAll<HTMLElement>("[data-person]")];
let attached: unknown[];

beforeEach(async () => {
  await startPage(
    `<section data-controller="person-search" data-person-search-url-value="/persons/search" data-person-search-role-value="insured">
      <button data-action="person-search#toggle" aria-expanded="true">Hide</button>
      <div data-person-search-target="panel"><input name="q" data-person-search-target="input">
      <button id="clear" data-action="person-search#clear">Clear</button>
      <div data-person-search-target="results"></div></div></section>`,
    { "person-search": PersonSearchController },
  );
  attached = [];
  find("section").addEventListener("person-search:attach", (event) =>
    attached.push((event as CustomEvent).detail),
  );
});

afterEach(stopPage);

async function search(text: string): Promise<void> {
  input().value = text;
  press(input(), "Enter");
  await settle();
}

it("searches by Enter and shows the fragment", async () => {
  const sent = server({ html: ROWS });
  await search(" ива ив 1980 ");
  expect(sent).toHaveLength(1);
  // Names belong into no address (DAY-29).
  expect(sent[0]?.path).toBe("/persons/search");
  expect(sent[0]?.method).toBe("POST");
  expect(sent[0]?.body).toBe(String(new URLSearchParams({ q: "ива ив 1980" })));
  expect(sent[0]?.headers["HX-Request"]).toBe("true");
  expect(rows()).toHaveLength(2);
});

it("does not ask with nothing typed, nor on Ctrl+Enter, which saves the card", async () => {
  const sent = server({ html: ROWS });
  await search("  ");
  input().value = "Петрова";
  expect(press(input(), "Enter", { ctrlKey: true }).defaultPrevented).toBe(false);
  await settle();
  expect(sent).toEqual([]);
});

it("walks by arrows, attaches by Enter, goes back by Esc", async () => {
  server({ html: ROWS });
  await search("Петров");
  press(input(), "ArrowDown");
  expect(document.activeElement).toBe(rows()[0]);
  press(rows()[0] as Element, "ArrowDown");
  expect(document.activeElement).toBe(rows()[1]);
  press(rows()[1] as Element, "Enter");
  expect(attached).toEqual([{ role: "insured", person: { id: "8", last_name: "Петров" } }]);
  expect(rows().map((row) => row.getAttribute("aria-selected"))).toEqual(["false", "true"]);
  press(rows()[1] as Element, "Escape");
  expect(document.activeElement).toBe(input());
  press(rows()[0] as Element, "ArrowUp");
  expect(document.activeElement).toBe(input());
});

it("attaches by a click, and never by itself", async () => {
  server({ html: ROWS });
  await search("Петров");
  expect(attached).toEqual([]);
  rows()[0]?.querySelector("td")?.click();
  expect(attached).toHaveLength(1);
});

it("shows the newest search, whichever answer comes last", async () => {
  const answers: ((html: string) => void)[] = [];
  vi.stubGlobal(
    "fetch",
    (_: string, init: RequestInit) =>
      new Promise<Response>((resolve, reject) => {
        answers.push((html) => resolve(new Response(html)));
        init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      }),
  );
  await search("Пет");
  await search("Петр");
  answers[1]?.("<p>new</p>");
  answers[0]?.("<p>old</p>");
  await settle();
  expect(find("[data-person-search-target=results]").textContent).toBe("new");
});

it("says when the server does not answer", async () => {
  server("no answer");
  await search("Петров");
  expect(find("[role=alert]").textContent).toBe("The server does not answer.");
});

it("clears and hides", async () => {
  server({ html: ROWS });
  await search("Петров");
  find("#clear").click();
  expect(input().value).toBe("");
  expect(rows()).toEqual([]);
  find("button").click();
  expect(find("[data-person-search-target=panel]").hidden).toBe(true);
  expect(find("button").textContent).toBe("Show");
});
