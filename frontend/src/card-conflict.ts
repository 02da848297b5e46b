// The same card was changed elsewhere (another tab, another person): what differs, field by field, and a choice for each.

import { differences, labelOf } from "./card-fields";
import { h, icon } from "./dom";
import type { Fields } from "./drafts-store";
import { t } from "./i18n";

export interface StoredDraft {
  rev: number;
  saved_at?: string;
  fields: Fields;
}

/** Fields that nobody sees or could judge: the screen's stay. */
const UNSEEN = new Set(["links", "script_uses"]);

/** The choice: the fields that come from elsewhere, and whether any stays as it is on the screen. */
export type Choose = (taken: Fields, keepMine: boolean) => void;

/** How the form shows a value: the words of an option, not its code. */
function shown(form: HTMLFormElement, name: string, text: string | undefined): string {
  if (!text) return "—";
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement && field.type === "checkbox") return t("yes");
  if (!(field instanceof HTMLSelectElement)) return text;
  return [...field.options].find((option) => option.value === text)?.textContent?.trim() || text;
}

function choice(name: string, side: "mine" | "theirs", text: string, label: string): HTMLElement {
  const input = h("input", {
    type: "radio",
    class: "form-check-input",
    name: `conflict-${name}`,
    value: side,
    form: "no-form",
    checked: side === "mine",
    "aria-label": `${label}: ${side === "mine" ? t("On the screen") : t("Elsewhere")}`,
  });
  return h("label", { class: "card-conflict-choice" }, input, h("span", {}, text));
}

/** Put the question on top of the card. Asked at most once at a time; the form is changed only by the answer. */
export function showConflict(form: HTMLFormElement, mine: Fields, stored: StoredDraft, choose: Choose): void {
  form.querySelector(".card-conflict")?.remove();
  const names = differences(mine, stored.fields).filter((name) => !UNSEEN.has(name));
  const rows = names.map((name) => {
    const label = labelOf(form, name);
    return h(
      "tr",
      { "data-name": name },
      h("th", { scope: "row" }, label),
      h("td", {}, choice(name, "mine", shown(form, name, mine[name]), label)),
      h("td", {}, choice(name, "theirs", shown(form, name, stored.fields[name]), label)),
    );
  });
  const apply = h("button", { type: "button", class: "btn btn-primary" }, t("Take what is marked"));
  const keep = h("button", { type: "button", class: "btn" }, t("Keep what is on the screen"));
  const take = h("button", { type: "button", class: "btn" }, t("Take the other text"));
  const box = h(
    "section",
    { class: "card-conflict alert alert-warning", role: "alert" },
    h("h2", { class: "h3" }, icon("git-merge"), t("This card was also changed elsewhere")),
    h(
      "table",
      { class: "table table-sm" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, t("Field")),
          h("th", { scope: "col" }, t("On the screen")),
          h("th", { scope: "col" }, t("Elsewhere")),
        ),
      ),
      h("tbody", {}, ...rows),
    ),
    h("div", { class: "btn-list" }, apply, take, keep),
  );
  const decide = (theirs: readonly string[]) => {
    box.remove();
    // Only what comes from elsewhere is written: what was typed since the question came stays.
    const taken = Object.fromEntries(theirs.map((name) => [name, stored.fields[name] ?? ""]));
    choose(taken, theirs.length < names.length);
  };
  const marked = (): string[] =>
    names.filter(
      (name) =>
        box.querySelector<HTMLInputElement>(`[data-name="${CSS.escape(name)}"] [value=theirs]`)?.checked ===
        true,
    );
  apply.addEventListener("click", () => decide(marked()));
  keep.addEventListener("click", () => decide([]));
  take.addEventListener("click", () => decide(names));
  // The focus stays where somebody types: the next space bar must not press a button.
  form.prepend(box);
}
