import { t } from "./i18n";

/** What a notice says when it arrives: the same words as hotline/web/views/notices.py has in the list. */
export function noticeWords(kind: string, number: string): string {
  const words: Readonly<Record<string, string>> = {
    due_soon: t("Three days are left for the answer"),
    due_tomorrow: t("The answer is due tomorrow"),
    due_half: t("Half of the time for the answer is over"),
    due_nearly: t("The time for the answer is nearly over"),
    overdue: t("The deadline has passed"),
    digest: t("What awaits a reply today"),
    forwarded: t("Forwarded to you"),
    declined: t("Given back to you"),
    returned: t("Returned for rework"),
    reassigned: t("Assigned to you"),
    closed: t("Closed finally"),
    callback: t("Call the citizen back"),
    review: t("Waits for review"),
    extension_asked: t("More time is asked for"),
    extension_approved: t("The deadline is extended: tell the citizen"),
    extension_refused: t("More time was refused"),
    scored: t("Your conversation has a score"),
    score_disputed: t("The operator does not agree with a score"),
    score_settled: t("Your answer to a score was considered"),
    supervisor: t("A message from your supervisor"),
  };
  const text = words[kind] ?? t("There is a notice for you.");
  return number === "" ? text : `${text}: ${number}`;
}

const PRESSING = new Set(["overdue", "due_nearly", "due_tomorrow", "returned"]);

/** Whether it should look like a warning. */
export function isPressing(kind: string): boolean {
  return PRESSING.has(kind);
}
