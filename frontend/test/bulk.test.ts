import { afterEach, beforeEach, expect, it, vi } from "vitest";
import BulkController from "../src/controllers/bulk_controller";
import { find, press, server, settle, startPage, stopPage } from "./page";

const opened: string[] = [];
vi.mock("htmx.org", () => ({
  default: { ajax: async (_: string, path: string) => void opened.push(path), config: {} },
}));

const LIST = `<section data-controller="bulk" data-selected="1,2,3">
  <button type="button" id="open" data-action="bulk#open" data-bulk-action-param="delete">Delete</button></section>`;

function dialog(count: number): string {
  const rows = Array.from(
    { length: count },
    (_, at) =>
      `<tr data-bulk-target="row" data-id="${at + 1}" data-version="1" data-possible="${at === 2 ? "" : "1"}"><td data-outcome></td></tr>`,
  ).join("");
  return `<form data-bulk-target="form" data-bulk-work="delete" data-action="submit->bulk#run keydown->bulk#key" novalidate>
    <p data-bulk-target="sum" tabindex="-1"></p><div data-bulk-target="fields"><textarea name="comment" required></textarea>
    <div data-bulk-target="problem" hidden></div></div><table><tbody>${rows}</tbody></table>
    <progress data-bulk-target="progress" hidden></progress>
    <button type="button" data-bulk-target="undo" data-action="bulk#undo" hidden></button>
    <button type="button" data-bulk-target="close" data-action="bulk#close"></button>
    <button type="button" data-bulk-target="stop" data-action="bulk#stop" hidden></button>
    <button type="submit" data-bulk-target="go"></button></form>`;
}

function done(id: number, done_ = "delete"): object {
  return { id, done: done_, word: "deleted", version: 2, error_id: "", message: "" };
}

const outcome = (at: number): string =>
  document.querySelectorAll<HTMLElement>("[data-outcome]")[at]?.textContent?.trim() ?? "";

beforeEach(() => {
  opened.length = 0;
  HTMLFormElement.prototype.requestSubmit = function (this: HTMLFormElement) {
    this.dispatchEvent(new SubmitEvent("submit", { cancelable: true, bubbles: true }));
  };
});
afterEach(stopPage);

it("bulk: asks what is missing, tells each row, offers to take a deletion back, shows the list anew", async () => {
  const refused = { id: 2, done: "", word: "", version: 0, error_id: "stale-appeal", message: "changed" };
  const sent = server(
    { html: dialog(3) },
    { json: { results: [done(1), refused] } },
    { json: { results: [{ ...done(1, "restore"), word: "restored", version: 3 }] } },
  );
  await startPage(LIST, { bulk: BulkController });
  find("#open").click();
  await settle();
  expect(sent[0]?.body).toBe("action=delete&ids=1%2C2%2C3");

  press(find("textarea"), "Enter", { ctrlKey: true });
  await settle();
  expect(sent).toHaveLength(1);
  expect(find("[data-bulk-target=problem]").textContent).toBe("Fill in what is marked.");
  expect(find("textarea").getAttribute("aria-invalid")).toBe("true");

  find<HTMLTextAreaElement>("textarea").value = "a mistake";
  press(find("textarea"), "Enter", { ctrlKey: true });
  await settle();
  expect(JSON.parse(sent[1]?.body ?? "")).toEqual({
    action: "delete",
    rows: [
      [1, 1],
      [2, 1],
    ],
    comment: "a mistake",
    due_on: "",
    to_user_id: "",
  });
  expect([outcome(0), outcome(1)]).toEqual(["deleted", "changed"]);
  expect(find("[data-bulk-target=sum]").textContent).toBe("Done: 1, not done: 1");
  expect(document.activeElement).toBe(find("[data-bulk-target=sum]"));

  find("[data-bulk-target=undo]").click();
  await settle();
  expect(JSON.parse(sent[2]?.body ?? "")).toMatchObject({ action: "restore", rows: [[1, 2]] });
  expect(outcome(0)).toBe("restored");
  find("[data-bulk-target=close]").click();
  await settle();
  expect(opened).toHaveLength(1);
});

it("bulk: sends in portions, and what got no answer can be sent again with the same versions", async () => {
  const first = Array.from({ length: 10 }, (_, at) => done(at + 1 + Number(at > 1)));
  const sent = server({ html: dialog(25) }, { json: { results: first } }, "no answer");
  await startPage(LIST, { bulk: BulkController });
  find("#open").click();
  await settle();
  find<HTMLTextAreaElement>("textarea").value = "a mistake";
  find<HTMLFormElement>("form").requestSubmit();
  await settle();
  expect(sent).toHaveLength(3);
  expect(find("[data-bulk-target=sum]").textContent).toBe("Done: 10, not done: 14");
  expect(find("[data-bulk-target=problem]").textContent).toBe("The server does not answer.");
  expect(find("[data-bulk-target=go]").textContent).toBe("Try the rest again: 14");
  find<HTMLFormElement>("form").requestSubmit();
  await settle();
  expect(JSON.parse(sent[3]?.body ?? "").rows[0]).toEqual([12, 1]);
});

it("bulk: the whole list instead of what is ticked", async () => {
  const sent = server({ html: dialog(1) });
  const whole = `<input type="checkbox" checked data-bulk-target="whole" data-query='{"folder":"review","order":"due"}'>`;
  await startPage(LIST.replace("</section>", `${whole}</section>`), { bulk: BulkController });
  find("#open").click();
  await settle();
  expect(sent[0]?.body).toBe("action=delete&all=1&folder=review&order=due");
});

it("bulk: says when it cannot even look", async () => {
  server({ status: 403, json: { error_id: "no-right", message: "not yours" } });
  await startPage(LIST, { bulk: BulkController });
  find("#open").click();
  await settle();
  expect(find("[role=alert]").textContent).toBe("not yours");
});
