// DAY-34, DAY-36: the board patches what changed, counts on by itself, turns amber and red in time.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ceiling, quarters } from "../src/board-chart";
import {
  type BoardOperator,
  type BoardPicture,
  type BoardQueue,
  compare,
  fits,
  goalMark,
  limitMark,
} from "../src/board-model";
import BoardAlarmsController from "../src/controllers/board_alarms_controller";
import BoardController from "../src/controllers/board_controller";
import { wallQueue } from "../src/wall-view";
import { find, heard, push, server, settle, startPage, stopPage } from "./page";

const NOW = Date.parse("2026-11-20T07:00:00Z");
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

function operator(id: number, name: string, changes: Partial<BoardOperator> = {}): BoardOperator {
  return {
    ...{ id, name, extension: String(100 + id), organisation: "ТФОМС", roles: ["op1"], state: "ready" },
    ...{
      since: at(-60),
      reason: "",
      near_at: null,
      limit_at: null,
      over: false,
      queues: ["hotline"],
      penalty: 0,
    },
    ...{ call_key: null, call_queue: null, direction: "", party: "", mos: null, verdict: null, alarm: null },
    applied: true,
    ...changes,
  };
}

const tally = {
  ...{ offered: 10, answered: 8, lost: 2, messages: 0, in_time: 7, decided: 10 },
  ...{ service_level: 70, lost_percent: 20, wait_mean_s: 14, wait_max_s: 65 },
};
const queue: BoardQueue = {
  ...{ queue: "hotline", title: "hotline", waiting: 2, oldest_at: at(-47), ready: 1, at_work: 3 },
  goal: { percent: 80, within_s: 20, short_s: 5 },
  today: tally,
};
const picture: BoardPicture = {
  day: { start: at(-10 * 3600), end: at(14 * 3600), step_s: 900 },
  queues: [queue],
  operators: [
    operator(1, "Аннина А."),
    operator(2, "Борисов Б.", { organisation: "СМО", roles: ["sp1"] }),
    operator(3, "Верина В.", { state: "pause", reason: "Обед", near_at: at(5), limit_at: at(10) }),
    operator(4, "Гришина Г.", { state: "offline", since: null }),
  ],
  slots: { hotline: { "39": { ...tally } } },
};
const MARKUP = `<section data-controller="board" data-board-roles-value='{"op1": "оп. 1", "sp1": "предст. 1"}' data-board-zone-value="Europe/Moscow">
  <span data-board-target="pulse"></span><div data-board-target="queues"></div><div data-board-target="states"></div>
  <ul data-controller="board-alarms" id="alarms" hidden></ul><span data-board-target="count"></span>
  <input data-board-target="query" data-action="input->board#filter"><select data-board-target="team" data-action="board#filter"><option value="">все</option></select>
  <select data-board-target="level"><option value="">все</option></select>
  <select data-board-target="order"><option value="urgency">1</option><option value="name">2</option></select>
  <ul data-board-target="grid" id="grid"></ul><div data-board-target="none" id="none" hidden></div>
  <select data-board-target="queue"></select><div data-board-target="charts" id="charts"></div><div data-board-target="table" id="table"></div>
  <template data-board-target="menu"><details class="menu"><summary>…</summary><button data-action="board#act" data-board-act="call" data-board-states="ready pause">x</button></details></template>
</section>`;
const names = () => [...document.querySelectorAll("#grid .board-name")].map((one) => one.textContent);
const card = (id: number) => find(`#grid [data-id="${id}"]`);

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW });
  await startPage(MARKUP, { board: BoardController, "board-alarms": BoardAlarmsController });
  push("snapshot", { server_time: at(0) });
  push("board", picture);
  await settle();
});
afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

it("asks for the board again after every reconnect", () => {
  const told = heard("hotline:tell");
  push("snapshot", {});
  expect(told).toEqual([{ type: "board", data: { on: true } }]);
});

it("shows who is at work, and changes only the card that changed", async () => {
  expect(names()).toEqual(["Верина В.", "Аннина А.", "Борисов Б."]);
  const before = card(2);
  before.querySelector("details")?.setAttribute("open", "");
  push("board.changed", {
    ...{ queues: [], gone: [], slots: {} },
    operators: [
      operator(1, "Аннина А.", { state: "talking", call_key: "k", direction: "in", party: "••••1122" }),
    ],
  });
  await settle();
  expect(card(1).textContent).toContain("••••1122");
  expect(card(2)).toBe(before);
  expect(before.querySelector("details")?.open).toBe(true);
});

it("turns amber and red by itself, with words", async () => {
  expect(card(3).dataset["limit"]).toBe("");
  await vi.advanceTimersByTimeAsync(6_000);
  expect(card(3).dataset["limit"]).toBe("near");
  expect(card(3).textContent).toContain("to the limit");
  await vi.advanceTimersByTimeAsync(6_000);
  expect(card(3).dataset["limit"]).toBe("over");
});

it("filters by state, team and name, and says when nobody fits", async () => {
  find<HTMLButtonElement>('[data-state-chip="offline"]').click();
  expect(names()).toEqual(["Гришина Г."]);
  find<HTMLButtonElement>('[data-state-chip="offline"]').click();
  const query = find<HTMLInputElement>("[data-board-target=query]");
  query.value = "бор";
  query.dispatchEvent(new Event("input", { bubbles: true }));
  expect(names()).toEqual(["Борисов Б."]);
  query.value = "никто";
  query.dispatchEvent(new Event("input", { bubbles: true }));
  expect(find("#none").hidden).toBe(false);
});

it("draws the quarters and has the same figures as a table", () => {
  expect(document.querySelectorAll("#charts svg")).toHaveLength(3);
  expect(find("#table").textContent).toContain("70 %");
});

it("calls an operator, and tells other controllers what was chosen", () => {
  const dialled = heard("hotline:dial");
  const chosen = heard("hotline:board-action");
  find<HTMLButtonElement>('#grid [data-id="1"] [data-board-act]').click();
  expect(dialled).toEqual([{ number: "101" }]);
  expect(chosen).toMatchObject([{ action: "call", id: 1, extension: "101", state: "ready" }]);
});

it("shows alarms until they are over and confirms them", async () => {
  const sent = server({ json: {} });
  const alarm = {
    ...{ id: 7, kind: "waiting", subject: "hotline", of_queue: true, value: 6, threshold: 5, sound: true },
    ...{ raised_at: at(-30), seen_at: null, seen_by: "" },
  };
  push("board.alarms", { alarms: [alarm] });
  await settle();
  expect(find("#alarms").hidden).toBe(false);
  find<HTMLButtonElement>("#alarms button").click();
  await settle();
  expect(sent[0]?.path).toBe("/api/alarms/7/seen");
  push("board.alarms", { alarms: [{ ...alarm, seen_at: at(0), seen_by: "Главный И." }] });
  await settle();
  expect(find("#alarms").textContent).toContain("Главный И.");
  push("board.alarms", { alarms: [] });
  await settle();
  expect(find("#alarms").hidden).toBe(true);
});

it("orders by what needs a supervisor first", () => {
  const gone = operator(5, "Яковлева", { state: "talking", alarm: "nothing-received" });
  const late = operator(6, "Юдина", { state: "pause", over: true });
  const sorted = [operator(1, "Аннина"), late, gone].sort(compare("urgency", NOW)).map((one) => one.id);
  expect(sorted).toEqual([5, 6, 1]);
  expect(limitMark(late, NOW)).toBe("over");
  const all = { query: "", team: "", level: "", states: new Set<string>() };
  expect(fits(operator(1, "Ёлкина"), { ...all, query: "елк 101" })).toBe(true);
  expect(fits(operator(1, "Ёлкина"), { ...all, level: "op2" })).toBe(false);
});

it("names the goal in words, and the axes end at round numbers", () => {
  expect(goalMark(queue)).toBe("missed");
  expect(goalMark({ ...queue, today: { ...tally, service_level: 76 } })).toBe("near");
  expect(goalMark({ ...queue, today: { ...tally, service_level: null } })).toBe("none");
  expect([0, 4, 5, 31, 100, 101].map(ceiling)).toEqual([4, 4, 5, 40, 100, 200]);
  expect(quarters(picture.day, new Map(), NOW, "Europe/Moscow").at(-1)?.at).toBe("10:00");
  expect(wallQueue(queue).querySelector('[data-figure="oldest"]')?.textContent).toContain("0:47");
});
