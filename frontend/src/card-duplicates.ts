// The card was probably registered before (DAY-23, DAY-25): three ways on, a digit each, and nothing typed is lost.

import { h, icon } from "./dom";
import { t } from "./i18n";

export interface Duplicate {
  id: number;
  number: string;
  likeness: "topic" | "letter";
  topic: string;
  status: string;
  owner: string;
  created_at: string;
}

/** What the operator decided. */
export type Decision =
  | { type: "append"; to: Duplicate }
  | { type: "link"; to: readonly Duplicate[] }
  | { type: "anyway"; seen: readonly Duplicate[] };

function reason(one: Duplicate): string {
  return one.likeness === "letter"
    ? t("the same number, date and sender of the letter")
    : t("the same person, topic, and not closed");
}

function line(one: Duplicate): HTMLElement {
  const day = new Date(one.created_at).toLocaleDateString(document.documentElement.lang || "ru");
  const link = h(
    "a",
    { href: `/appeals/${one.id}`, target: "_blank", rel: "noopener", "hx-boost": "false" },
    one.number,
  );
  return h("li", {}, link, ` ${day} · ${one.topic} · ${one.status} · ${one.owner} — ${reason(one)}`);
}

/** Ask on top of the card. Keys 1, 2, 3 decide, Esc goes back to typing. */
export function askAboutDuplicates(
  form: HTMLFormElement,
  found: readonly Duplicate[],
  decide: (decision: Decision) => void,
): void {
  form.querySelector(".card-duplicates")?.remove();
  const first = found[0];
  if (!first) return;
  const before = document.activeElement as HTMLElement | null;
  const button = (key: string, text: string, kind: string): HTMLButtonElement =>
    h("button", { type: "button", class: `btn ${kind}`, "data-key": key }, h("kbd", {}, key), ` ${text}`);
  const append = button("1", t("Add this call to {number}", { number: first.number }), "btn-primary");
  const link = button("2", t("Register and link"), "");
  const anyway = button("3", t("Register, not linked"), "");
  const box = h(
    "section",
    {
      class: "card-duplicates alert alert-warning",
      role: "alertdialog",
      "aria-labelledby": "duplicates-title",
    },
    h("h2", { class: "h3", id: "duplicates-title" }, icon("copy"), t("This was probably registered before")),
    h("ul", {}, ...found.map(line)),
    h("div", { class: "btn-list" }, append, link, anyway),
  );
  const done = (decision: Decision) => () => {
    box.remove();
    decide(decision);
  };
  append.addEventListener("click", done({ type: "append", to: first }));
  link.addEventListener("click", done({ type: "link", to: found }));
  anyway.addEventListener("click", done({ type: "anyway", seen: found }));
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const chosen = box.querySelector<HTMLButtonElement>(`[data-key="${event.key}"]`);
    if (chosen) chosen.click();
    else if (event.key === "Escape") {
      box.remove();
      before?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  form.prepend(box);
  box.scrollIntoView?.({ block: "nearest" });
  append.focus();
}
