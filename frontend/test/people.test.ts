import { afterEach, expect, it, vi } from "vitest";
import AttachedController from "../src/controllers/attached_controller";
import PersonOpenController from "../src/controllers/person_open_controller";
import RegisterUploadController from "../src/controllers/register_upload_controller";
import { openInWork } from "../src/navigate";
import { server, settle, startPage, stopPage } from "./page";

vi.mock("../src/navigate", () => ({ openInWork: vi.fn(async () => undefined) }));

afterEach(stopPage);

const CARD = `<form id="card">
  <div data-controller="attached" data-attached-role-value="applicant">
    <input type="hidden" name="applicant_person_id" value="" data-attached-target="id">
    <p data-attached-target="line" hidden><a data-attached-target="link">Досье</a>
      <span data-attached-target="doubt" hidden>?</span>
      <button type="button" data-action="attached#detach">Открепить</button></p></div>
  <input name="applicant_last_name"></form>`;

const line = () => document.querySelector<HTMLElement>("[data-attached-target=line]");
const id = () => document.querySelector<HTMLInputElement>("[name=applicant_person_id]");

it("shows whose dossier the card is attached to, and detaches it (S001-048)", async () => {
  await startPage(CARD, { attached: AttachedController });
  expect(line()?.hidden).toBe(true);
  const form = document.querySelector("form") as HTMLFormElement;
  const person = { id: "7" };
  form.addEventListener("person-search:attach", () => {
    (id() as HTMLInputElement).value = "7";
  });
  form.dispatchEvent(new CustomEvent("person-search:attach", { detail: { role: "applicant", person } }));
  await settle();
  expect(line()?.hidden).toBe(false);
  expect(document.querySelector("a")?.getAttribute("href")).toBe("/persons/7");
  const heard = vi.fn();
  form.addEventListener("input", heard);
  document.querySelector("button")?.click();
  expect(id()?.value).toBe("");
  expect(line()?.hidden).toBe(true);
  expect(heard).toHaveBeenCalledOnce(); // the draft is saved without him
});

it("opens the dossier of whom a search outside a card found (S002-23)", async () => {
  await startPage(
    `<div data-controller="person-open" data-person-open-url-value="/persons/5/merge?with={id}"><p></p></div>`,
    { "person-open": PersonOpenController },
  );
  document.querySelector("p")?.dispatchEvent(
    new CustomEvent("person-search:attach", {
      bubbles: true,
      detail: { role: "merge", person: { id: "7" } },
    }),
  );
  expect(openInWork).toHaveBeenLastCalledWith("/persons/5/merge?with=7");
});

const UPLOAD = `<section data-controller="register-upload" data-register-upload-url-value="/api/register/uploads">
  <label data-register-upload-target="drop"><input type="file" data-register-upload-target="file" data-action="change->register-upload#chosen"></label>
  <div data-register-upload-target="progress" hidden><progress data-register-upload-target="bar"></progress>
    <span data-register-upload-target="state"></span></div>
  <p data-register-upload-target="problem" hidden></p></section>`;

function choose(file: File): void {
  const input = document.querySelector("input") as HTMLInputElement;
  Object.defineProperty(input, "files", { value: [file] });
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

it("uploads in pieces, goes on where the server says, and opens the choice of columns", async () => {
  const gap = { status: 409, json: { error_id: "upload-gap", message: "gap", details: { have: 3 } } };
  const sent = server(
    { json: { id: 4 } },
    gap,
    { json: { have: 9 } },
    { json: { url: "/admin/register/4" } },
  );
  await startPage(UPLOAD, { "register-upload": RegisterUploadController });
  choose(new File(["abc;def;g"], "r.csv"));
  await vi.waitFor(() => expect(openInWork).toHaveBeenLastCalledWith("/admin/register/4"));
  expect(sent.map((one) => `${one.method} ${one.path}`)).toEqual([
    "POST /api/register/uploads",
    "PUT /api/register/uploads/4?offset=0",
    "PUT /api/register/uploads/4?offset=3",
    "POST /api/register/uploads/4/finish",
  ]);
  expect(document.querySelector("[data-register-upload-target=state]")?.textContent).not.toBe("");
});

it("says what is wrong with a file", async () => {
  server({ status: 400, json: { error_id: "empty-file", message: "Файл пуст.", details: {} } });
  await startPage(UPLOAD, { "register-upload": RegisterUploadController });
  choose(new File([""], "r.csv"));
  const problem = document.querySelector<HTMLElement>("[data-register-upload-target=problem]");
  await vi.waitFor(() => expect(problem?.textContent).toBe("Файл пуст."));
  expect(problem?.hidden).toBe(false);
});
