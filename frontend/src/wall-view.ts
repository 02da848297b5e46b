import type { BoardQueue } from "./board-model";
import { goalMark, STATES } from "./board-model";
import { goalWord, oldest, percent } from "./board-queue";
import { h } from "./dom";
import { t } from "./i18n";
import { stateWord } from "./states";

/** What the wallboard is told: figures only, nobody's name. */
export interface WallFigures {
  queues: readonly BoardQueue[];
  states: Readonly<Record<string, number>>;
  over: number;
  server_time: string;
  links: readonly string[];
}

/** One queue in huge figures; every colour has a word beside it. */
export function wallQueue(queue: BoardQueue): HTMLElement {
  const { today } = queue;
  return h(
    "article",
    { class: "wall-queue", "data-goal": goalMark(queue), "data-waits": queue.waiting > 0 ? "yes" : "no" },
    h("h2", {}, queue.title),
    h(
      "div",
      { class: "wall-figures" },
      figure("waiting", String(queue.waiting), t("wait")),
      figure("oldest", oldest(queue.oldest_at), t("longest wait")),
      figure("ready", String(queue.ready), t("free of {n} at work", { n: queue.at_work })),
      figure("level", percent(today.service_level), `${t("Service level")}: ${goalWord(queue)}`),
    ),
    h(
      "p",
      { class: "wall-today" },
      [
        t("calls: {n}", { n: today.offered }),
        t("answered: {n}", { n: today.answered }),
        t("lost: {n} ({share})", { n: today.lost, share: percent(today.lost_percent) }),
      ].join(" · "),
    ),
  );
}

function figure(name: string, value: string, word: string): HTMLElement {
  return h("div", { class: "wall-figure", "data-figure": name }, h("b", {}, value), h("span", {}, word));
}

/** How many operators are in which state. */
export function wallStates({ states, over }: WallFigures): HTMLElement[] {
  const shown = STATES.filter((state) => state !== "offline" && (states[state] ?? 0) > 0);
  const found = shown.map((state) =>
    h(
      "span",
      { class: "wall-state", "data-state": state },
      `${stateWord(state)} `,
      h("b", {}, String(states[state])),
    ),
  );
  if (over > 0)
    found.push(
      h(
        "span",
        { class: "wall-state", "data-state": "over" },
        `${t("Pause over the limit")} `,
        h("b", {}, String(over)),
      ),
    );
  return found;
}
