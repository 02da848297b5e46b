// To whom a new card goes as soon as it is registered (S001-059): chosen on the card, carried out after the save.

import { explain, requestJson } from "./api";
import { t } from "./i18n";
import { toast } from "./toast";

export interface ForwardTo {
  id: string;
  name: string;
}

const chosen = new WeakMap<HTMLFormElement, ForwardTo>();

export function forwardAfterSaving(form: HTMLFormElement, to: ForwardTo | null): void {
  if (to) chosen.set(form, to);
  else chosen.delete(form);
}

export function forwardChosen(form: HTMLFormElement): ForwardTo | null {
  return chosen.get(form) ?? null;
}

/** Forward the appeal that the card has become. It is saved whatever comes of this. */
export async function forwardSaved(form: HTMLFormElement, appealId: number, version: number): Promise<void> {
  const to = chosen.get(form);
  if (!to) return;
  try {
    const json = { to_user_id: to.id, version: String(version), comment: "" };
    await requestJson(`/appeals/${appealId}/forward`, { method: "POST", json });
    toast(t("Forwarded to {name}.", { name: to.name }), "success");
  } catch (error) {
    toast(t("The appeal is saved, but not forwarded: {reason}", { reason: explain(error) }), "danger");
  }
}
