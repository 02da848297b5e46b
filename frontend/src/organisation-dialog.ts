// «Добавить организацию» (S000-42): a missing organisation, without leaving the card; like names are shown first.

import { ApiError, explain, requestJson } from "./api";
import { h } from "./dom";
import { t } from "./i18n";

export interface MadeOrganisation {
  id: number;
  name: string;
}

function kinds(): [string, string][] {
  return [
    ["other", t("Other")],
    ["federal", t("Federal")],
    ["territorial", t("Territorial")],
  ];
}

/** Ask for kind and name; resolves with the organisation, added or chosen among like ones, or `null` when given up. */
export function askForOrganisation(name: string): Promise<MadeOrganisation | null> {
  return new Promise((resolve) => {
    const problem = h("div", { class: "alert alert-warning", role: "alert", hidden: true });
    const field = h("input", {
      class: "form-control",
      name: "name",
      required: true,
      maxlength: 300,
      value: name,
    });
    const kind = h(
      "select",
      { class: "form-select", name: "kind" },
      ...kinds().map(([code, title]) => h("option", { value: code }, title)),
    );
    const add = h("button", { class: "btn btn-primary", type: "submit" }, t("Add"));
    const away = h("button", { class: "btn", type: "button" }, t("Cancel"));
    const form = h(
      "form",
      { class: "organisation-form" },
      h("h2", { class: "h3", id: "organisation-title" }, t("Add an organisation")),
      h("label", { class: "form-label" }, t("Name of the organisation"), field),
      h("label", { class: "form-label" }, t("Kind"), kind),
      problem,
      h("div", { class: "btn-list justify-content-end" }, away, add),
    );
    const dialog = h("dialog", { class: "desk-dialog", "aria-labelledby": "organisation-title" }, form);
    let made: MadeOrganisation | null = null;
    let sure = false;
    const finish = (found: MadeOrganisation | null): void => {
      made = found;
      dialog.close();
    };
    const showLike = (like: readonly MadeOrganisation[]): void => {
      const rows = like.map((one) => {
        const take = h("button", { type: "button", class: "btn btn-sm" }, one.name);
        take.addEventListener("click", () => finish(one));
        return h("li", {}, take);
      });
      problem.replaceChildren(
        h("p", {}, t("There are organisations with a like name. Is it one of these?")),
        h("ul", { class: "list-unstyled btn-list" }, ...rows),
      );
      problem.hidden = false;
      add.textContent = t("Add all the same");
      sure = true;
    };
    field.addEventListener("input", () => {
      sure = false;
      add.textContent = t("Add");
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const json = { kind: kind.value, name: field.value, sure };
      requestJson<MadeOrganisation>("/api/organisations", { method: "POST", json }).then(
        finish,
        (error: unknown) => {
          if (error instanceof ApiError && error.errorId === "like-organisation") {
            showLike(error.details["like"] as MadeOrganisation[]);
          } else {
            problem.textContent = explain(error);
            problem.hidden = false;
          }
        },
      );
    });
    away.addEventListener("click", () => finish(null));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(made);
    });
    document.body.append(dialog);
    dialog.showModal();
    field.focus();
  });
}
