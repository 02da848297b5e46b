// Today's charts of the board, drawn as SVG, and the same figures as a table for who does not see pictures.

import type { BoardDay, BoardSlot } from "./board-model";
import { h } from "./dom";
import { duration } from "./format";
import { t } from "./i18n";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 380;
const HEIGHT = 150;
const LEFT = 46;
const BOTTOM = 22;
const TOP = 10;
const SHORTEST = 16;

export interface Quarter {
  index: number;
  at: string;
  slot: BoardSlot;
}

const EMPTY: BoardSlot = {
  offered: 0,
  answered: 0,
  lost: 0,
  service_level: null,
  wait_mean_s: null,
  wait_max_s: 0,
};

/** The quarters to draw: from the first call of the day to now, four hours at least. */
export function quarters(
  day: BoardDay,
  slots: ReadonlyMap<number, BoardSlot>,
  now: number,
  zone: string,
): Quarter[] {
  const start = Date.parse(day.start);
  const step = day.step_s * 1000;
  const last = Math.max(0, Math.floor((Math.min(now, Date.parse(day.end) - 1) - start) / step));
  const first = Math.max(0, Math.min(last - SHORTEST + 1, ...slots.keys()));
  const clock = new Intl.DateTimeFormat("ru", {
    hour: "2-digit",
    minute: "2-digit",
    ...(zone === "" ? {} : { timeZone: zone }),
  });
  const found: Quarter[] = [];
  for (let index = first; index <= last; index++)
    found.push({ index, at: clock.format(start + index * step), slot: slots.get(index) ?? EMPTY });
  return found;
}

/** The next round number not below the largest value: where the axis ends. */
export function ceiling(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((factor) => factor * power).find((end) => end >= value) ?? 10 * power;
}

interface Chart {
  title: string;
  top: number;
  mark: (value: number) => string;
  draw: (frame: Frame) => SVGElement[];
  legend: readonly (readonly [string, string])[];
}

interface Frame {
  x: (place: number) => number;
  y: (value: number) => number;
  wide: number;
}

/** Calls, service level, waits. */
export function charts(found: readonly Quarter[], goal: number): HTMLElement[] {
  const most = ceiling(Math.max(0, ...found.map(({ slot }) => slot.answered + slot.lost)));
  const longest = ceiling(Math.max(0, ...found.map(({ slot }) => slot.wait_max_s)));
  const list: Chart[] = [
    {
      title: t("Calls"),
      top: most,
      mark: String,
      legend: [
        ["answered", t("answered")],
        ["lost", t("lost")],
      ],
      draw: (frame) =>
        found.flatMap(({ slot }, place) => [
          bar(frame, place, 0, slot.answered, "answered"),
          bar(frame, place, slot.answered, slot.answered + slot.lost, "lost"),
        ]),
    },
    {
      title: t("Service level"),
      top: 100,
      mark: (value) => `${value} %`,
      legend: [
        ["level", t("answered in time")],
        ["goal", t("goal {percent} %", { percent: goal })],
      ],
      draw: (frame) => [
        ...found.flatMap(({ slot }, place) =>
          slot.service_level === null
            ? []
            : [bar(frame, place, 0, slot.service_level, slot.service_level < goal ? "below" : "level")],
        ),
        line(frame, goal, found.length),
      ],
    },
    {
      title: t("Wait"),
      top: longest,
      mark: (value) => duration(value),
      legend: [
        ["longest", t("longest")],
        ["mean", t("mean")],
      ],
      draw: (frame) =>
        found.flatMap(({ slot }, place) => [
          bar(frame, place, 0, slot.wait_max_s, "longest"),
          bar(frame, place, 0, slot.wait_mean_s ?? 0, "mean"),
        ]),
    },
  ];
  return list.map((chart) => figure(chart, found));
}

function figure(chart: Chart, found: readonly Quarter[]): HTMLElement {
  const wide = (WIDTH - LEFT) / Math.max(1, found.length);
  const frame: Frame = {
    wide,
    x: (place) => LEFT + place * wide,
    y: (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / chart.top),
  };
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "board-chart", "aria-hidden": "true" });
  for (const value of [0, chart.top / 2, chart.top]) {
    svg.append(
      make("line", { x1: LEFT, x2: WIDTH, y1: frame.y(value), y2: frame.y(value), class: "chart-grid" }),
      label(chart.mark(value), LEFT - 4, frame.y(value) + 3, "end"),
    );
  }
  const every = Math.max(1, Math.ceil(found.length / 5 / 4) * 4);
  found.forEach(({ index, at }, place) => {
    if (index % every === 0) svg.append(label(at, frame.x(place), HEIGHT - 6, "start"));
  });
  svg.append(...chart.draw(frame));
  const legend = chart.legend.map(([name, word]) =>
    h(
      "span",
      { class: "chart-key" },
      h("span", { class: `chart-swatch chart-${name}`, "aria-hidden": "true" }),
      word,
    ),
  );
  const caption = h(
    "figcaption",
    {},
    h("b", {}, chart.title),
    h("span", { class: "chart-legend" }, ...legend),
  );
  const box = h("figure", { class: "board-figure-box" }, caption);
  box.append(svg);
  return box;
}

/** The figures behind the charts. */
export function table(found: readonly Quarter[]): HTMLTableElement {
  const heads = [
    t("From"),
    t("Calls"),
    t("answered"),
    t("lost"),
    t("Service level"),
    t("mean wait"),
    t("longest wait"),
  ];
  const body = h("tbody");
  for (const { at, slot } of found) {
    if (slot.offered === 0) continue;
    const level = slot.service_level === null ? "—" : `${slot.service_level} %`;
    const mean = slot.wait_mean_s === null ? "—" : duration(slot.wait_mean_s);
    const cells = [slot.offered, slot.answered, slot.lost, level, mean, duration(slot.wait_max_s)];
    body.append(
      h("tr", {}, h("th", { scope: "row" }, at), ...cells.map((cell) => h("td", {}, String(cell)))),
    );
  }
  if (body.childElementCount === 0)
    body.append(h("tr", {}, h("td", { colspan: heads.length }, t("No calls yet today."))));
  return h(
    "table",
    { class: "table table-sm desk-table board-figures" },
    h("caption", { class: "visually-hidden" }, t("Today by quarters of an hour")),
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    body,
  );
}

function make(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes))
    element.setAttribute(key, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
  return element;
}

function bar(frame: Frame, place: number, from: number, to: number, name: string): SVGElement {
  const top = frame.y(to);
  return make("rect", {
    x: frame.x(place) + frame.wide * 0.12,
    width: frame.wide * 0.76,
    y: top,
    height: Math.max(0, frame.y(from) - top),
    class: `chart-${name}`,
  });
}

function line(frame: Frame, value: number, count: number): SVGElement {
  return make("line", {
    x1: frame.x(0),
    x2: frame.x(count),
    y1: frame.y(value),
    y2: frame.y(value),
    class: "chart-goal",
  });
}

function label(text: string, x: number, y: number, anchor: string): SVGElement {
  const element = make("text", { x, y, "text-anchor": anchor, class: "chart-label" });
  element.textContent = text;
  return element;
}
