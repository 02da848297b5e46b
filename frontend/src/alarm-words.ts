import { duration } from "./format";
import { t } from "./i18n";

/** An alarm of the board that is on (hotline/web/alarm_words.py). */
export interface BoardAlarm {
  id: number;
  kind: string;
  subject: string;
  of_queue: boolean;
  value: number;
  threshold: number;
  sound: boolean;
  raised_at: string;
  seen_at: string | null;
  seen_by: string;
}

/** What went wrong, in words. */
export function alarmTitle({ kind }: BoardAlarm): string {
  switch (kind) {
    case "waiting":
      return t("Too many wait");
    case "longest":
      return t("Somebody waits too long");
    case "service_level":
      return t("Service level of the last hour too low");
    case "nobody_ready":
      return t("Nobody is free");
    case "over_limit":
      return t("Pause over the limit");
    case "one_way":
      return t("Sound goes one way");
    case "lost":
      return t("Telephone without a connection");
    default:
      return kind;
  }
}

/** Where, and by how much. */
export function alarmDetail({ kind, subject, of_queue: ofQueue, value, threshold }: BoardAlarm): string {
  const where = ofQueue
    ? t("queue {name}", { name: subject })
    : t("internal number {number}", { number: subject });
  return [where, figures(kind, value, threshold)].filter(Boolean).join(": ");
}

function figures(kind: string, value: number, threshold: number): string {
  const unit = kind === "service_level" ? " %" : "";
  if (kind === "waiting" || kind === "service_level") {
    const words = { value: `${Math.round(value)}${unit}`, limit: `${threshold}${unit}` };
    return t("{value}, the threshold is {limit}", words);
  }
  if (kind === "longest" || kind === "over_limit" || kind === "lost")
    return t("more than {limit}", { limit: duration(threshold) });
  return "";
}
