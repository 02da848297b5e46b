import { afterEach, beforeEach, expect, it, vi } from "vitest";
import CardController from "../src/controllers/card_controller";
import PaperController from "../src/controllers/paper_controller";
import { receiveCard, replacePaper } from "../src/navigate";
import { keepBlank, openPaper } from "../src/paper";
import { find, server, settle, startPage, stopPage, type } from "./page";

const { ajax } = vi.hoisted(() => ({ ajax: vi.fn(async () => undefined) }));
vi.mock("htmx.org", () => ({ default: { ajax, process: vi.fn() } }));

const KEY = "pbx1-1.7";
const PATH = `/calls/${KEY}/card`;
const BLANK = `<form id="card" data-controller="card" data-card-draft-value="paper" data-card-rev-value="0" data-card-call-value="">
  <input type="hidden" name="call_key"><input type="hidden" name="paper_id"><textarea name="content"></textarea></form>`;
const COLLEAGUES = '<div class="card-shown"><p id="card-content">Где получить полис?</p></div>';
const AWAY = { status: 503, json: { error_id: "database-unavailable", message: "away" } };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  ajax.mockClear();
  server({ html: BLANK });
  await keepBlank();
  await startPage(
    '<main id="work"></main><div data-controller="paper" data-shell-extension-value="201"></div>',
    { card: CardController, paper: PaperController },
  );
  expect(openPaper(KEY, "79280001122")).not.toBeNull();
  await settle();
});

afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

it("gives the card of the call the place of an untouched one on paper, as soon as the server has it (DAY-20)", async () => {
  const sent = server(AWAY, AWAY, { html: COLLEAGUES });
  const look = async () => {
    vi.advanceTimersByTime(10_000);
    await settle();
  };
  await look();
  await look();
  expect(document.querySelector("form#card")).not.toBeNull();
  await look();
  expect(find("#work").innerHTML).toBe(COLLEAGUES);
  await look();
  expect(sent.map((one) => one.path)).toEqual([PATH, PATH, PATH]);
});

it("does so at once when the connection is back", async () => {
  server({ html: COLLEAGUES });
  document.dispatchEvent(new CustomEvent("hotline:snapshot", { detail: {} }));
  await settle();
  expect(find("#work").innerHTML).toBe(COLLEAGUES);
});

it("leaves what was typed on paper where it is, also what was typed while the server was asked", async () => {
  const sent = server({ html: COLLEAGUES });
  const asked = replacePaper();
  type(find("[name=content]"), "Где");
  await asked;
  expect(find<HTMLTextAreaElement>("[name=content]").value).toBe("Где");
  await replacePaper();
  expect(sent.map((one) => one.path)).toEqual([PATH]);
});

it("takes a card that came with the call in place of an untouched one on paper, and of no other", async () => {
  await receiveCard(KEY, "");
  expect(ajax).toHaveBeenCalledTimes(1);
  type(find("[name=content]"), "Где");
  await receiveCard(KEY, "");
  expect(ajax).toHaveBeenCalledTimes(1);
});
