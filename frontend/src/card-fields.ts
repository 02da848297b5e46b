// Reading and writing the fields of the card's form, by name (hotline/journal/model.py CardForm).

import type { Fields } from "./drafts-store";

const NOT_PART_OF_A_DRAFT = new Set(["csrf_token"]);

/**
 * What is typed, as text. An unticked box is absent, as in a submitted form. Unlike one, this holds what stands in blocks
 * that are disabled just now: another type or channel brings it back.
 */
export function readFields(form: HTMLFormElement): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const field of form.elements) {
    if (!isControl(field) || field.name === "" || NOT_PART_OF_A_DRAFT.has(field.name)) continue;
    if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type) && !field.checked)
      continue;
    if (field instanceof HTMLInputElement && field.type === "file") continue;
    fields[field.name] = field.value;
  }
  return fields;
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function isControl(element: unknown): element is Control {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

/** The control of a name; `null` when the form has none. */
export function control(form: HTMLFormElement, name: string): Control | null {
  const found = form.elements.namedItem(name);
  return isControl(found) ? found : null;
}

/** Set one field; returns whether that changed it. */
export function setField(form: HTMLFormElement, name: string, value: string): boolean {
  const field = control(form, name);
  if (!field) return false;
  if (field instanceof HTMLInputElement && field.type === "checkbox") {
    const ticked = value !== "";
    const before = field.checked;
    field.checked = ticked;
    return before !== ticked;
  }
  const before = field.value;
  field.value = value;
  return before !== field.value;
}

/** Write a draft back. Boxes that the draft does not name become unticked, as they were when it was read. */
export function writeFields(form: HTMLFormElement, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!NOT_PART_OF_A_DRAFT.has(name)) setField(form, name, value);
  }
  for (const field of form.elements) {
    if (
      field instanceof HTMLInputElement &&
      field.type === "checkbox" &&
      field.name &&
      !(field.name in fields)
    ) {
      field.checked = false;
    }
  }
}

/** Write single fields, and let whoever looks at them know. */
export function takeFields(form: HTMLFormElement, fields: Fields): void {
  // Another type forgets its topic, so both selects come first.
  for (const name of ["type", "channel"]) {
    const value = fields[name];
    if (value !== undefined && setField(form, name, value))
      control(form, name)?.dispatchEvent(new Event("change", { bubbles: true }));
  }
  for (const [name, value] of Object.entries(fields)) setField(form, name, value);
  const query = form.querySelector<HTMLInputElement>("#card-topic");
  if (query && fields["topic"] !== undefined) query.value = fields["topic"];
  form.dispatchEvent(new CustomEvent("card:filled"));
}

/** The words that a person knows a field by. */
export function labelOf(form: HTMLFormElement, name: string): string {
  const label =
    control(form, name)?.labels?.[0] ?? form.querySelector(`[data-field="${CSS.escape(name)}"] label`);
  return label?.textContent?.trim() || name;
}

/** Names of the fields in which two drafts differ. An absent field equals an empty one. */
export function differences(mine: Fields, theirs: Fields): string[] {
  const names = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
  return [...names].filter(
    (name) => !NOT_PART_OF_A_DRAFT.has(name) && (mine[name] ?? "") !== (theirs[name] ?? ""),
  );
}
