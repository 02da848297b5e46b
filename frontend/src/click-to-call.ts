// A number anywhere on the page is called by its button: `<button data-dial="+79280001122">`, or
// `data-dial-from="applicant_phone"` for what stands in that field of the same form. Delegated from the document, so that
// fragments need no start of their own. `<button data-classify="key">` opens the panel for that call's characteristic.

import { announce } from "./dom";

function numberOf(button: HTMLElement): string {
  const { dial, dialFrom } = button.dataset;
  if (dialFrom === undefined) return dial ?? "";
  const field = button.closest("form")?.elements.namedItem(dialFrom);
  return field instanceof HTMLInputElement ? field.value : "";
}

/** What a call from this place is about: an appeal's page and its rows carry `data-card-ref="appeal-12"`. */
function aboutOf(button: HTMLElement): string {
  const ref = button.closest<HTMLElement>("[data-card-ref]")?.dataset["cardRef"] ?? "";
  return /^appeal-\d{1,18}$/.test(ref) ? ref : "";
}

function onClick(event: MouseEvent): void {
  const button = (event.target as Element).closest<HTMLElement>(
    "[data-dial], [data-dial-from], [data-classify]",
  );
  if (!button) return;
  // In a row of a list the click would otherwise open the row as well.
  event.preventDefault();
  event.stopPropagation();
  const { classify } = button.dataset;
  if (classify !== undefined) announce("hotline:classify", { key: classify });
  else announce("hotline:dial", { number: numberOf(button), card: aboutOf(button) });
}

/** Start; returns what stops it. */
export function startClickToCall(): () => void {
  document.addEventListener("click", onClick, true);
  return () => document.removeEventListener("click", onClick, true);
}
