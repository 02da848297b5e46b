// The same draft was changed elsewhere (another tab, another computer): show what differs and let a person choose.

import { differences, labelOf } from "./card-fields";
import { h, icon } from "./dom";
import type { Fields } from "./drafts-store";
import { t } from "./i18n";

export interface StoredDraft {
  rev: number;
  saved_at?: string;
  fields: Fields;
}

function value(text: string | undefined): string {
  return text ? text : "—";
}

/** Put the question on top of the card; `choose(true)` keeps what is on the screen. Asked at most once at a time. */
export function showConflict(
  form: HTMLFormElement,
  mine: Fields,
  stored: StoredDraft,
  choose: (keepMine: boolean) => void,
): void {
  form.querySelector(".card-conflict")?.remove();
  const rows = differences(mine, stored.fields).map((name) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, labelOf(form, name)),
      h("td", {}, value(mine[name])),
      h("td", {}, value(stored.fields[name])),
    ),
  );
  const keep = h("button", { type: "button", class: "btn btn-primary" }, t("Keep what is on the screen"));
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
    h("div", { class: "btn-list" }, keep, take),
  );
  const decide = (keepMine: boolean) => () => {
    box.remove();
    choose(keepMine);
  };
  keep.addEventListener("click", decide(true));
  take.addEventListener("click", decide(false));
  // The focus stays where somebody types: the next space bar must not press a button.
  form.prepend(box);
}
