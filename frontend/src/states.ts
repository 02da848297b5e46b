// How an operator's state is named (hotline/queue/model.py OperatorState). The word is always shown: never colour alone.

import { t } from "./i18n";

/** The word for a state; a state that this version does not know is shown as it came. */
export function stateWord(state: string): string {
  switch (state) {
    case "offline":
      return t("Not active");
    case "ready":
      return t("Free");
    case "ringing":
      return t("Ringing");
    case "talking":
      return t("Talking");
    case "hold":
      return t("On hold");
    case "wrap_up":
      return t("Wrap-up");
    case "pause":
      return t("Pause");
    case "lost":
      return t("No connection");
    default:
      return state;
  }
}

/** Show a state on an element made by the `presence` macro: class, word, and nothing else. */
export function showPresence(element: Element, state: string): void {
  for (const name of [...element.classList]) {
    if (name.startsWith("presence-")) element.classList.remove(name);
  }
  element.classList.add("presence", `presence-${state}`);
  if (element instanceof HTMLElement) element.dataset["state"] = state;
  const word = element.querySelector(".presence-word");
  if (word) word.textContent = stateWord(state);
}
