import { Controller } from "@hotwired/stimulus";
import { csrfToken, request } from "../api";
import { browserLinkPorts } from "../browser-link";
import { learnServerTime, secondsSince } from "../clock";
import { announce, h, icon, onDocument } from "../dom";
import { EventsLink, type LinkStatus, type PushMessage } from "../events-link";
import { duration } from "../format";
import { t } from "../i18n";
import type {
  AppealChanged,
  CardHanded,
  ConsultOffer,
  LinkNow,
  LiveCall,
  QueueNow,
  Snapshot,
} from "../model";
import { cardWasOpen, offerCard, receiveCard } from "../navigate";
import { noticeText } from "../notices";
import { askToSignIn } from "../sign-in";
import { toast } from "../toast";

/** Attempts without an answer after which we ask whether the session still lives: a refused upgrade looks like no network. */
const ASK_SESSION_AFTER = 2;

const OUTGOING_CARD_AFTER_MS = 400;

/** The page around the work area: owns the push connection and spreads its messages over the page. */
export default class ShellController extends Controller<HTMLElement> {
  static override values = { events: String, csrf: String, extension: String };
  declare readonly eventsValue: string;
  declare readonly extensionValue: string;

  private link: EventsLink | null = null;
  private online = true;
  private readonly links = new Map<string, LinkNow>();
  private oldestAt = "";
  private timer: ReturnType<typeof setInterval> | undefined;
  private stops: (() => void)[] = [];

  override connect(): void {
    this.link = new EventsLink(browserLinkPorts(this.eventsValue), {
      status: (status, failures) => this.linkStatus(status, failures),
      message: (message) => this.received(message),
      sessionEnded: () => announce("hotline:signed-out"),
    });
    this.link.start();
    window.addEventListener("online", this.retry);
    document.addEventListener("htmx:configRequest", this.addToken);
    document.addEventListener("htmx:responseError", this.onHtmxError);
    document.addEventListener("htmx:afterSettle", this.markPlace);
    this.stops = [
      onDocument("hotline:signed-out", () => askToSignIn()),
      onDocument("hotline:signed-in", this.retry),
      onDocument<PushMessage>("hotline:tell", ({ type, data }) => this.link?.tell(type, data)),
    ];
    this.timer = setInterval(() => this.showOldest(), 1_000);
    this.markPlace();
  }

  override disconnect(): void {
    this.link?.stop();
    window.removeEventListener("online", this.retry);
    document.removeEventListener("htmx:configRequest", this.addToken);
    document.removeEventListener("htmx:responseError", this.onHtmxError);
    document.removeEventListener("htmx:afterSettle", this.markPlace);
    for (const stop of this.stops) stop();
    clearInterval(this.timer);
  }

  private readonly retry = (): void => this.link?.retryNow();

  /** The token changes when somebody signs in again; the page's own `hx-headers` knows only the first one. */
  private readonly addToken = (event: Event): void => {
    const { detail } = event as CustomEvent<{ headers: Record<string, string> }>;
    detail.headers["X-CSRF-Token"] = csrfToken();
  };

  private readonly onHtmxError = (event: Event): void => {
    const { detail } = event as CustomEvent<{ xhr: XMLHttpRequest }>;
    if (detail.xhr.status === 401) announce("hotline:signed-out");
  };

  /** Navigation swaps only the work area, so the menu must follow by itself. */
  private readonly markPlace = (): void => {
    // The journal is the first page; a recording belongs to its call.
    const path =
      location.pathname === "/" ? "/journal" : location.pathname.replace(/^\/recordings\//, "/calls/");
    const places = [...document.querySelectorAll<HTMLAnchorElement>("nav a[data-nav]")];
    const exact = places.find((place) => place.pathname === path && place.search === location.search);
    for (const place of places) {
      const within = place.pathname === path || path.startsWith(`${place.pathname}/`);
      const around = within && place.search === "";
      place.classList.toggle("active", place === exact || around);
      if (place === exact || (around && !exact)) place.setAttribute("aria-current", "page");
      else place.removeAttribute("aria-current");
    }
  };

  private linkStatus(status: LinkStatus, failures: number): void {
    this.online = status === "up";
    announce("hotline:events", { status });
    this.showBanner();
    if (failures === ASK_SESSION_AFTER) void request("/api/softphone").catch(() => undefined);
  }

  private received({ type, data }: PushMessage): void {
    if (type === "snapshot") this.snapshot(data as Snapshot);
    else if (type === "queue.stats") this.queue(data as QueueNow);
    else if (type === "link") this.telephony(data as LinkNow);
    else if (type === "appeal.created" || type === "appeal.changed" || type === "folders")
      this.folders(data as AppealChanged);
    announce(`hotline:${type}`, data);
    if (type === "call.offered") this.offered(data as LiveCall);
    else if (type === "call.started") this.dialled(data as LiveCall);
    else if (type === "operator.notice") this.notice((data as { notice: string }).notice);
    else if (type === "card.handed") this.handed(data as CardHanded);
    else if (type === "consult.offer") {
      const { call } = data as ConsultOffer;
      void offerCard(call.key, call.caller ?? "");
    }
  }

  private snapshot(snapshot: Snapshot): void {
    learnServerTime(snapshot.server_time);
    this.links.clear();
    for (const link of snapshot.links) this.links.set(link.asterisk, link);
    if (snapshot.queue) this.queue(snapshot.queue);
    this.showBanner();
    // A ring that began while the connection was away has its card offered now.
    for (const call of snapshot.calls) if (call.phase === "ringing") this.offered(call);
    // So is a card that came with its call meanwhile, or whose request the lost connection took along.
    const own = snapshot.calls.find(
      (call) => call.operator === this.extensionValue && call.phase === "talking",
    );
    if (own && own.direction !== "internal" && !cardWasOpen(own.key)) void receiveCard(own.key, "");
  }

  private offered(call: LiveCall): void {
    const mine = this.extensionValue !== "" && call.ringing.includes(this.extensionValue);
    if (mine && call.direction === "in") void offerCard(call.key, call.caller ?? "");
  }

  /**
   * A call that this operator placed is registered like one that he took: its card opens while it rings. A moment later,
   * because an engaged number is over at once and needs no card.
   */
  private dialled(call: LiveCall): void {
    const mine = this.extensionValue !== "" && call.operator === this.extensionValue;
    if (!mine || call.direction !== "out") return;
    const timer = setTimeout(() => void offerCard(call.key, call.dialled), OUTGOING_CARD_AFTER_MS);
    const stop = onDocument<LiveCall>("hotline:call.ended", ({ key }) => {
      if (key !== call.key) return;
      stop();
      clearTimeout(timer);
    });
  }

  private notice(notice: string): void {
    const text = noticeText(notice);
    if (text !== "") toast(text, notice === "phone-back" ? "success" : "warning");
  }

  /** The telephone went over in any case; the forwarding rules decide about the card (domain 2.4). */
  private handed({ call_key: key, moved, reason, to }: CardHanded): void {
    if (to !== "" && to === this.extensionValue) void receiveCard(key, "");
    if (moved || reason === "no-card") return;
    toast(
      t("The call was handed over without its card: the forwarding rules do not allow it to go along."),
      "warning",
    );
  }

  private queue(now: QueueNow): void {
    this.live("queue.waiting", String(now.waiting));
    this.oldestAt = now.oldest_at ?? "";
    this.showOldest();
  }

  private showOldest(): void {
    this.live("queue.oldest", this.oldestAt === "" ? "" : duration(secondsSince(this.oldestAt)));
  }

  private folders(change: AppealChanged): void {
    for (const [folder, count] of Object.entries(change.folder_counts ?? {})) {
      this.live(`folder.${folder}`, count, count === "");
    }
  }

  private live(name: string, text: string, hidden = false): void {
    for (const element of document.querySelectorAll<HTMLElement>(`[data-live="${name}"]`)) {
      if (element.textContent !== text) element.textContent = text;
      element.hidden = hidden;
    }
  }

  private telephony(link: LinkNow): void {
    this.links.set(link.asterisk, link);
    this.showBanner();
  }

  private showBanner(): void {
    const banner = document.getElementById("banner");
    if (!banner) return;
    const lines = [];
    if (!this.online && this.link !== null) {
      lines.push(
        t("No connection with the server. Go on typing: nothing is lost, everything is sent later."),
      );
    }
    for (const link of this.links.values()) {
      if (link.state !== "up")
        lines.push(t("No connection with the telephone exchange {name}.", { name: link.asterisk }));
    }
    banner.hidden = lines.length === 0;
    const retry = h("button", { type: "button", class: "btn btn-sm" }, t("Try now"));
    retry.addEventListener("click", this.retry);
    const parts = lines.map((line) =>
      h("span", { class: "desk-banner-line" }, icon("plug-connected-x"), line),
    );
    banner.replaceChildren(...parts, ...(this.online ? [] : [retry]));
  }
}
