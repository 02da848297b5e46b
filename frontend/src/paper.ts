// «Paper mode» (DAY-20): calls go on while the database does not answer. The page keeps an empty card ready; when the card of a
// call cannot be had from the server it is filled in here, under a temporary number, with a copy in this browser's store. It
// becomes an ordinary draft, or an appeal at once, as soon as the server answers again.

import { ApiError, request, requestJson } from "./api";
import { setField } from "./card-fields";
import { announce } from "./dom";
import { draftIds, dropDraft, keepDraft, type LocalDraft, localDraft } from "./drafts-store";
import { t, zone } from "./i18n";
import { toast } from "./toast";

const PAPER = "paper:";

let blank = "";

/**
 * Fetch the empty card while the server answers. Whoever registers nothing is refused, and needs none. The browser keeps it
 * between loads of the page, and asks only whether it is still the present one (ETag).
 */
export async function keepBlank(): Promise<void> {
  try {
    const answer = await request("/appeals/paper", {
      accept: "text/html",
      headers: { "HX-Request": "true" },
    });
    blank = await answer.text();
  } catch {
    // The one that was kept before is as good.
  }
}

export function isPaper(draft: string): boolean {
  return draft.startsWith(PAPER);
}

/** The save of a paper card is named by its call: however often it is sent, from whichever tab, one appeal comes of it. */
export function paperKey(draft: string): string {
  return draft.replace(PAPER, "paper-").slice(0, 100);
}

/** Local time as a field of date and time holds it. */
function now(): string {
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone(),
    dateStyle: "short",
    timeStyle: "medium",
  });
  return parts.format(Date.now()).replace(" ", "T");
}

/** Show the empty card for a call; returns where it stands now, `null` when this page has none. */
export function openPaper(callKey: string, number: string): HTMLElement | null {
  const work = document.getElementById("work");
  if (!work || blank === "") return null;
  // A fragment from our own server, made by an escaping template.
  work.innerHTML = blank;
  const form = work.querySelector<HTMLFormElement>("form#card");
  if (!form) return null;
  const at = now();
  const id = localDraft(PAPER + callKey)?.fields["paper_id"] || `T-${at.slice(11).replaceAll(":", "")}`;
  form.dataset["cardDraftValue"] = PAPER + callKey;
  form.dataset["cardCallValue"] = callKey;
  const fields = { call_key: callKey, applicant_phone: number, appeal_at: at.slice(0, 16), paper_id: id };
  for (const [name, value] of Object.entries(fields)) setField(form, name, value);
  const shown = form.querySelector("[data-paper-id]");
  if (shown) shown.textContent = id;
  return work;
}

interface Made {
  id: number;
  rev: number;
}

async function draftOf(callKey: string, number = ""): Promise<Made> {
  return requestJson<Made>("/api/drafts", { method: "POST", json: { call_key: callKey, number } });
}

/** Tell the server of a call that it has not heard of; false when it knows better, and the call is not ours. */
export async function tellOfCall(callKey: string, number: string): Promise<boolean> {
  try {
    await draftOf(callKey, number);
  } catch (error) {
    // Who cannot be reached, or has no database, may not be asked: the card on paper follows.
    return !(error instanceof ApiError && error.status < 500);
  }
  return true;
}

/** The draft that a paper card becomes: its address, and its copy in the store moves along. */
export async function realDraft(form: HTMLFormElement, callKey: string): Promise<string> {
  const { id } = await draftOf(callKey);
  setField(form, "draft_id", String(id));
  const address = `/api/drafts/${id}`;
  const copy = localDraft(PAPER + callKey);
  if (copy) move(callKey, address, id, copy);
  return address;
}

function move(callKey: string, address: string, id: number, copy: LocalDraft): void {
  keepDraft(address, { ...copy, fields: { ...copy.fields, draft_id: String(id) } });
  dropDraft(PAPER + callKey);
}

/** Paper cards that are not open any more (a reload, another page) become drafts; each waits in the badge. */
export async function adoptPapers(): Promise<void> {
  const open = document.querySelector<HTMLElement>("form#card")?.dataset["cardCallValue"];
  for (const draft of draftIds().filter(isPaper)) {
    const callKey = draft.slice(PAPER.length);
    const copy = localDraft(draft);
    if (callKey === open || !copy) continue;
    try {
      const { id } = await draftOf(callKey);
      move(callKey, `/api/drafts/${id}`, id, copy);
    } catch {
      return; // not yet
    }
    toast(
      t("The database answers again: a card that was kept on this computer waits to be finished."),
      "info",
    );
    const path = `/calls/${encodeURIComponent(callKey)}/card`;
    announce("hotline:card-waits", { path, number: copy.fields["applicant_phone"] ?? "" });
  }
}
