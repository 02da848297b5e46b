import { Controller } from "@hotwired/stimulus";
import { h, icon, onDocument } from "../dom";
import { phoneNumber } from "../format";
import { t } from "../i18n";
import { openCard, openInWork, unsavedCardOpen } from "../navigate";

interface Waiting {
  path: string;
  number: string;
  callKey?: string;
}

/** Calls whose card waits because an unsaved card is open (DAY-12). The oldest opens by itself after the save. */
export default class PendingCardsController extends Controller<HTMLElement> {
  private waiting: Waiting[] = [];
  private stops: (() => void)[] = [];

  override connect(): void {
    this.stops = [
      onDocument<Waiting>("hotline:card-waits", (card) => this.add(card)),
      onDocument("hotline:card-saved", () => void this.openOldest()),
    ];
    this.show();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
  }

  private add(card: Waiting): void {
    if (this.waiting.some((one) => one.path === card.path)) return;
    this.waiting.push(card);
    this.show();
  }

  private async openOldest(): Promise<void> {
    const oldest = this.waiting[0];
    if (oldest && !unsavedCardOpen()) await this.open(oldest);
  }

  private async open(card: Waiting): Promise<void> {
    this.waiting = this.waiting.filter((one) => one !== card);
    this.show();
    if (card.callKey === undefined) await openInWork(card.path);
    else await openCard(card.callKey, card.path, card.number);
  }

  private show(): void {
    this.element.hidden = this.waiting.length === 0;
    const buttons = this.waiting.map((card) => {
      const number = card.number === "" ? t("Hidden number") : phoneNumber(card.number);
      const button = h(
        "button",
        { type: "button", class: "btn btn-warning btn-sm" },
        icon("phone-incoming"),
        number,
      );
      // The unsaved card is not lost: its draft is on the server and is offered again in the journal.
      button.addEventListener("click", () => void this.open(card));
      return button;
    });
    const title = h(
      "span",
      { class: "desk-pending-title" },
      t("Cards that wait: {count}", { count: this.waiting.length }),
    );
    this.element.replaceChildren(...(this.waiting.length === 0 ? [] : [title, ...buttons]));
  }
}
