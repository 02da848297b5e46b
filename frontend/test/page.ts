// What DOM tests share: a Stimulus application on a piece of markup, and a server that answers as told.

import { Application, type Controller } from "@hotwired/stimulus";
import { vi } from "vitest";

type ControllerClass = new (...args: never[]) => Controller;
let running: Application | null = null;

/** Put `html` on the page and start `controllers` on it; resolves when they are connected. */
export async function startPage(html: string, controllers: Record<string, ControllerClass>): Promise<void> {
  document.body.innerHTML = html;
  running = Application.start();
  for (const [name, controller] of Object.entries(controllers)) running.register(name, controller as never);
  await settle();
}

/** Stop the application, so that its listeners do not hear the next test. */
export async function stopPage(): Promise<void> {
  document.body.innerHTML = "";
  await settle();
  running?.stop();
  running = null;
  sessionStorage.clear();
  localStorage.clear();
}

/** Let mutation observers, promises and microtasks run; needs no real time, so it works under fake timers too. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve();
}

export function find<E extends HTMLElement>(selector: string): E {
  const element = document.querySelector<E>(selector);
  if (!element) throw new Error(`nothing on the page matches ${selector}`);
  return element;
}

export function push(type: string, detail: unknown): void {
  document.dispatchEvent(new CustomEvent(`hotline:${type}`, { detail }));
}

/** Everything of a type that was fired on the document. */
export function heard(type: string): unknown[] {
  const details: unknown[] = [];
  document.addEventListener(type, (event) => details.push((event as CustomEvent).detail));
  return details;
}

export function type(field: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

export function press(element: Element, key: string, init: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, code: key, bubbles: true, cancelable: true, ...init });
  element.dispatchEvent(event);
  return event;
}

export interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

type Answer = { status?: number; json?: unknown; html?: string } | "no answer";

/** A server: `answers` are given in order, the last one for ever. Returns what was sent to it. */
export function server(...answers: [Answer, ...Answer[]]): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal(
    "fetch",
    vi.fn(async (path: string, init: RequestInit = {}) => {
      sent.push({
        method: init.method ?? "GET",
        path,
        headers: (init.headers ?? {}) as Record<string, string>,
        body: String(init.body ?? ""),
      });
      const answer = answers[Math.min(sent.length, answers.length) - 1];
      if (answer === undefined || answer === "no answer") throw new TypeError("network");
      const body = answer.html ?? JSON.stringify(answer.json ?? {});
      return new Response(answer.status === 204 ? null : body, { status: answer.status ?? 200 });
    }),
  );
  return sent;
}
