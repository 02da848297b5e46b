// At the end of a shift: unfinished cards are shown, to be finished, thrown away or given to a colleague (DAY-21).

import { requestFragment } from "./api";
import { t } from "./i18n";
import { openInWork, unsavedCardOpen } from "./navigate";
import { toast } from "./toast";

/** Show the list when there is anything in it. A card that is just being typed is not taken away. */
export async function offerDrafts(): Promise<void> {
  let page: string;
  try {
    page = await requestFragment("/drafts");
  } catch {
    // No right, or no server: the journal shows unfinished cards at the next login.
    return;
  }
  const count = new DOMParser().parseFromString(page, "text/html").querySelectorAll("[data-draft]").length;
  if (count === 0) return;
  toast(t("Unfinished cards: {count}. Finish them, or give them to a colleague.", { count }), "warning");
  if (!unsavedCardOpen()) await openInWork("/drafts");
}
