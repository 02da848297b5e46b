import { Controller } from "@hotwired/stimulus";
import { requestJson } from "../api";
import { askLine, type Question } from "../ask-line";
import { onDocument } from "../dom";
import { t } from "../i18n";
import type { BoardAct } from "../supervision-model";
import { toast } from "../toast";

const FORCED = new Set(["pause", "ready", "logout", "wrap_up"]);

/** What the profile offers as reasons for a pause: the same list as in one's own menu. */
function pauses(): [string, string][] {
  const rows = document.querySelectorAll<HTMLElement>(".desk-state [data-operator-reason-param]");
  return [...rows].map((row) => [
    row.dataset["operatorReasonParam"] ?? "",
    row.querySelector("span")?.textContent ?? "",
  ]);
}

function question(action: string, name: string): Question {
  const label = t("Why");
  const hint = t("{name} is shown who did it and why.", { name });
  switch (action) {
    case "pause":
      return {
        title: t("Send {name} into a pause", { name }),
        button: t("Into a pause"),
        choice: { label: t("Pause"), options: pauses() },
        label,
        hint,
      };
    case "ready":
      return { title: t("Make {name} ready", { name }), button: t("Make ready"), label, hint };
    case "wrap_up":
      return {
        title: t("Close the wrap-up of {name}", { name }),
        button: t("Close the wrap-up"),
        label,
        hint,
      };
    case "logout":
      return {
        title: t("End the work of {name}", { name }),
        button: t("End the work"),
        danger: true,
        label,
        hint,
      };
    default:
      return {
        title: t("Write to {name}", { name }),
        button: t("Send"),
        label: t("Message"),
        max: 300,
        hint: t("It stays on the operator's screen until it is confirmed."),
      };
  }
}

/** The board's menu: a line to an operator, and his state changed for him. */
export default class OperatorOrdersController extends Controller<HTMLElement> {
  private stop: () => void = () => undefined;

  override connect(): void {
    this.stop = onDocument<BoardAct>("hotline:board-action", (act) => void this.chosen(act));
  }

  override disconnect(): void {
    this.stop();
  }

  private async chosen({ action, id, name, state }: BoardAct): Promise<void> {
    const forced = FORCED.has(action);
    if (!forced && action !== "message") return;
    const done = await askLine(question(action, name), (text, pause) => {
      const path = `/api/operators/${id}/${forced ? "force" : "message"}`;
      const json = forced ? { action, why: text, pause: action === "pause" ? pause : "", state } : { text };
      return requestJson(path, { method: "POST", json });
    });
    if (done)
      toast(forced ? t("Done: {name} is told.", { name }) : t("Sent to {name}.", { name }), "success");
  }
}
