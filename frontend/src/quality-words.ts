import { t } from "./i18n";
import type { Alarm, Verdict } from "./phone/quality";

/** How a call sounds, never by colour alone: an icon and words. */
export function lineMark(verdict: Verdict): { icon: string; words: string } {
  switch (verdict) {
    case "good":
      return { icon: "antenna-bars-5", words: t("The line is good") };
    case "fair":
      return { icon: "antenna-bars-3", words: t("The line is fair") };
    case "poor":
      return { icon: "antenna-bars-2", words: t("The line is poor") };
  }
}

/** What is wrong and what to do about it, to the operator in whose call it is. */
export function alarmText(alarm: Alarm): string {
  switch (alarm) {
    case "path-lost":
      return t("The sound is cut off: the network does not answer. Stay on the line, it is being restored.");
    case "nothing-received":
      return t(
        "No sound comes from the other side. Ask whether you are heard; if nobody answers, hang up and call back.",
      );
    case "nothing-sent":
      return t("Your voice is not sent. Choose the microphone again under «Sound».");
    case "not-heard":
      return t("The other side hardly hears you: the network loses your voice. It is being restored.");
    case "microphone-off":
      return t("The microphone is switched off on the headset itself. Press its own key to be heard.");
    case "microphone-silent":
      return t(
        "The microphone gives no sound at all. Check its plug and its switch, or choose another one under «Sound».",
      );
  }
}

/** The same for a supervisor, in short. */
export function alarmWord(alarm: Alarm): string {
  switch (alarm) {
    case "path-lost":
      return t("sound cut off");
    case "nothing-received":
      return t("hears nobody");
    case "nothing-sent":
    case "not-heard":
      return t("is not heard");
    case "microphone-off":
    case "microphone-silent":
      return t("microphone silent");
  }
}

/** Alarms of a voice that goes one way; a microphone is the operator's own affair (hotline/softphone/quality_rules.py). */
export function goesOneWay(alarm: Alarm): boolean {
  return !alarm.startsWith("microphone");
}
