// DAY-37: what a reviewer fills in is kept, one request at a time, and stays on the page whatever the server says.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import ScoreController from "../src/controllers/score_controller";
import SheetEditorController from "../src/controllers/sheet_editor_controller";
import { find, settle, startPage, stopPage } from "./page";

vi.mock("../src/navigate", () => ({ openInWork: vi.fn(async () => undefined) }));

const SCORE = `<article data-controller="score" data-score-url-value="/api/quality/5" data-score-version-value="1"
  data-score-edits-value="true" data-score-changes-value="false"><b data-score-target="percent">—</b>
  <form data-score-target="form" data-action="change->score#changed input->score#changed">
    <fieldset data-criterion="c1"><input type="radio" name="answer-c1" value="yes"><input type="radio" name="answer-c1" value="no"></fieldset>
    <fieldset data-criterion="c2"><input type="radio" name="answer-c2" value="yes"></fieldset>
    <ol data-score-target="comments"></ol><textarea data-score-target="summary"></textarea></form>
  <button data-action="score#move" data-score-move-param="publish"></button>
  <span data-score-target="state"></span><p data-score-target="problem" tabindex="-1" hidden></p></article>`;

interface Sent {
  path: string;
  body: { version: number; answers: Record<string, string> };
}
let sent: Sent[];
let answer: (sent: Sent) => Response;

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

function tick(selector: string): void {
  const field = find<HTMLInputElement>(selector);
  field.checked = true;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  answer = ({ body }) =>
    json(200, { version: body.version + 1, shown: "50 %", verdict: "red", missing: ["c2"], sections: [] });
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const one = { path, body: JSON.parse(String(init.body)) as Sent["body"] };
    sent.push(one);
    return answer(one);
  });
});
afterEach(async () => {
  await stopPage();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("keeps what was chosen, each time with the version that the server gave last", async () => {
  await startPage(SCORE, { score: ScoreController });
  tick("[name=answer-c1][value=yes]");
  await vi.advanceTimersByTimeAsync(1_500);
  tick("[name=answer-c1][value=no]");
  await vi.advanceTimersByTimeAsync(1_500);
  expect(sent.map((one) => [one.body.version, one.body.answers])).toEqual([
    [1, { c1: "yes" }],
    [2, { c1: "no" }],
  ]);
  expect(find("[data-score-target=percent]").textContent).toBe("50 %");
});

it("tries again while the server is away, and never twice at once", async () => {
  await startPage(SCORE, { score: ScoreController });
  const works = answer;
  answer = () => json(503, { error_id: "unavailable", message: "away" });
  tick("[name=answer-c1][value=yes]");
  await vi.advanceTimersByTimeAsync(1_500);
  expect(sent.length).toBe(1);
  answer = works;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(sent.length).toBe(2);
  expect(find("[data-score-target=state]").textContent).toBe("Saved");
});

it("stops when somebody else has changed it, and what was chosen stays", async () => {
  await startPage(SCORE, { score: ScoreController });
  answer = () => json(409, { error_id: "stale-record", message: "Somebody else changed this." });
  tick("[name=answer-c1][value=yes]");
  await vi.advanceTimersByTimeAsync(1_500);
  tick("[name=answer-c2][value=yes]");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent.length).toBe(1);
  expect(find("[data-score-target=problem]").textContent).toContain("Somebody else changed this.");
  expect(find<HTMLInputElement>("[name=answer-c1][value=yes]").checked).toBe(true);
});

it("marks what has no answer when it is to be published", async () => {
  await startPage(SCORE, { score: ScoreController });
  answer = () => json(400, { error_id: "bad-input", message: "-", details: { c2: "required" } });
  find("button").click();
  await vi.advanceTimersByTimeAsync(0);
  await settle();
  expect(sent[0]?.path).toBe("/api/quality/5/publish");
  expect(find("[data-criterion=c2]").dataset["missing"]).toBe("yes");
  expect(find("[data-criterion=c1]").dataset["missing"]).toBeUndefined();
  expect(document.activeElement).toBe(find("[name=answer-c2]"));
});

const CRITERION = `<li data-sheet-editor-target="criterion"><input data-field="code" value=""><input data-field="title" value="a">
  <input data-field="hint"><select data-field="kind"><option>yes_no</option><option>scale</option></select><label data-top><input data-field="top" value="5"></label>
  <input data-field="weight" value="1"><input type="checkbox" data-field="fatal"><input type="checkbox" data-field="may_skip" checked><span data-share></span>
  <button type="button" data-action="sheet-editor#up"></button></li>`;
const SECTION = `<fieldset data-sheet-editor-target="section"><input data-section-title value="s"><ol>${CRITERION}</ol>
  <button type="button" class="add" data-action="sheet-editor#add"></button></fieldset>`;

it("packs a sheet as the server reads it, with criteria added and moved", async () => {
  const page = `<form data-controller="sheet-editor"><input name="body" data-sheet-editor-target="body">
    <div data-sheet-editor-target="sections">${SECTION}</div><template data-sheet-editor-target="blank">${SECTION}</template></form>`;
  await startPage(page, { "sheet-editor": SheetEditorController });
  find(".add").click();
  await settle();
  find<HTMLInputElement>("li:last-child [data-field=title]").value = "b";
  find<HTMLInputElement>("li:last-child [data-field=weight]").value = "3";
  find("li:last-child button").click();
  find("form").dispatchEvent(new Event("input"));
  const body = JSON.parse(find<HTMLInputElement>("[name=body]").value) as {
    title: string;
    criteria: { title: string; weight: number; kind: string; may_skip: boolean }[];
  }[];
  expect(body.map((section) => section.title)).toEqual(["s"]);
  expect(body[0]?.criteria.map((one) => [one.title, one.weight, one.kind, one.may_skip])).toEqual([
    ["b", 3, "yes_no", true],
    ["a", 1, "yes_no", true],
  ]);
});
