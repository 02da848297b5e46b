// One or two tests for each of the small controllers around the page.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import DirectoryController from "../src/controllers/directory_controller";
import KeysController from "../src/controllers/keys_controller";
import LiveTimeController from "../src/controllers/live_time_controller";
import NotificationsController from "../src/controllers/notifications_controller";
import OperatorController from "../src/controllers/operator_controller";
import PendingCardsController from "../src/controllers/pending_cards_controller";
import RowsController from "../src/controllers/rows_controller";
import ThemeController from "../src/controllers/theme_controller";
import ToastsController from "../src/controllers/toasts_controller";
import { startMenus } from "../src/menus";
import { toast } from "../src/toast";
import { find, heard, press, push, server, settle, startPage, stopPage } from "./page";

const opened: string[] = [];
vi.mock("htmx.org", () => ({
  default: { ajax: async (_: string, path: string) => void opened.push(path), config: {} },
}));

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 6, 0, 0) });
  opened.length = 0;
});

afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

it("toasts: go by themselves, bad news stays until it is closed", async () => {
  await startPage('<div id="toasts" data-controller="toasts"></div>', { toasts: ToastsController });
  toast("<b>saved</b>", "success");
  toast("refused", "danger");
  expect(find("#toasts").textContent).toContain("<b>saved</b>");
  vi.advanceTimersByTime(6_000);
  expect(document.querySelectorAll(".desk-toast")).toHaveLength(1);
  expect(find(".desk-toast").getAttribute("role")).toBe("alert");
  find(".btn-close").click();
  expect(document.querySelector(".desk-toast")).toBeNull();
});

it("theme: goes round and is remembered", async () => {
  await startPage(
    '<button data-controller="theme" data-action="theme#next"><i data-theme-target="label"></i></button>',
    {
      theme: ThemeController,
    },
  );
  const seen = [];
  for (let click = 0; click < 3; click++) {
    find("button").click();
    seen.push(`${find("i").textContent} ${document.documentElement.dataset["bsTheme"]}`);
  }
  expect(seen).toEqual(["Colours: light light", "Colours: dark dark", "Colours: as the system light"]);
});

it("live time: ticks, and stops when it is gone", async () => {
  await startPage(
    '<time data-controller="live-time" data-live-time-since-value="2026-11-22T05:59:30Z"></time>',
    {
      "live-time": LiveTimeController,
    },
  );
  const shown = find("time");
  expect(shown.textContent).toBe("0:30");
  vi.advanceTimersByTime(31_000);
  expect(shown.textContent).toBe("1:01");
  shown.remove();
  await settle();
  expect(vi.getTimerCount()).toBe(0);
});

it("operator: shows the state that the server says, and an exceeded limit", async () => {
  await startPage(
    `<details data-controller="operator" data-operator-state-value="ready" data-operator-since-value="2026-11-22T05:59:00Z">
      <span class="presence presence-ready"><b class="presence-word" data-operator-target="label"></b></span>
      <time data-operator-target="since"></time>
      <button data-action="operator#pause" data-operator-reason-param="P02">Lunch</button></details>`,
    { operator: OperatorController },
  );
  expect(find("details").textContent).toContain("Free");
  expect(find("time").textContent).toBe("1:00");
  const now = { state: "pause", since: "2026-11-22T05:59:50Z", limit_at: "2026-11-22T06:00:05Z" };
  const sent = server({ json: now });
  find("button").click();
  await settle();
  expect(sent[0]).toMatchObject({ path: "/api/operator/pause", body: '{"reason":"P02"}' });
  expect(find(".presence").className).toBe("presence presence-pause");
  expect(find(".presence").dataset["state"]).toBe("pause");
  expect(find("details").classList.contains("over-limit")).toBe(false);
  vi.advanceTimersByTime(6_000);
  expect(find("details").classList.contains("over-limit")).toBe(true);
  push("snapshot", { operator: { ...now, state: "talking", limit_at: null } });
  expect(find("b").textContent).toBe("Talking");
});

it("operator: shows a refusal and keeps the state", async () => {
  await startPage(
    `<details data-controller="operator" data-operator-state-value="talking"><b data-operator-target="label"></b>
      <button data-action="operator#ready">Ready</button></details>`,
    { operator: OperatorController },
  );
  server({ status: 409, json: { error_id: "illegal-move", message: "not in a call" } });
  const toasts = heard("hotline:toast");
  find("button").click();
  await settle();
  expect(toasts).toEqual([{ text: "not in a call", kind: "danger" }]);
  expect(find("b").textContent).toBe("Talking");
});

it("directory: presence is live, numbers go to the telephone, arrows walk", async () => {
  await startPage(
    `<section data-controller="directory"><input><p data-directory-row tabindex="-1">
      <span data-presence="201" class="presence presence-offline"><i class="presence-word"></i></span>
      <button data-action="directory#call" data-directory-number-param="201">Call</button>
      <button data-action="directory#transfer" data-directory-number-param="007">Transfer</button></p></section>`,
    { directory: DirectoryController },
  );
  const dialled = heard("hotline:dial");
  const transfers = heard("hotline:transfer");
  const [call, transfer] = [...document.querySelectorAll("button")];
  call?.click();
  transfer?.click();
  expect(dialled).toEqual([{ number: "201" }]);
  expect(transfers).toEqual([{ number: "007" }]);
  push("presence", { extension: "201", state: "talking", since: "" });
  expect(find("[data-presence]").className).toBe("presence presence-talking");
  expect(find("i").textContent).toBe("Talking");
  push("snapshot", { presence: [{ extension: "201", state: "ready", since: "" }] });
  expect(find("i").textContent).toBe("Free");
  find("input").focus();
  press(find("input"), "ArrowDown");
  expect(document.activeElement).toBe(find("p"));
});

it("a call from an appeal says what it is about, from anywhere else nothing (domain 2.1)", async () => {
  const { startClickToCall } = await import("../src/click-to-call");
  document.body.innerHTML = `<article data-card-ref="appeal-12"><button data-dial="+79280001122">a</button></article>
    <article data-card-ref="appeal-1%0d%0aX"><button data-dial="+79280001133">b</button></article><button data-dial="112">c</button>`;
  const dialled = heard("hotline:dial");
  const stop = startClickToCall();
  for (const button of document.querySelectorAll("button")) button.click();
  stop();
  expect(dialled).toEqual([
    { number: "+79280001122", card: "appeal-12" },
    { number: "+79280001133", card: "" },
    { number: "112", card: "" },
  ]);
});

it("pending cards: an unsaved card is not replaced; the waiting one opens after the save", async () => {
  const { offerCard } = await import("../src/navigate");
  await startPage(
    '<form id="card" data-unsaved></form><div id="pending" data-controller="pending-cards" hidden></div>',
    {
      "pending-cards": PendingCardsController,
    },
  );
  await offerCard("pbx1-1.1", "79280001122");
  await offerCard("pbx1-1.1", "79280001122");
  await offerCard("pbx1-2.2", "");
  expect(opened).toEqual([]);
  expect(find("#pending").hidden).toBe(false);
  expect([...document.querySelectorAll("button")].map((one) => one.textContent)).toEqual([
    "+7 928 000-11-22",
    "Hidden number",
  ]);
  find("#card").removeAttribute("data-unsaved");
  push("card-saved", {});
  await settle();
  expect(opened).toEqual(["/calls/pbx1-1.1/card"]);
  find("#pending button").click();
  await settle();
  expect(opened).toEqual(["/calls/pbx1-1.1/card", "/calls/pbx1-2.2/card"]);
  expect(find("#pending").hidden).toBe(true);
});

it("pending cards: the card of the same call is not opened over itself", async () => {
  const { offerCard } = await import("../src/navigate");
  await startPage('<form id="card" data-card-call-value="pbx1-1.1"></form>', {});
  await offerCard("pbx1-1.1", "1");
  expect(opened).toEqual([]);
  await offerCard("pbx1-2.2", "1");
  expect(opened).toEqual(["/calls/pbx1-2.2/card"]);
});

it("notifications: the number only, a blinking title, and an end to both", async () => {
  const shown: { title: string; body: string; closed: boolean }[] = [];
  class FakeNotification extends EventTarget {
    static permission = "granted";
    readonly record: { title: string; body: string; closed: boolean };
    constructor(title: string, options: { body: string }) {
      super();
      this.record = { title, body: options.body, closed: false };
      shown.push(this.record);
    }
    close(): void {
      this.record.closed = true;
    }
  }
  vi.stubGlobal("Notification", FakeNotification);
  document.title = "Journal";
  await startPage('<div data-controller="notifications"></div>', { notifications: NotificationsController });
  push("ringing", { id: "a", number: "79280001122" });
  expect(shown).toEqual([{ title: "Incoming call", body: "+7 928 000-11-22", closed: false }]);
  vi.advanceTimersByTime(1_000);
  expect(document.title).toBe("☎ +7 928 000-11-22");
  push("ring-over", null);
  expect(document.title).toBe("Journal");
  expect(shown[0]?.closed).toBe(true);
});

it("rows: arrows walk through the links, a click in the row opens, the server's news is shown", async () => {
  await startPage(
    `<section data-controller="rows" data-list="journal"><a data-live="list-changed" hidden>new</a><table>
      <tr data-rows-target="row"><td id="cell">x</td><td><a class="row-link" href="#1">1</a></td></tr>
      <tr data-rows-target="row"><td>y</td><td><a class="row-link" href="#2">2</a></td></tr></table></section>`,
    { rows: RowsController },
  );
  const [first, second] = [...document.querySelectorAll<HTMLElement>(".row-link")];
  first?.focus();
  press(first as Element, "ArrowDown");
  expect(document.activeElement).toBe(second);
  const clicks: unknown[] = [];
  first?.addEventListener("click", (event) => {
    event.preventDefault();
    clicks.push(event);
  });
  find("#cell").click();
  expect(clicks).toHaveLength(1);
  push("call.ended", {});
  expect(find("[data-live]").hidden).toBe(true);
  push("appeal.created", {});
  expect(find("[data-live]").hidden).toBe(false);
});

it("keys: use the visible control, focus fields, open menus, and never reach the browser", async () => {
  await startPage(
    `<div data-controller="keys"><button hidden data-command="answer">A</button><button id="a" data-command="answer">A</button>
      <button disabled data-command="hangup">H</button><input id="s" data-command="search">
      <details><summary>State</summary><button data-command="pause">Lunch</button></details>
      <button role="tab" aria-selected="true">1</button><button role="tab" aria-selected="false">2</button></div>`,
    { keys: KeysController },
  );
  const clicked: string[] = [];
  find("div").addEventListener("click", (event) =>
    clicked.push((event.target as HTMLElement).textContent ?? ""),
  );
  const alt = (letter: string) =>
    press(document.body, letter, { altKey: true, code: `Key${letter.toUpperCase()}` });
  expect(alt("a").defaultPrevented).toBe(true);
  expect(clicked).toEqual(["A"]);
  expect(alt("h").defaultPrevented).toBe(true);
  expect(press(document.body, "F9").defaultPrevented).toBe(true);
  expect(clicked).toHaveLength(1);
  press(document.body, "F4");
  expect(document.activeElement).toBe(find("#s"));
  expect(press(find("#s"), "/", { code: "Slash" }).defaultPrevented).toBe(false);
  alt("p");
  expect(find<HTMLDetailsElement>("details").open).toBe(true);
  expect(document.activeElement?.textContent).toBe("Lunch");
  expect(clicked).toHaveLength(1);
  press(document.body, "F2");
  expect(clicked).toEqual(["A", "2"]);
});

it("keys: F1 shows the list, again F1 closes it, and an open dialog owns the keyboard", async () => {
  await startPage('<div data-controller="keys"><button data-command="answer">A</button></div>', {
    keys: KeysController,
  });
  press(document.body, "F1");
  const dialog = find<HTMLDialogElement>("dialog");
  expect(dialog.open).toBe(true);
  expect(dialog.textContent).toContain("Alt+A");
  const clicked = vi.fn();
  find("[data-command=answer]").addEventListener("click", clicked);
  press(document.body, "a", { altKey: true, code: "KeyA" });
  expect(clicked).not.toHaveBeenCalled();
  press(document.body, "F1");
  expect(dialog.open).toBe(false);
});

it("menus: close by Esc, by a choice and by a click elsewhere; arrows walk", async () => {
  const stop = startMenus();
  document.body.innerHTML = `<p>x</p><details class="menu" open><summary>S</summary>
    <button class="dropdown-item">1</button><button class="dropdown-item">2</button></details>`;
  const menu = find<HTMLDetailsElement>("details");
  press(menu, "ArrowDown");
  press(menu, "ArrowDown");
  expect(document.activeElement?.textContent).toBe("2");
  press(menu, "ArrowDown");
  expect(document.activeElement?.textContent).toBe("1");
  press(menu, "Escape");
  expect(menu.open).toBe(false);
  expect(document.activeElement).toBe(find("summary"));
  for (const elsewhere of ["p", ".dropdown-item"]) {
    menu.open = true;
    find(elsewhere).click();
    expect(menu.open).toBe(false);
  }
  stop();
});
