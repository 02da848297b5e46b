import { Controller } from "@hotwired/stimulus";
import { ApiError, csrfToken, explain, requestJson } from "../api";
import { h, icon, onDocument } from "../dom";
import { t } from "../i18n";
import { randomKey } from "../random-key";

interface LockNow {
  mine: boolean;
  by: string;
  user_id: number;
  since: string;
  may_take: boolean;
  renew_s: number;
}

interface LockNews {
  appeal_id: number;
  user_id: number | null;
  tab: string;
  by: string;
}

const RETRY_S = 10;

/**
 * Who edits an appeal (domain 2.7): this page holds the lock while it is open and renews it. While somebody else has it
 * the form can only be read; nothing that was typed goes away, and an administrator may take over.
 */
export default class EditLockController extends Controller<HTMLFormElement> {
  static override targets = ["banner"];
  static override values = { id: Number };
  declare readonly bannerTarget: HTMLElement;
  declare readonly idValue: number;
  private readonly tab = randomKey();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stops: (() => void)[] = [];
  private mine = false;
  private left = false;

  override connect(): void {
    this.stops = [
      onDocument<LockNews>("hotline:lock", (news) => this.news(news)),
      onDocument("hotline:signed-in", () => void this.hold()),
    ];
    window.addEventListener("pagehide", this.onLeave);
    void this.hold();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    window.removeEventListener("pagehide", this.onLeave);
    clearTimeout(this.timer);
    this.onLeave();
  }

  private readonly onLeave = (): void => {
    if (!this.mine || this.left) return;
    this.left = true;
    // A page that goes can only send a beacon; without it the lock lapses after a minute.
    const body = new URLSearchParams({ tab: this.tab, csrf_token: csrfToken() });
    navigator.sendBeacon?.(`${this.path}/unlock`, body);
  };

  private get path(): string {
    return `/api/appeals/${this.idValue}`;
  }

  private async hold(insists = false): Promise<void> {
    clearTimeout(this.timer);
    let again = RETRY_S;
    try {
      const json = { tab: this.tab, insists };
      const now = await requestJson<LockNow>(`${this.path}/lock`, { method: "POST", json });
      this.show(now);
      again = now.mine ? now.renew_s : RETRY_S;
    } catch (error) {
      // Away for a moment: typing goes on, and the version guards the text. Not allowed any more: nobody may type.
      if (error instanceof ApiError && error.status === 403) this.readOnly(explain(error), null);
    }
    if (this.element.isConnected) this.timer = setTimeout(() => void this.hold(), again * 1000);
  }

  private news(news: LockNews): void {
    if (news.appeal_id !== this.idValue || news.tab === this.tab) return;
    // Taken by somebody else, or free again: ask who has it now.
    void this.hold();
  }

  private show(now: LockNow): void {
    this.mine = now.mine;
    if (now.mine) {
      this.bannerTarget.hidden = true;
      this.enable(true);
      return;
    }
    const own = String(now.user_id) === document.body.dataset["shellUserValue"];
    const text = own
      ? t("You edit this appeal in another tab.")
      : t("{name} is editing this appeal. You can read it.", { name: now.by });
    this.readOnly(text, now.may_take ? (own ? t("Edit here") : t("Take over")) : null);
  }

  private readOnly(text: string, take: string | null): void {
    const parts: Node[] = [icon("lock"), h("span", {}, text)];
    if (take !== null) {
      const button = h("button", { type: "button", class: "btn btn-sm" }, take);
      button.addEventListener("click", () => void this.hold(true));
      parts.push(button);
    }
    if (this.bannerTarget.textContent !== parts.map((part) => part.textContent).join(""))
      this.bannerTarget.replaceChildren(...parts);
    this.bannerTarget.hidden = false;
    this.enable(false);
  }

  private enable(on: boolean): void {
    const columns = this.element.querySelector<HTMLElement>(".card-columns");
    // "inert" keeps the text: nothing is disabled, so nothing is left out of the form.
    columns?.toggleAttribute("inert", !on);
    for (const button of this.element.querySelectorAll<HTMLButtonElement>("[data-command=save]"))
      button.disabled = !on;
  }
}
