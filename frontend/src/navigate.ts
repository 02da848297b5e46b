import htmx from "htmx.org";
import { request } from "./api";
import { announce } from "./dom";
import { isPaper, openPaper } from "./paper";

let opening: Promise<void> = Promise.resolve();

/** Show a page in the work area, as a click on a link to it would; the softphone outside stays as it is. */
export function openInWork(path: string): Promise<void> {
  opening = show(path);
  return opening;
}

/** Resolves when the page that was asked for last is there, or cannot be had. */
export async function workOpened(): Promise<void> {
  await opening.catch(() => undefined);
}

async function show(path: string): Promise<void> {
  try {
    await htmx.ajax("get", path, { target: "#work", swap: "innerHTML show:#work:top", push: path });
  } catch (error) {
    // htmx rejects with nothing when the server cannot be reached; the yellow bar says so already.
    if (error !== undefined) throw error;
  }
}

/** The card that is open with text nobody has saved yet: another one must not replace it (DAY-12). */
export function unsavedCardOpen(): boolean {
  return document.querySelector("form#card[data-unsaved]") !== null;
}

const seen = new Set<string>();

/** The call whose card is open; the page of an appeal is the card of a call that its operator placed about it. */
function openCall(): string | undefined {
  const about = document.querySelector<HTMLElement>("#work [data-call-back-key-value]");
  return (
    about?.dataset["callBackKeyValue"] ??
    document.querySelector<HTMLElement>("form#card")?.dataset["cardCallValue"]
  );
}

/** This page has shown the card of the call as its operator's own. He may have left it for another page since. */
export function cardWasOpen(callKey: string): boolean {
  if (openCall() === callKey) seen.add(callKey);
  return seen.has(callKey);
}

function cardOf(callKey: string): string {
  return `/calls/${encodeURIComponent(callKey)}/card`;
}

/** The card on paper in which nobody has written anything yet. */
function untouchedPaper(): HTMLFormElement | null {
  const form = document.querySelector<HTMLFormElement>("form#card:not([data-unsaved])");
  return form && isPaper(form.dataset["cardDraftValue"] ?? "") ? form : null;
}

/**
 * The card of the call takes the place of an untouched one on paper as soon as the server gives it: with what a colleague has
 * typed, or with what is known of the number. What was typed on paper stays where it is (DAY-20).
 */
export async function replacePaper(): Promise<void> {
  const paper = untouchedPaper();
  const callKey = paper?.dataset["cardCallValue"];
  if (!callKey) return;
  let html: string;
  try {
    const answer = await request(cardOf(callKey), { accept: "text/html", headers: { "HX-Request": "true" } });
    html = await answer.text();
  } catch {
    return; // not yet
  }
  const work = document.getElementById("work");
  // Written in since, or gone: no letter may be lost between this look and the change.
  if (!work || untouchedPaper() !== paper) return;
  // A fragment from our own server, made by an escaping template.
  work.innerHTML = html;
  htmx.process(work);
}

/** Open the card of a call; when the server cannot give it now, the empty one that this page keeps (DAY-20). */
export async function openCard(callKey: string, path: string, number: string): Promise<void> {
  let away = false;
  const onError = (event: Event): void => {
    const status = (event as CustomEvent<{ xhr?: XMLHttpRequest }>).detail.xhr?.status ?? 0;
    away ||= status === 0 || status >= 500;
  };
  const failures = ["htmx:responseError", "htmx:sendError"];
  for (const failure of failures) document.addEventListener(failure, onError);
  try {
    await openInWork(path);
  } finally {
    for (const failure of failures) document.removeEventListener(failure, onError);
  }
  const paper = away ? openPaper(callKey, number) : null;
  if (paper) htmx.process(paper);
  cardWasOpen(callKey);
}

/** Open the card of a call, or let it wait in the badge while an unsaved card is open. */
export async function offerCard(callKey: string, number: string): Promise<void> {
  const path = cardOf(callKey);
  if (openCall() === callKey) return;
  if (unsavedCardOpen()) announce("hotline:card-waits", { path, number, callKey });
  else await openCard(callKey, path, number);
}

/**
 * The card of a call came with the call: show it as one's own instead of the colleague's. It may come while the
 * colleague's is still on its way, which must not arrive last.
 */
export async function receiveCard(callKey: string, number: string): Promise<void> {
  await opening.catch(() => undefined);
  const path = cardOf(callKey);
  const own = document.querySelector(".card-shown") === null && untouchedPaper() === null;
  if (openCall() === callKey && own) return;
  if (unsavedCardOpen()) announce("hotline:card-waits", { path, number, callKey });
  else await openCard(callKey, path, number);
}
