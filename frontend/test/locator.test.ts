import { Application } from "@hotwired/stimulus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

vi.mock("htmx.org", () => ({ default: { ajax: vi.fn(() => Promise.resolve()) } }));

import LocatorController from "../src/controllers/locator_controller";

let application: Application;
const sent: { url: string; body: string }[] = [];

function answer(html: string): void {
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    sent.push({ url, body: String(init.body) });
    return Promise.resolve(new Response(html, { status: 200 }));
  });
}

beforeEach(async () => {
  vi.useFakeTimers();
  sent.length = 0;
  HTMLDialogElement.prototype.showModal = function show(): void {
    this.setAttribute("open", "");
  };
  HTMLDialogElement.prototype.close = function close(): void {
    this.removeAttribute("open");
    this.dispatchEvent(new Event("close"));
  };
  document.body.innerHTML = `<input id="before"><div data-controller="locator">
    <button data-action="locator#open"></button>
    <dialog data-locator-target="dialog" data-action="close->locator#closed">
      <input data-locator-target="input" data-action="input->locator#typed keydown->locator#key">
      <div data-locator-target="results" data-action="click->locator#choose"></div></dialog></div>`;
  Element.prototype.scrollIntoView = () => undefined;
  application = Application.start();
  application.register("locator", LocatorController);
  await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  application.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const input = (): HTMLInputElement => document.querySelector("dialog input") as HTMLInputElement;
const key = (name: string): boolean =>
  input().dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
const options = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("[role=option]")];
const FOUND = `<div role="option" id="a" data-locator-target="option" data-url="/appeals/1"></div>
  <div role="option" id="b" data-locator-target="option" data-dial="101"></div>`;

async function open(typed: string): Promise<void> {
  document.getElementById("before")?.focus();
  document.querySelector("button")?.click();
  input().value = typed;
  input().dispatchEvent(new Event("input", { bubbles: true }));
  await vi.advanceTimersByTimeAsync(300);
}

describe("the search for everything (S001-035, DAY-08, DAY-29)", () => {
  it("sends what is typed in the body, never in the address", async () => {
    answer(FOUND);
    await open("Иванов");
    expect(new Set(sent.map(({ url }) => url))).toEqual(new Set(["/search"]));
    expect(decodeURIComponent(sent.at(-1)?.body ?? "")).toBe("q=Иванов");
  });

  it("is walked by arrows, round the end", async () => {
    answer(FOUND);
    await open("Ив");
    expect(options().map((one) => one.getAttribute("aria-selected"))).toEqual(["true", "false"]);
    key("ArrowDown");
    expect(input().getAttribute("aria-activedescendant")).toBe("b");
    key("ArrowDown");
    expect(input().getAttribute("aria-activedescendant")).toBe("a");
    key("ArrowUp");
    expect(input().getAttribute("aria-activedescendant")).toBe("b");
  });

  it("gives the focus back when it closes", async () => {
    answer(FOUND);
    await open("Ив");
    document.querySelector("dialog")?.close();
    expect(document.activeElement?.id).toBe("before");
  });

  it("clicks the chosen line by Enter", async () => {
    answer(FOUND);
    await open("Ив");
    const clicked = vi.fn();
    options()[1]?.addEventListener("click", clicked);
    key("ArrowDown");
    key("Enter");
    expect(clicked).toHaveBeenCalledOnce();
  });

  it("opens from a page that found nothing", async () => {
    answer(FOUND);
    document.body.insertAdjacentHTML("beforeend", '<b data-command="global-search"></b>');
    document.querySelector<HTMLElement>("b")?.click();
    await vi.advanceTimersByTimeAsync(0);
    expect(document.querySelector("dialog")?.hasAttribute("open")).toBe(true);
  });

  it("says when the server does not answer", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
    await open("Ив");
    expect(document.querySelector("[data-locator-target=results]")?.textContent).not.toBe("");
  });
});
