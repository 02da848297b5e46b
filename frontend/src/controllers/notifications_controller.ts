import { Controller } from "@hotwired/stimulus";
import { onDocument } from "../dom";
import { phoneNumber } from "../format";
import { t } from "../i18n";
import { ring, silence } from "../ringtone";
import { blinkTitle, calmTitle } from "../title-blink";

export interface Ringing {
  id: string;
  number: string;
}

/**
 * Makes a ring noticed when the tab is hidden (DAY-09): sound, blinking title, and a system notification that shows the
 * number only: notifications appear on locked screens and on shared desks (ui.md "Ring", DAY-29).
 */
export default class NotificationsController extends Controller {
  private stops: (() => void)[] = [];
  private notification: Notification | null = null;

  override connect(): void {
    this.stops = [
      onDocument<Ringing>("hotline:ringing", (call) => this.start(call)),
      onDocument("hotline:ring-over", () => this.end()),
    ];
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    this.end();
  }

  private start(call: Ringing): void {
    const number = call.number === "" ? t("Hidden number") : phoneNumber(call.number);
    ring();
    blinkTitle(`☎ ${number}`);
    if (typeof Notification === "undefined" || Notification.permission !== "granted" || this.notification)
      return;
    this.notification = new Notification(t("Incoming call"), {
      body: number,
      tag: call.id,
      requireInteraction: true,
    });
    this.notification.addEventListener("click", () => window.focus());
  }

  private end(): void {
    silence();
    calmTitle();
    this.notification?.close();
    this.notification = null;
  }
}
