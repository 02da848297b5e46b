import { afterEach, beforeEach, expect, it, vi } from "vitest";
import ShellController from "../src/controllers/shell_controller";
import { find, heard, server, settle, startPage, stopPage } from "./page";

const offered: unknown[][] = [];
vi.mock("../src/navigate", () => ({ offerCard: async (...call: unknown[]) => void offered.push(call) }));

/** The browser's WebSocket, played by the test. */
class FakeSocket extends EventTarget {
  static all: FakeSocket[] = [];
  static readonly OPEN = 1;
  readyState = 1;
  readonly sent: string[] = [];

  constructor(readonly url: URL) {
    super();
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = 3;
  }

  say(type: string, data: unknown = {}): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ type, data }) }));
  }

  end(code: number): void {
    this.dispatchEvent(new CloseEvent("close", { code }));
  }
}

const snapshotNow = () => ({
  operator: null,
  calls: [],
  queue: { queue: "hotline", waiting: 3, oldest_at: null },
  presence: [],
  links: [{ asterisk: "pbx1", state: "up", reason: "" }],
  server_time: new Date().toISOString(),
});
let snapshot = snapshotNow();
const call = { key: "pbx1-1.1", direction: "in", phase: "ringing", caller: "79280001122", ringing: ["101"] };

const socket = () => {
  const last = FakeSocket.all.at(-1);
  if (!last) throw new Error("no socket");
  return last;
};

beforeEach(async () => {
  vi.useFakeTimers();
  snapshot = snapshotNow();
  offered.length = 0;
  FakeSocket.all = [];
  vi.stubGlobal("WebSocket", FakeSocket);
  server({ json: {} });
  await startPage(
    `<div data-controller="shell" data-shell-events-value="/events" data-shell-extension-value="101">
       <div id="banner" hidden></div><b data-live="queue.waiting">0</b><span data-live="queue.oldest"></span>
       <nav><a data-nav href="/journal">J</a><a data-nav href="/journal?folder=all">A</a>
         <b data-live="folder.in_work"></b></nav></div>`,
    { shell: ShellController },
  );
});

afterEach(async () => {
  await stopPage();
  vi.useRealTimers();
});

it("connects on the page's own origin", () => {
  expect(String(socket().url)).toBe("ws://localhost:3000/events");
});

it("spreads messages over the page and fills the counters", () => {
  const stats = heard("hotline:queue.stats");
  socket().say("snapshot", snapshot);
  expect(find("[data-live='queue.waiting']").textContent).toBe("3");
  socket().say("queue.stats", {
    queue: "hotline",
    waiting: 4,
    oldest_at: new Date(Date.now() - 61_000).toISOString(),
  });
  expect(stats).toHaveLength(1);
  expect(find("[data-live='queue.waiting']").textContent).toBe("4");
  expect(find("[data-live='queue.oldest']").textContent).toBe("1:01");
  vi.advanceTimersByTime(2_000);
  expect(find("[data-live='queue.oldest']").textContent).toBe("1:03");
  socket().say("appeal.created", { id: 1, number: "1", folder_counts: { in_work: "6" } });
  expect(find("[data-live='folder.in_work']").textContent).toBe("6");
});

it("opens the card of a call that rings here, and of no other", () => {
  socket().say("snapshot", snapshot);
  socket().say("call.offered", { ...call, ringing: ["102"] });
  socket().say("call.offered", { ...call, direction: "out" });
  expect(offered).toEqual([]);
  socket().say("call.offered", call);
  expect(offered).toEqual([["pbx1-1.1", "79280001122"]]);
});

it("opens the card of a call that began to ring while the connection was away", () => {
  socket().say("snapshot", {
    ...snapshot,
    calls: [call, { ...call, key: "other", phase: "talking", ringing: [] }],
  });
  expect(offered).toEqual([["pbx1-1.1", "79280001122"]]);
});

it("opens the card that comes along with a consultation", () => {
  socket().say("snapshot", snapshot);
  socket().say("consult.offer", { call: { ...call, caller: null, ringing: [] }, from: "101", card_id: "5" });
  expect(offered).toEqual([["pbx1-1.1", ""]]);
});

it("shows a yellow bar while the server is away, and takes it away with the next snapshot", async () => {
  const banner = find("#banner");
  socket().say("snapshot", snapshot);
  expect(banner.hidden).toBe(true);
  socket().end(1006);
  expect(banner.hidden).toBe(false);
  expect(banner.textContent).toContain("nothing is lost");
  banner.querySelector("button")?.click();
  expect(FakeSocket.all).toHaveLength(2);
  socket().say("snapshot", snapshot);
  expect(banner.hidden).toBe(true);
});

it("names a telephone exchange that is away", () => {
  socket().say("snapshot", snapshot);
  socket().say("link", { asterisk: "pbx1", state: "down", reason: "refused" });
  expect(find("#banner").textContent).toContain("pbx1");
  socket().say("link", { asterisk: "pbx1", state: "up", reason: "" });
  expect(find("#banner").hidden).toBe(true);
});

it("asks for login and password when the session ended, and reconnects after it", async () => {
  socket().say("snapshot", snapshot);
  socket().end(4401);
  await settle();
  const dialog = find<HTMLDialogElement>("dialog");
  const sent = server({ json: { csrf: "new-token" } });
  find<HTMLInputElement>("[name=login]").value = "op1";
  find<HTMLInputElement>("[name=password]").value = "secret";
  dialog.querySelector<HTMLFormElement>("form")?.requestSubmit();
  await settle();
  expect(sent[0]).toMatchObject({
    method: "POST",
    path: "/login",
    body: '{"login":"op1","password":"secret"}',
  });
  expect(document.querySelector("dialog")).toBeNull();
  expect(FakeSocket.all).toHaveLength(2);
  const headers: Record<string, string> = {};
  document.dispatchEvent(new CustomEvent("htmx:configRequest", { detail: { headers } }));
  expect(headers["X-CSRF-Token"]).toBe("new-token");
});

it("keeps the dialog open after a wrong password", async () => {
  socket().end(4401);
  await settle();
  server({ status: 401, json: { error_id: "wrong-password", message: "no" } });
  find<HTMLInputElement>("[name=login]").value = "op1";
  find<HTMLInputElement>("[name=password]").value = "wrong";
  find<HTMLFormElement>("dialog form").requestSubmit();
  await settle();
  expect(find("dialog [role=alert]").textContent).toBe("Wrong login or password.");
  expect(document.querySelectorAll("dialog")).toHaveLength(1);
});

it("suspects the session when the server does not take the connection twice", async () => {
  const sent = server({ status: 401 });
  socket().end(1006);
  vi.advanceTimersByTime(1_000);
  socket().end(1006);
  await settle();
  expect(sent.map((one) => one.path)).toEqual(["/api/softphone"]);
  expect(document.querySelector("dialog")).not.toBeNull();
});

it("asks to sign in when htmx was refused", async () => {
  document.dispatchEvent(new CustomEvent("htmx:responseError", { detail: { xhr: { status: 401 } } }));
  expect(document.querySelector("dialog")).not.toBeNull();
});

it("marks the place in the menu after navigation", () => {
  history.pushState({}, "", "/journal?folder=all");
  document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  const [journal, all] = [...document.querySelectorAll("nav a")];
  expect(all?.getAttribute("aria-current")).toBe("page");
  expect(journal?.getAttribute("aria-current")).toBeNull();
  expect(journal?.classList.contains("active")).toBe(true);
  history.pushState({}, "", "/calls");
  document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  expect(all?.classList.contains("active")).toBe(false);
});
