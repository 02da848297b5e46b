import type { DraftState } from "./autosave";
import { h, icon } from "./dom";
import { duration } from "./format";
import { t } from "./i18n";

interface Look {
  icon: string;
  text: string;
  age?: number;
}

function look(draft: DraftState, saving: boolean, now: number): Look | null {
  if (saving) return { icon: "loader-2", text: t("Saving…") };
  switch (draft.status) {
    case "clean":
      if (draft.savedAt === null) return null;
      return { icon: "circle-check", text: t("Draft saved"), age: Math.max(0, (now - draft.savedAt) / 1000) };
    case "dirty":
    case "saving":
      return { icon: "pencil", text: t("Typing…") };
    case "offline":
      return { icon: "cloud-off", text: t("Kept on this computer: the server does not answer") };
    case "signed-out":
      return { icon: "lock", text: t("Kept on this computer: log in again") };
    case "conflict":
      return { icon: "git-merge", text: t("Changed elsewhere: choose which text stays") };
    case "refused":
      return { icon: "alert-triangle", text: t("The draft is not saved") };
  }
}

function age(seconds: number): string {
  return seconds < 60
    ? t("{seconds} s ago", { seconds: Math.floor(seconds) })
    : t("{time} ago", { time: duration(seconds) });
}

/**
 * Show where the draft stands. The element is a live region: only the words are announced, and only when they change;
 * the running seconds are hidden from screen readers, which would otherwise never fall silent.
 */
export function draftStateText(element: HTMLElement, draft: DraftState, saving: boolean, now: number): void {
  const shown = look(draft, saving, now);
  if (!shown) return;
  const words = element.querySelector(".draft-words");
  const seconds = element.querySelector(".draft-age");
  if (!words || !seconds || words.textContent !== shown.text) {
    element.dataset["draft"] = saving ? "saving" : draft.status;
    element.replaceChildren(
      icon(shown.icon),
      h("span", { class: "draft-words" }, shown.text),
      h("span", { class: "draft-age", "aria-hidden": "true" }),
    );
  }
  const ageElement = element.querySelector(".draft-age");
  const text = shown.age === undefined ? "" : age(shown.age);
  if (ageElement && ageElement.textContent !== text) ageElement.textContent = text;
}
