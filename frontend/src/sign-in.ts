// The session has expired while somebody types: sign in again over the page, without losing a letter (ui.md "States").

import { ApiError, explain, requestJson, setCsrfToken } from "./api";
import { announce, h } from "./dom";
import { t } from "./i18n";

let dialog: HTMLDialogElement | null = null;

interface SignedIn {
  csrf?: string;
  user?: { id: number };
}

/** True when somebody else sat down: nothing on this page is his. */
function anotherUser(answer: SignedIn | null): boolean {
  const owner = document.body.dataset["shellUserValue"];
  return owner !== undefined && answer?.user !== undefined && String(answer.user.id) !== owner;
}

function field(label: string, attributes: Record<string, string>): HTMLLabelElement {
  return h(
    "label",
    { class: "form-label" },
    label,
    h("input", { class: "form-control", required: true, ...attributes }),
  );
}

/** The password was right: ask for the code in its place. Who has no app yet sets it up in a tab of its own. */
function askForCode(form: HTMLFormElement, error: ApiError, problem: HTMLElement): void {
  if (error.details["set_up"] === true) {
    problem.hidden = false;
    problem.textContent = t(
      "Your account needs a second factor: log in in another tab and set it up, then try here again.",
    );
    return;
  }
  problem.hidden = true;
  for (const label of form.querySelectorAll("label")) label.remove();
  const code = field(t("Code of the app, or a recovery code"), {
    name: "code",
    autocomplete: "one-time-code",
  });
  form.querySelector("button")?.before(code);
  code.querySelector("input")?.focus();
}

async function signIn(form: HTMLFormElement, problem: HTMLElement): Promise<void> {
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const address = "code" in values ? "/login/factor" : "/login";
  try {
    const answer = await requestJson<SignedIn | null>(address, { method: "POST", json: values });
    if (anotherUser(answer)) {
      location.assign("/");
      return;
    }
    if (answer?.csrf) setCsrfToken(answer.csrf);
    dialog?.close();
    announce("hotline:signed-in");
  } catch (error) {
    if (error instanceof ApiError && error.errorId === "second-factor-needed") {
      askForCode(form, error, problem);
      return;
    }
    if (error instanceof ApiError && error.errorId === "login-expired") {
      dialog?.remove(); // the code came too late: login and password again
      dialog = null;
      askToSignIn();
      return;
    }
    problem.hidden = false;
    problem.textContent =
      error instanceof ApiError && error.errorId === "wrong-password"
        ? t("Wrong login or password.")
        : explain(error);
    form.querySelector<HTMLInputElement>("[type=password], [name=code]")?.select();
  }
}

function makeDialog(): HTMLDialogElement {
  const problem = h("div", { class: "alert alert-danger", role: "alert", hidden: true });
  const form = h(
    "form",
    { class: "sign-in-form" },
    h("h2", { class: "h3", id: "sign-in-title" }, t("Your session has ended")),
    h("p", { class: "text-secondary" }, t("Log in again. What you have typed is still here.")),
    problem,
    field(t("Login"), { name: "login", autocomplete: "username" }),
    field(t("Password"), { name: "password", type: "password", autocomplete: "current-password" }),
    h("button", { class: "btn btn-primary w-100", type: "submit" }, t("Log in")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void signIn(form, problem);
  });
  const made = h("dialog", { class: "desk-dialog", "aria-labelledby": "sign-in-title" }, form);
  made.addEventListener("close", () => {
    made.remove();
    dialog = null;
  });
  return made;
}

/** Ask for login and password once, however many requests were refused. `hotline:signed-in` says that it worked. */
export function askToSignIn(): void {
  if (dialog?.isConnected) return;
  dialog = makeDialog();
  document.body.append(dialog);
  dialog.showModal();
}
