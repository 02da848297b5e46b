// Small helpers for building pieces of the page without innerHTML: a citizen's name must never become markup.

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Make an element. `false`, `null` and `undefined` leave an attribute out; `true` sets it empty. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Where the sprite is. The page's own icons know its address with the content hash, so it is loaded once. */
function spriteAddress(): string {
  const known = document.querySelector("svg > use[href*='icons.svg']")?.getAttribute("href");
  return known?.split("#")[0] ?? "/static/build/icons.svg";
}

/** An icon of the sprite, as decoration: the words beside it carry the meaning. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${spriteAddress()}#icon-${name}`);
  svg.append(use);
  return svg;
}

/** True when `element` takes typed text. */
export function takesText(element: EventTarget | null): boolean {
  if (!(element instanceof HTMLElement)) return false;
  if (element instanceof HTMLTextAreaElement || element.isContentEditable) return true;
  if (element instanceof HTMLSelectElement) return true;
  return (
    element instanceof HTMLInputElement &&
    !["button", "checkbox", "radio", "submit", "reset", "file", "range"].includes(element.type)
  );
}

/**
 * Focus something that may lie in a panel of tabs: the panel is chosen first. On a narrow screen the telephone's panels
 * are drawn only while their tab or something in them has the focus, so the tab is focused on the way.
 */
export function focusIn(element: HTMLElement): void {
  element.focus();
  if (document.activeElement === element && !element.closest("[hidden]")) return;
  const tab = tabOf(element);
  tab?.click();
  tab?.focus();
  element.focus();
}

/** The tab that shows the panel in which the element lies. */
export function tabOf(element: HTMLElement): HTMLElement | null {
  const panel = element.closest("[role=tabpanel]");
  return document.getElementById(panel?.getAttribute("aria-labelledby") ?? "");
}

/** Fire one of our own events on the document. */
export function announce(type: string, detail: unknown = null): void {
  document.dispatchEvent(new CustomEvent(type, { detail }));
}

/** Listen on the document; returns what stops it. */
export function onDocument<T>(type: string, listener: (detail: T) => void): () => void {
  const handler = (event: Event): void => listener((event as CustomEvent<T>).detail);
  document.addEventListener(type, handler);
  return () => document.removeEventListener(type, handler);
}
