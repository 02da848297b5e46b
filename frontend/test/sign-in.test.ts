import { afterEach, expect, it } from "vitest";
import { askToSignIn } from "../src/sign-in";
import { find, heard, server, settle, stopPage, type } from "./page";

afterEach(stopPage);

const NEEDED = { error_id: "second-factor-needed", message: "…", details: { set_up: false } };

async function send(): Promise<void> {
  find("form.sign-in-form").dispatchEvent(new Event("submit", { cancelable: true }));
  await settle();
}

it("signing in over the page: a code is asked for after the password, and what was typed stays", async () => {
  const sent = server(
    { status: 401, json: NEEDED },
    { status: 401, json: { error_id: "wrong-code", message: "The code is wrong." } },
    { json: { csrf: "new", user: { id: 1 } } },
  );
  const signedIn = heard("hotline:signed-in");
  askToSignIn();
  type(find("[name=login]"), "admin");
  type(find("[name=password]"), "secret");
  await send();
  expect(document.querySelector("[name=password]")).toBeNull();
  type(find("[name=code]"), "000000");
  await send();
  expect(find("[role=alert]").textContent).toBe("The code is wrong.");
  type(find("[name=code]"), "123456");
  await send();
  expect(sent.map((one) => one.path)).toEqual(["/login", "/login/factor", "/login/factor"]);
  expect(sent[2]?.body).toBe('{"code":"123456"}');
  expect(signedIn).toHaveLength(1);
  expect(document.querySelector("dialog")).toBeNull();
});

it("signing in over the page: a code that came too late asks for the password again", async () => {
  server({ status: 401, json: NEEDED }, { status: 401, json: { error_id: "login-expired", message: "…" } });
  askToSignIn();
  await send();
  type(find("[name=code]"), "123456");
  await send();
  expect(find("[name=password]")).toBeTruthy();
  find("dialog").remove();
});

it("signing in over the page: who has no app yet is told where to set it up", async () => {
  server({ status: 401, json: { ...NEEDED, details: { set_up: true } } });
  askToSignIn();
  await send();
  expect(find("[role=alert]").textContent).toContain("in another tab");
  expect(find("[name=password]")).toBeTruthy();
  find("dialog").remove();
});
