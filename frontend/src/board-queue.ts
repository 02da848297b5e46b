import type { BoardQueue } from "./board-model";
import { goalMark } from "./board-model";
import { secondsSince } from "./clock";
import { h, icon } from "./dom";
import { duration } from "./format";
import { t } from "./i18n";

const whole = new Intl.NumberFormat(document.documentElement.lang || "ru", { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat(document.documentElement.lang || "ru", { maximumFractionDigits: 1 });

/** Per cent as people read it; a dash while there is nothing to count. */
export function percent(value: number | null): string {
  return value === null ? "—" : `${one.format(value)} %`;
}

const MARKS = {
  none: "minus",
  kept: "circle-check",
  near: "alert-circle",
  missed: "alert-triangle",
} as const;

export function goalWord(queue: BoardQueue): string {
  switch (goalMark(queue)) {
    case "none":
      // Calls that still wait, or that hung up at once, are judged by nobody: "no calls" would be wrong.
      return queue.today.offered === 0 ? t("no calls yet") : t("no call to judge yet");
    case "kept":
      return t("the goal is kept");
    case "near":
      return t("just below the goal");
    case "missed":
      return t("below the goal");
  }
}

/** One queue: who waits now and for how long, and what today was like. */
export function queueCard(queue: BoardQueue): HTMLElement {
  const mark = goalMark(queue);
  const { today, goal } = queue;
  const longest = h("time", { class: "board-oldest", "data-since": queue.oldest_at ?? "" });
  longest.textContent = oldest(queue.oldest_at);
  return h(
    "article",
    { class: "board-queue", "data-goal": mark, "data-waits": queue.waiting > 0 ? "yes" : "no" },
    h("h3", { class: "board-queue-name" }, queue.title),
    h(
      "div",
      { class: "board-now" },
      figure(t("wait"), h("b", { class: "board-big" }, whole.format(queue.waiting))),
      figure(t("longest wait"), h("b", { class: "board-big" }, longest)),
      figure(
        t("free of {n} at work", { n: queue.at_work }),
        h("b", { class: "board-big" }, whole.format(queue.ready)),
      ),
    ),
    h(
      "div",
      { class: "board-goal" },
      h("span", { class: "board-level-figure" }, icon(MARKS[mark]), ` ${percent(today.service_level)}`),
      h(
        "span",
        { class: "board-goal-words" },
        [
          goalWord(queue),
          t("goal: {percent} % in {seconds} s", { percent: goal.percent, seconds: goal.within_s }),
        ].join(" · "),
      ),
      meter(today.service_level, goal.percent),
    ),
    h(
      "dl",
      { class: "board-today" },
      ...pair(t("calls"), whole.format(today.offered)),
      ...pair(t("answered"), whole.format(today.answered)),
      ...pair(t("lost"), `${whole.format(today.lost)} (${percent(today.lost_percent)})`),
      ...pair(t("mean wait"), today.wait_mean_s === null ? "—" : duration(today.wait_mean_s)),
    ),
  );
}

/** How long the first one has waited by now. */
export function oldest(since: string | null): string {
  return since === null || since === "" ? "0:00" : duration(secondsSince(since));
}

function figure(word: string, value: Node): HTMLElement {
  return h("div", { class: "board-figure" }, value, h("span", { class: "board-figure-word" }, word));
}

function pair(word: string, value: string): HTMLElement[] {
  return [h("div", {}, h("dt", {}, word), h("dd", {}, value))];
}

function meter(level: number | null, goal: number): HTMLElement {
  const bar = h("div", { class: "board-meter", "aria-hidden": "true" });
  const fill = h("span", { class: "board-meter-fill" });
  fill.style.width = `${level ?? 0}%`;
  const line = h("span", { class: "board-meter-goal" });
  line.style.left = `${goal}%`;
  bar.append(fill, line);
  return bar;
}
