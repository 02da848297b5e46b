import { t } from "./i18n";

/** What the server did or noticed about the operator, in words; "" for a notice that this page does not know. */
export function noticeText(notice: string): string {
  switch (notice) {
    case "offer-missed":
      return t("A call was not answered: you are on pause now. Press «Ready for calls» when you are back.");
    case "pause-over-limit":
      return t("The pause is longer than allowed.");
    case "wrap-up-over":
      return t("The time for the card is over: you are ready for calls again.");
    case "phone-lost":
      return t("Your telephone has lost its connection: no calls come until it is back.");
    case "phone-back":
      return t("Your telephone is connected again.");
    case "signed-off":
      return t("Work was finished for you, because your telephone was away for too long.");
    default:
      return "";
  }
}
