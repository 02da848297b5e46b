import { afterEach, beforeEach, expect, it, vi } from "vitest";
import DispositionController from "../src/controllers/disposition_controller";
import { find, press, push, settle, startPage, stopPage, type } from "./page";

const PANEL = `<section id="disposition" data-controller="disposition" data-disposition-url-value="/dispositions" hidden></section>
  <button data-disposition-of="c-2">без характеристики</button>`;

/** The server's fragment (includes/disposition_form.html), with what the script uses. */
function form(call: string, waiting = 1): string {
  const rows = [
    ["D03", "Справка", "data-needs-note"],
    ["D09", "Ошибся номером", ""],
    ["D10", "Хулиганство", ""],
  ].map(
    (
      [code, title, note],
      place,
    ) => `<li data-disposition-target="row"><button type="button" data-code="${code}" ${note}
      data-key="${place + 1}" data-action="disposition#choose">${title}</button></li>`,
  );
  return `<form data-disposition-target="form" data-call="${call}" data-waiting="${waiting}" data-action="submit->disposition#enter">
    <h2 data-disposition-target="head">waiting: ${waiting}</h2>
    <input id="disposition-search" type="search" data-disposition-target="search" data-action="input->disposition#filter">
    <ul data-disposition-target="list">${rows.join("")}</ul><p data-disposition-target="none" hidden></p>
    <div data-disposition-target="noteBox" hidden><textarea data-disposition-target="note" data-action="keydown->disposition#noteKey"></textarea></div></form>`;
}

interface Request {
  path: string;
  body: string;
  answer(html: string | null, json?: object): Promise<void>;
}

/** A server that answers when the test says so. */
let requests: Request[];

beforeEach(() => {
  requests = [];
  vi.stubGlobal(
    "fetch",
    (path: string, init: RequestInit) =>
      new Promise<Response>((resolve) => {
        const answer = async (html: string | null, json?: object): Promise<void> => {
          const body = json === undefined ? html : JSON.stringify(json);
          resolve(new Response(body, { status: body === null ? 204 : 200 }));
          await settle();
        };
        requests.push({ path, body: String(init.body ?? ""), answer });
      }),
  );
  Element.prototype.scrollIntoView = () => undefined;
});

afterEach(stopPage);

const panel = () => find("#disposition");
const search = () => find<HTMLInputElement>("#disposition input");
const shown = () => panel().querySelector("form")?.dataset["call"];

async function open(): Promise<void> {
  await startPage(PANEL, { disposition: DispositionController });
  await last().answer(form("c-2"));
}

function last(): Request {
  const request = requests.at(-1);
  if (!request) throw new Error("nothing was asked");
  return request;
}

async function enter(): Promise<void> {
  find<HTMLFormElement>("#disposition form").requestSubmit();
  await settle();
}

it("keeps a word that is being typed when news brings the panel again", async () => {
  await open();
  push("snapshot", {});
  search().focus();
  type(search(), "ошиб");
  await last().answer(form("c-2", 2));
  expect([search().value, document.activeElement]).toEqual(["ошиб", search()]);
  expect(panel().querySelector("h2")?.textContent).toBe("waiting: 2");
  await enter();
  expect([last().path, JSON.parse(last().body)]).toEqual([
    "/api/calls/c-2/disposition",
    { code: "D09", note: "" },
  ]);
});

it("does not let news put another call under a word that is being typed", async () => {
  await open();
  type(search(), "хул");
  push("call.disposition", { call_key: "c-3", code: null });
  await last().answer(form("c-3", 2));
  expect([shown(), search().value]).toEqual(["c-2", "хул"]);
});

it("keeps the focus when nothing was typed and another call takes the place", async () => {
  await open();
  search().focus();
  push("snapshot", {});
  await last().answer(form("c-3"));
  expect([shown(), document.activeElement]).toEqual(["c-3", search()]);
});

it("opens for another call at once, and takes what is typed and decided before its content has come", async () => {
  await open();
  push("classify", { key: "c-1" });
  await settle();
  expect([shown(), panel().querySelectorAll("button").length]).toEqual(["c-1", 0]);
  expect(document.activeElement).toBe(search());
  type(search(), "ошиб");
  await enter();
  expect(requests.filter((one) => one.path.includes("/api/"))).toEqual([]);
  await last().answer(form("c-1"));
  expect([last().path, JSON.parse(last().body)]).toEqual([
    "/api/calls/c-1/disposition",
    { code: "D09", note: "" },
  ]);
});

it("shows the call that was asked for although news came on the way", async () => {
  await open();
  push("classify", { key: "c-1" });
  push("snapshot", {});
  await settle();
  expect(last().path).toBe("/dispositions?call=c-1");
  await last().answer(form("c-1"));
  expect([last().path, shown()]).toEqual(["/dispositions", "c-1"]);
  await last().answer(form("c-2", 2));
  expect([shown(), panel().dataset["asked"]]).toEqual(["c-1", "c-1"]);
});

it("does not ask the server again for the call that it shows", async () => {
  await open();
  type(search(), "ошиб");
  push("classify", { key: "c-2" });
  await settle();
  expect(requests).toHaveLength(1);
  expect([search().value, document.activeElement]).toEqual(["ошиб", search()]);
});

it("keeps a note that was begun while another call is looked at", async () => {
  await open();
  press(document.body, "1", { code: "Digit1", altKey: true });
  await settle();
  find<HTMLTextAreaElement>("#disposition textarea").value = "Адрес";
  push("classify", { key: "c-1" });
  await last().answer(form("c-1"));
  push("classify", { key: "c-2" });
  await last().answer(form("c-2"));
  const note = find<HTMLTextAreaElement>("#disposition textarea");
  expect([note.value, document.activeElement]).toEqual(["Адрес", note]);
  press(note, "Enter");
  await settle();
  expect(JSON.parse(last().body)).toEqual({ code: "D03", note: "Адрес" });
});

it("goes on to the next call when this one is done, and away when none is left", async () => {
  await open();
  type(search(), "ошиб");
  await enter();
  await last().answer(null, { call_key: "c-2", code: "D09", title: "Ошибся номером", waiting: 1 });
  expect(find("[data-disposition-of]").textContent).toBe("Ошибся номером");
  await last().answer(form("c-3"));
  expect([shown(), search().value]).toEqual(["c-3", ""]);
  push("call.disposition", { call_key: "c-3", code: "D01" });
  await last().answer(null);
  expect([shown(), panel().hidden]).toEqual([undefined, true]);
});

it("lets go of the room when what was asked for cannot be shown", async () => {
  await startPage(PANEL, { disposition: DispositionController });
  await last().answer(null);
  push("classify", { key: "c-1" });
  await settle();
  expect(panel().hidden).toBe(false);
  await last().answer("<p>nonsense</p>");
  expect(panel().hidden).toBe(true);
});
