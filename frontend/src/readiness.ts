// «Ready for calls», with one reminder when a call is still without its characteristic. Nothing is blocked: a second
// press goes through, and the server ends the wrap-up by itself in any case.

import { explain, requestJson } from "./api";
import { announce } from "./dom";
import { t } from "./i18n";
import type { OperatorNow } from "./model";
import { toast } from "./toast";

const REMINDED_FOR_MS = 20_000;

let waiting = 0;
let remindedAt = Number.NEGATIVE_INFINITY;

/** Calls of this operator that wait for their characteristic; the disposition panel knows. */
export function setUnclassified(count: number): void {
  waiting = count;
  if (count === 0) remindedAt = Number.NEGATIVE_INFINITY;
}

/** Ask the server for a state and tell the page what came of it. Errors are shown. */
export async function changeState(path: string, json: Record<string, string> = {}): Promise<void> {
  try {
    const now = await requestJson<OperatorNow | null>(path, { method: "POST", json });
    if (now?.state) announce("hotline:operator.state", now);
  } catch (error) {
    toast(explain(error), "danger");
  }
}

/** Become ready; the first press with an unclassified call only reminds. */
export async function becomeReady(now: number = Date.now()): Promise<void> {
  if (waiting > 0 && now - remindedAt > REMINDED_FOR_MS) {
    remindedAt = now;
    toast(
      t("Calls without a characteristic: {count}. Choose it, or press once more to be ready without.", {
        count: waiting,
      }),
      "warning",
    );
    announce("hotline:classify", { key: null });
    return;
  }
  await changeState("/api/operator/ready");
}
