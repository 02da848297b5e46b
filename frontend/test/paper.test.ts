import { afterEach, beforeEach, expect, it, vi } from "vitest";
import CardController from "../src/controllers/card_controller";
import PaperController from "../src/controllers/paper_controller";
import PendingCardsController from "../src/controllers/pending_cards_controller";
import { localDraft } from "../src/drafts-store";
import { offlineTopics } from "../src/offline-topics";
import { adoptPapers, isPaper, keepBlank, openPaper, paperKey } from "../src/paper";
import { find, heard, server, settle, startPage, stopPage, type } from "./page";

let arrive: () => void = () => undefined;
vi.mock("../src/navigate", () => ({
  workOpened: () => new Promise<void>((resolve) => (arrive = resolve)),
  openInWork: vi.fn(async () => undefined),
  unsavedCardOpen: () => false,
  openCard: vi.fn(),
  replacePaper: async () => undefined,
}));

const KEY = "pbx1-1.7";
const BLANK = `<form id="card" data-controller="card" data-card-draft-value="paper" data-card-rev-value="0" data-card-call-value="">
  <input type="hidden" name="draft_id" value=""><input type="hidden" name="call_key"><input type="hidden" name="paper_id"><b data-paper-id></b>
  <input name="appeal_at"><input name="applicant_phone"><textarea name="content"></textarea><p role="alert" data-card-target="problems" hidden></p>
  <template data-offline-topics><li data-code="2.01" data-type="2" data-words="карточка">Полис</li><li data-code="1.01" data-type="1">Полёт</li></template>
  <button data-card-target="save">save</button></form>`;
const field = (name: string) => find<HTMLInputElement>(`[name=${name}]`);
const form = () => find<HTMLFormElement>("form#card");
const AWAY = { status: 503, json: { error_id: "database-unavailable", message: "away" } };
const COPY = `paper:${KEY}`;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  server({ html: BLANK });
  await keepBlank();
  await startPage(`<main id="work"></main><div id="pending-cards" data-controller="pending"></div>`, {
    card: CardController,
    pending: PendingCardsController,
  });
});

afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

async function onPaper(): Promise<void> {
  expect(openPaper(KEY, "+79280001122")).not.toBeNull();
  await settle();
}

it("opens the kept card with a temporary number, and keeps what is typed in the browser (DAY-20)", async () => {
  server(AWAY);
  await onPaper();
  expect(field("paper_id").value).toMatch(/^T-\d{6}$/);
  expect(find("[data-paper-id]").textContent).toBe(field("paper_id").value);
  expect(field("appeal_at").value).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/);
  type(field("content"), "Где полис?");
  expect(localDraft(COPY)?.fields).toMatchObject({
    content: "Где полис?",
    call_key: KEY,
    applicant_phone: "+79280001122",
  });
  vi.advanceTimersByTime(2_000);
  await settle();
  expect(localDraft(COPY)?.fields["content"]).toBe("Где полис?");
});

it("becomes a draft of its call as soon as the server answers", async () => {
  server(AWAY);
  await onPaper();
  type(field("content"), "Где полис?");
  vi.advanceTimersByTime(2_000);
  await settle();
  const sent = server({ json: { id: 12, rev: 0 } }, { json: { rev: 1, saved_at: "2026-11-22T10:00:00Z" } });
  document.dispatchEvent(new CustomEvent("hotline:events", { detail: { status: "up" } }));
  await settle();
  expect(sent.map((one) => `${one.method} ${one.path}`)).toEqual(["POST /api/drafts", "PUT /api/drafts/12"]);
  expect(JSON.parse(sent[1]?.body ?? "").fields).toMatchObject({
    content: "Где полис?",
    draft_id: "12",
    call_key: KEY,
  });
  expect([localDraft(COPY), localDraft("/api/drafts/12")]).toEqual([null, null]);
});

it("is saved once, under the name of its call, however often it is sent; no draft is made meanwhile", async () => {
  const away = server(AWAY);
  await onPaper();
  type(field("content"), "Где полис?");
  form().requestSubmit();
  await settle();
  vi.advanceTimersByTime(2_900);
  await settle();
  expect(away.filter((one) => one.path === "/appeals")).toHaveLength(1);
  expect(away.map((one) => one.path)).not.toContain("/api/drafts");
  const sent = server({ json: { id: 5, version: 1, number: "00-1", status: "" } });
  vi.advanceTimersByTime(200);
  await settle();
  expect(sent.map((one) => one.path)).toEqual(["/appeals"]);
  expect([away[0], sent[0]].map((one) => one?.headers["Idempotency-Key"])).toEqual([
    `paper-${KEY}`,
    `paper-${KEY}`,
  ]);
  expect(localDraft(COPY)).toBeNull();
});

it("waits in the badge after a reload, as a draft", async () => {
  sessionStorage.setItem(
    `hotline.draft:${COPY}`,
    JSON.stringify({ rev: 0, at: 1, fields: { content: "x", draft_id: "" } }),
  );
  const waits = heard("hotline:card-waits");
  server(AWAY);
  await adoptPapers();
  expect([waits.length, localDraft(COPY) !== null]).toEqual([0, true]);
  server({ json: { id: 12, rev: 0 } });
  await adoptPapers();
  expect(waits).toEqual([{ path: `/calls/${KEY}/card`, number: "" }]);
  expect(localDraft("/api/drafts/12")?.fields).toEqual({ content: "x", draft_id: "12" });
  expect(localDraft(COPY)).toBeNull();
});

it("finds topics without a server, by any word of theirs", async () => {
  await onPaper();
  const found = (type: string, query: string) =>
    offlineTopics(form(), type, query)?.map((one) => one.dataset["code"]);
  expect([found("2", ""), found("1", "полет"), found("2", "КАРТОЧ пол"), found("2", "врач")]).toEqual([
    ["2.01"],
    ["1.01"],
    ["2.01"],
    [],
  ]);
  expect(offlineTopics(null, "2", "")).toBeNull();
  expect([isPaper(COPY), isPaper("/api/drafts/1"), paperKey(COPY)]).toEqual([true, false, `paper-${KEY}`]);
});

it("asks for the empty card when the page is idle and the card of a call is there, and not again within an hour", async () => {
  let idle: () => void = () => undefined;
  vi.stubGlobal("requestIdleCallback", (work: () => void) => (idle = work));
  await stopPage();
  const sent = server({ html: BLANK });
  await startPage(`<div data-controller="paper" data-shell-extension-value="101"></div>`, {
    paper: PaperController,
  });
  const snapshot = async () => {
    document.dispatchEvent(new CustomEvent("hotline:snapshot", { detail: {} }));
    await settle();
  };
  await snapshot();
  for (const step of [() => idle(), () => arrive(), () => idle()]) {
    expect(sent).toEqual([]);
    step();
    await settle();
  }
  expect(sent.map((one) => one.path)).toEqual(["/appeals/paper"]);
  await snapshot();
  idle();
  arrive();
  await settle();
  expect(sent).toHaveLength(1);
  vi.unstubAllGlobals();
});
