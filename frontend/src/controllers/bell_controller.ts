import { Controller } from "@hotwired/stimulus";
import htmx from "htmx.org";
import { explain, requestFragment, requestJson } from "../api";
import { t } from "../i18n";
import { isPressing, noticeWords } from "../notice-words";
import { toast } from "../toast";

interface NoticeNew {
  kind: string;
  number: string;
  unread: number;
}

const MOST_SHOWN = 99;

/** The bell in the top bar: how many notices are unread, the newest of them, and a toast when one arrives. */
export default class BellController extends Controller<HTMLDetailsElement> {
  static override targets = ["count", "words", "menu"];
  declare readonly countTarget: HTMLElement;
  declare readonly wordsTarget: HTMLElement;
  declare readonly menuTarget: HTMLElement;

  override connect(): void {
    void this.recount();
  }

  /** After the page was loaded, and after a connection that may have lost messages. */
  async recount(): Promise<void> {
    try {
      this.show((await requestJson<{ unread: number }>("/api/notifications")).unread);
    } catch {
      // The bar already says that the server is away; the next snapshot counts again.
    }
  }

  arrived(event: CustomEvent<NoticeNew>): void {
    const { kind, number, unread } = event.detail;
    this.show(unread);
    // What a supervisor writes stands on the screen until it is confirmed: a toast would say it twice.
    if (kind !== "supervisor") toast(noticeWords(kind, number), isPressing(kind) ? "warning" : "info");
    if (this.element.open) void this.load();
  }

  opened(): void {
    if (this.element.open) void this.load();
  }

  /** The answer replaces the menu by itself; the count is known without asking. */
  readAll(): void {
    this.show(0);
  }

  /** Opening a notice goes elsewhere; the menu would cover it. */
  sent(event: SubmitEvent): void {
    if ((event.target as HTMLFormElement).action.endsWith("/open")) this.element.open = false;
  }

  private async load(): Promise<void> {
    try {
      this.menuTarget.innerHTML = await requestFragment("/notifications?menu=1");
      htmx.process(this.menuTarget);
    } catch (error) {
      this.menuTarget.textContent = explain(error);
    }
    void this.recount();
  }

  private show(unread: number): void {
    this.countTarget.hidden = unread === 0;
    this.countTarget.textContent = unread > MOST_SHOWN ? `${MOST_SHOWN}+` : String(unread);
    this.wordsTarget.textContent =
      unread === 0 ? t("Notices") : t("Notices, unread: {count}", { count: unread });
  }
}
