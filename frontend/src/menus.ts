// Drop-down menus are `<details class="menu">`: the browser opens them; this closes them and lets arrows walk through.
// Delegated from the document, so that menus in fragments work without being started one by one.

const OPEN = "details.menu[open]";

function closeAll(except: Element | null = null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>(OPEN)) {
    if (menu !== except) menu.open = false;
  }
}

function onClick(event: MouseEvent): void {
  const target = event.target as Element;
  // A choice closes its menu; a click on the summary is the browser's business; any other click closes all.
  const chosen = target.closest("details.menu .dropdown-item:not([data-keep-open])");
  closeAll(chosen ? null : target.closest("details.menu"));
}

function walk(menu: HTMLDetailsElement, step: 1 | -1): void {
  const items = [...menu.querySelectorAll<HTMLElement>(".dropdown-item:not(:disabled)")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = at === -1 ? (step === 1 ? 0 : items.length - 1) : (at + step + items.length) % items.length;
  items[next]?.focus();
}

function onKey(event: KeyboardEvent): void {
  const menu = document.querySelector<HTMLDetailsElement>(OPEN);
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    walk(menu, event.key === "ArrowDown" ? 1 : -1);
  }
}

/** Start; returns what stops it. */
export function startMenus(): () => void {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  return () => {
    document.removeEventListener("click", onClick);
    document.removeEventListener("keydown", onKey);
  };
}
