import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import CardController from "../src/controllers/card_controller";
import { keepDraft, localDraft } from "../src/drafts-store";
import { find, heard, press, push, server, settle, startPage, stopPage, type } from "./page";

const opened: string[] = [];
vi.mock("../src/navigate", () => ({ openInWork: async (path: string) => void opened.push(path) }));

const DRAFT = "/api/drafts/5";

function card(rev = 0): string {
  return `<form id="card" data-controller="card" data-card-draft-value="${DRAFT}" data-card-rev-value="${rev}"
      data-card-call-value="pbx1-1.1">
    <input type="hidden" name="csrf_token" value="t"><input type="hidden" name="draft_id" value="5">
    <div data-card-target="problems" role="alert" hidden></div>
    <label for="last">Surname</label><input id="last" name="applicant_last_name" value="">
    <input name="applicant_phone" value="+79280001122"><input type="hidden" name="applicant_person_id" value="">
    <input type="checkbox" name="same_person" value="1" data-card-target="same" data-action="card#copyApplicant">
    <input name="insured_last_name" value="">
    <div class="field"><input type="hidden" name="topic" value="2.01"><input id="query" form="no-form" name="q">
      <div data-error-for="topic" hidden></div></div>
    <textarea name="content"></textarea>
    <span data-card-target="state"></span><button type="submit" data-card-target="save">Save</button>
  </form>`;
}

const fields = () => ({
  last: find<HTMLInputElement>("[name=applicant_last_name]"),
  content: find<HTMLTextAreaElement>("[name=content]"),
  state: find("[data-card-target=state]"),
  save: find<HTMLButtonElement>("[data-card-target=save]"),
});

async function open(rev = 0): Promise<void> {
  await startPage(card(rev), { card: CardController });
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  opened.length = 0;
});

afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

describe("the draft", () => {
  it("is sent two seconds after a change, with revision, call and every field but the token", async () => {
    const sent = server({ json: { rev: 1, saved_at: "2026-11-22T06:00:00Z" } });
    await open();
    type(fields().content, "Где получить полис?");
    await pass(1_900);
    expect(sent).toEqual([]);
    await pass(200);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ method: "PUT", path: DRAFT });
    const body = JSON.parse(sent[0]?.body ?? "");
    expect(body).toMatchObject({ rev: 0, call_key: "pbx1-1.1" });
    expect(body.fields).toMatchObject({
      content: "Где получить полис?",
      topic: "2.01",
      applicant_phone: "+79280001122",
    });
    expect(body.fields).not.toHaveProperty("csrf_token");
    expect(body.fields).not.toHaveProperty("q");
    expect(fields().state.textContent).toContain("Draft saved");
    expect(localDraft(DRAFT)).toBeNull();
  });

  it("is sent at once when a field is left", async () => {
    const sent = server({ json: { rev: 1, saved_at: "2026-11-22T06:00:00Z" } });
    await open();
    type(fields().last, "Щербакова");
    fields().last.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
    await settle();
    expect(sent).toHaveLength(1);
  });

  it("ignores the search field, which is not part of the card", async () => {
    const sent = server({ json: {} });
    await open();
    type(find<HTMLInputElement>("#query"), "полис");
    await pass(3_000);
    expect(sent).toEqual([]);
    expect(find("#card").dataset["unsaved"]).toBeUndefined();
  });

  it("is kept on this computer while the server is away, and sent when it is back", async () => {
    const sent = server("no answer", { json: { rev: 1, saved_at: "2026-11-22T06:00:00Z" } });
    await open();
    type(fields().content, "текст");
    await pass(2_000);
    expect(fields().state.textContent).toContain("Kept on this computer");
    expect(localDraft(DRAFT)?.fields["content"]).toBe("текст");
    window.dispatchEvent(new Event("online"));
    await settle();
    expect(sent).toHaveLength(2);
    expect(localDraft(DRAFT)).toBeNull();
  });

  it("comes back after a reload that happened while the server was away", async () => {
    keepDraft(DRAFT, { rev: 2, fields: { content: "не потерять", same_person: "" }, at: 1 });
    const sent = server({ json: { rev: 3, saved_at: "2026-11-22T06:00:00Z" } });
    const toasts = heard("hotline:toast");
    await open();
    expect(fields().content.value).toBe("не потерять");
    expect(toasts).toHaveLength(1);
    await pass(2_000);
    expect(JSON.parse(sent[0]?.body ?? "")).toMatchObject({ rev: 2, fields: { content: "не потерять" } });
  });

  it("asks to sign in again and loses no letter", async () => {
    const sent = server({ status: 401 }, { json: { rev: 1, saved_at: "2026-11-22T06:00:00Z" } });
    const signedOut = heard("hotline:signed-out");
    await open();
    type(fields().content, "начало");
    await pass(2_000);
    expect(signedOut).toHaveLength(1);
    type(fields().content, "начало и продолжение");
    await pass(10_000);
    expect(sent).toHaveLength(1);
    push("signed-in", null);
    await settle();
    expect(JSON.parse(sent[1]?.body ?? "").fields.content).toBe("начало и продолжение");
  });

  it("shows a conflict, overwrites nothing, and sends the chosen text on the stored revision", async () => {
    const stored = { rev: 7, saved_at: "2026-11-22T06:00:00Z", fields: { content: "чужой текст" } };
    const sent = server(
      { status: 409, json: { error_id: "stale-draft", message: "stale", details: { draft: stored } } },
      { json: { rev: 8, saved_at: "2026-11-22T06:00:05Z" } },
    );
    await open();
    type(fields().content, "мой текст");
    await pass(2_000);
    const question = find(".card-conflict");
    expect(question.textContent).toContain("мой текст");
    expect(question.textContent).toContain("чужой текст");
    await pass(60_000);
    expect(sent).toHaveLength(1);
    question.querySelector<HTMLButtonElement>(".btn-primary")?.click();
    await settle();
    expect(JSON.parse(sent[1]?.body ?? "")).toMatchObject({ rev: 7, fields: { content: "мой текст" } });
    expect(document.querySelector(".card-conflict")).toBeNull();
  });

  it("takes the other text when that is chosen", async () => {
    const stored = { rev: 7, fields: { content: "чужой текст" } };
    server({ status: 409, json: { error_id: "stale-draft", message: "stale", details: { draft: stored } } });
    await open();
    type(fields().content, "мой текст");
    await pass(2_000);
    document.querySelector<HTMLButtonElement>(".card-conflict .btn:not(.btn-primary)")?.click();
    expect(fields().content.value).toBe("чужой текст");
    expect(localDraft(DRAFT)).toBeNull();
  });

  it("keeps the browser from closing while something is unsaved, and only then", async () => {
    server("no answer");
    await open();
    const leave = () => {
      const event = new Event("beforeunload", { cancelable: true });
      window.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(leave()).toBe(false);
    type(fields().content, "текст");
    expect(leave()).toBe(true);
  });
});

describe("saving", () => {
  it("posts the form under an idempotency key and shows the appeal", async () => {
    const sent = server({
      json: { id: 12, number: "00-2026-00012", status: "В работе", warnings: ["дубль"] },
    });
    const saved = heard("hotline:card-saved");
    const toasts = heard("hotline:toast");
    await open();
    fields().content.value = "Где получить полис?";
    find<HTMLFormElement>("#card").requestSubmit();
    await settle();
    expect(sent[0]).toMatchObject({ method: "POST", path: "/appeals" });
    expect(sent[0]?.headers["Idempotency-Key"]).toMatch(/^[0-9a-f]{32}$/);
    expect(new URLSearchParams(sent[0]?.body).get("content")).toBe("Где получить полис?");
    expect(opened).toEqual(["/appeals/12"]);
    expect(saved).toHaveLength(1);
    expect(toasts.map((toast) => (toast as { text: string }).text)).toEqual([
      "Appeal 00-2026-00012 is registered.",
      "дубль",
    ]);
  });

  it("waits for the draft that is on its way, so that it cannot come back to life", async () => {
    const order: string[] = [];
    let answer: (response: Response) => void = () => undefined;
    vi.stubGlobal("fetch", (path: string) => {
      order.push(path);
      if (path !== DRAFT) return Promise.resolve(Response.json({ id: 1, number: "1", status: "" }));
      return new Promise<Response>((resolve) => {
        answer = resolve;
      });
    });
    await open();
    type(fields().content, "текст");
    await pass(2_000);
    find<HTMLFormElement>("#card").requestSubmit();
    await settle();
    expect(order).toEqual([DRAFT]);
    answer(Response.json({ rev: 1, saved_at: "2026-11-22T06:00:00Z" }));
    await settle();
    expect(order).toEqual([DRAFT, "/appeals"]);
  });

  it("repeats the save under the same key until the server answers", async () => {
    const sent = server("no answer", { status: 503 }, { json: { id: 1, number: "1", status: "" } });
    await open();
    find<HTMLFormElement>("#card").requestSubmit();
    await settle();
    expect(find("[data-card-target=problems]").hidden).toBe(false);
    await pass(3_000);
    await pass(3_000);
    const saves = sent.filter((one) => one.path === "/appeals");
    expect(saves).toHaveLength(3);
    expect(new Set(saves.map((one) => one.headers["Idempotency-Key"])).size).toBe(1);
    expect(opened).toEqual(["/appeals/1"]);
  });

  it("is done after signing in again, when the session had ended", async () => {
    const sent = server({ status: 401 }, { json: { id: 1, number: "1", status: "" } });
    await open();
    find<HTMLFormElement>("#card").requestSubmit();
    await settle();
    expect(opened).toEqual([]);
    push("signed-in", null);
    await settle();
    expect(opened).toEqual(["/appeals/1"]);
    expect(sent[1]?.headers["Idempotency-Key"]).toBe(sent[0]?.headers["Idempotency-Key"]);
  });

  it("marks the fields that were refused, says why, and uses a new key for the corrected card", async () => {
    const refusal = {
      error_id: "bad-card",
      message: "The card is not complete",
      details: { topic: "choose a topic" },
    };
    const sent = server({ status: 400, json: refusal }, { json: { id: 1, number: "1", status: "" } });
    await open();
    find<HTMLFormElement>("#card").requestSubmit();
    await settle();
    const query = find("#query");
    expect(query.classList.contains("is-invalid")).toBe(true);
    expect(document.activeElement).toBe(query);
    expect(find("[data-error-for=topic]").textContent).toBe("choose a topic");
    expect(find("[data-card-target=problems]").textContent).toContain("choose a topic");
    expect(fields().save.disabled).toBe(false);
    find<HTMLFormElement>("#card").requestSubmit();
    await settle();
    expect(sent[1]?.headers["Idempotency-Key"]).not.toBe(sent[0]?.headers["Idempotency-Key"]);
  });

  it("does not happen twice by two quick clicks", async () => {
    const sent = server({ json: { id: 1, number: "1", status: "" } });
    await open();
    find<HTMLFormElement>("#card").requestSubmit();
    find<HTMLFormElement>("#card").requestSubmit();
    await settle();
    expect(sent).toHaveLength(1);
  });

  it("does not happen by Enter in a field", async () => {
    await open();
    expect(press(fields().last, "Enter").defaultPrevented).toBe(true);
    expect(press(fields().content, "Enter").defaultPrevented).toBe(false);
  });
});

describe("people", () => {
  it("copies the applicant while the insured person is the same", async () => {
    server({ json: { rev: 1, saved_at: "2026-11-22T06:00:00Z" } });
    await open();
    const same = find<HTMLInputElement>("[name=same_person]");
    const insured = find<HTMLInputElement>("[name=insured_last_name]");
    type(fields().last, "Щербакова");
    expect(insured.value).toBe("");
    same.click();
    expect(insured.value).toBe("Щербакова");
    expect(insured.readOnly).toBe(true);
    type(fields().last, "Щербак");
    expect(insured.value).toBe("Щербак");
    same.click();
    expect(insured.readOnly).toBe(false);
    type(fields().last, "Иванова");
    expect(insured.value).toBe("Щербак");
  });

  it("takes an attached person over, but keeps the number that calls", async () => {
    server({ json: { rev: 1, saved_at: "2026-11-22T06:00:00Z" } });
    await open();
    const person = { id: "7", last_name: "Петрова", phone: "+79990000000", unknown: "x" };
    find("#last").dispatchEvent(
      new CustomEvent("person-search:attach", { bubbles: true, detail: { role: "applicant", person } }),
    );
    expect(fields().last.value).toBe("Петрова");
    expect(find<HTMLInputElement>("[name=applicant_person_id]").value).toBe("7");
    expect(find<HTMLInputElement>("[name=applicant_phone]").value).toBe("+79280001122");
    expect(find("#card").dataset["unsaved"]).toBe("");
  });

  it("counts a card with an earlier draft as unsaved from the start", async () => {
    await open(4);
    expect(find("#card").dataset["unsaved"]).toBe("");
  });
});
