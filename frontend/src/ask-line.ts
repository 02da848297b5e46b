import { explain } from "./api";
import { h } from "./dom";
import { t } from "./i18n";

export interface Question {
  title: string;
  /** What the line is: a reason, a message. */
  label: string;
  button: string;
  /** Who reads it. */
  hint?: string;
  danger?: boolean;
  max?: number;
  /** Something to choose beside the line: value and words. */
  choice?: { label: string; options: readonly (readonly [string, string])[] };
  /** The line as it stands at first. */
  text?: string;
}

let made = 0;

/**
 * Ask for one line and do something with it. The dialog stays, with what was typed, until `run` has succeeded or the person
 * gives up. Resolves with true when it was done.
 */
export function askLine(
  question: Question,
  run: (text: string, choice: string) => Promise<unknown>,
): Promise<boolean> {
  return new Promise((resolve) => {
    made += 1;
    const id = `ask-line-${made}`;
    const problem = h("div", { class: "alert alert-danger", role: "alert", hidden: true });
    const line = h("input", {
      class: "form-control",
      id: `${id}-text`,
      required: true,
      maxlength: question.max ?? 200,
      autocomplete: "off",
      value: question.text ?? "",
    });
    const choice = h(
      "select",
      { class: "form-select" },
      ...(question.choice?.options ?? []).map(([value, words]) => h("option", { value }, words)),
    );
    const go = h(
      "button",
      { type: "submit", class: question.danger ? "btn btn-danger" : "btn btn-primary" },
      question.button,
    );
    const away = h("button", { type: "button", class: "btn" }, t("Cancel"));
    const form = h(
      "form",
      { class: "ask-line", novalidate: true },
      h("h2", { class: "h3", id: `${id}-title` }, question.title),
      ...(question.choice ? [h("label", { class: "form-label" }, question.choice.label, choice)] : []),
      h("label", { class: "form-label", for: `${id}-text` }, question.label),
      line,
      ...(question.hint ? [h("p", { class: "form-hint" }, question.hint)] : []),
      problem,
      h("div", { class: "btn-list justify-content-end" }, away, go),
    );
    const dialog = h("dialog", { class: "desk-dialog", "aria-labelledby": `${id}-title` }, form);
    let done = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (line.value.trim() === "") {
        line.classList.add("is-invalid");
        line.focus();
        return;
      }
      go.disabled = true;
      run(line.value.trim(), choice.value)
        .then(() => {
          done = true;
          dialog.close();
        })
        .catch((error: unknown) => {
          problem.textContent = explain(error);
          problem.hidden = false;
          line.focus();
        })
        .finally(() => {
          go.disabled = false;
        });
    });
    line.addEventListener("input", () => line.classList.remove("is-invalid"));
    away.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
    line.focus();
    line.select();
  });
}
