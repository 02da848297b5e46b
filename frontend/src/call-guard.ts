// Watches over the calls from outside the telephone: a call that the exchange no longer has, a connection that only
// looks open after sleep or a change of network, the card of a call that was taken back after a reload.

import { onDocument } from "./dom";
import { t } from "./i18n";
import { LiveCalls } from "./live-calls";
import type { LinkNow, Snapshot } from "./model";
import { offerCard } from "./navigate";
import type { PhoneCall, PhoneView } from "./phone/index";
import { ownedElsewhere, type PhoneLike } from "./phone-host";
import { toast } from "./toast";

/** Asterisk's own BYE, or a picture that is being built, may come a little later than the push message. */
export const GHOST_AFTER_MS = 5_000;
const TICK_MS = 2_000;
/** A timer that comes this late slept: the machine was suspended. */
const SLEPT_MS = 10_000;

/** Calls of this page that the exchange does not have; `known` answers for its key. */
export function ghosts(view: PhoneView, known: (key: string) => boolean): PhoneCall[] {
  if (ownedElsewhere(view)) return [];
  return view.calls.filter(
    (call) => call.state === "talking" && call.callKey !== null && !known(call.callKey),
  );
}

export class CallGuard {
  private readonly live = new LiveCalls(() => this.look());
  private readonly links = new Map<string, string>();
  private connected = false;
  private doubt: ReturnType<typeof setTimeout> | undefined;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly stops: (() => void)[];
  private readonly returning = new Set<string>();
  private tickedAt = Date.now();

  constructor(private readonly phone: PhoneLike) {
    const check = (): void => this.phone.check();
    const seen = (): void => {
      if (document.visibilityState === "visible") check();
    };
    window.addEventListener("online", check);
    document.addEventListener("visibilitychange", seen);
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.stops = [
      () => window.removeEventListener("online", check),
      () => document.removeEventListener("visibilitychange", seen),
      onDocument<{ status: string }>("hotline:events", ({ status }) => this.pushed(status)),
      onDocument<Snapshot>("hotline:snapshot", ({ links }) => {
        this.links.clear();
        for (const link of links) this.links.set(link.asterisk, link.state);
        this.look();
      }),
      onDocument<LinkNow>("hotline:link", (link) => {
        this.links.set(link.asterisk, link.state);
        this.look();
      }),
      phone.subscribe((view) => this.shown(view)),
      () => this.live.close(),
    ];
  }

  close(): void {
    clearInterval(this.timer);
    clearTimeout(this.doubt);
    for (const stop of this.stops) stop();
  }

  /** The push connection came back: what cut it may have cut the telephone's, too. */
  private pushed(status: string): void {
    const back = status === "up" && !this.connected;
    this.connected = status === "up";
    if (back) this.phone.check();
    this.look();
  }

  private tick(): void {
    const slept = Date.now() - this.tickedAt > SLEPT_MS;
    this.tickedAt = Date.now();
    if (slept) this.phone.check();
  }

  /** Only a server that sees every exchange can say that a call is gone. */
  private get certain(): boolean {
    return this.connected && this.links.size > 0 && [...this.links.values()].every((state) => state === "up");
  }

  private found(): PhoneCall[] {
    if (!this.certain) return [];
    return ghosts(this.phone.view, (key) => this.live.get(key) !== null);
  }

  private look(): void {
    if (!ownedElsewhere(this.phone.view)) {
      for (const { id, callKey } of this.phone.view.calls) {
        const phase = this.live.get(callKey)?.phase;
        if (phase) this.phone.away(id, phase === "held" || phase === "consulting");
      }
    }
    if (this.found().length === 0) {
      clearTimeout(this.doubt);
      this.doubt = undefined;
      return;
    }
    this.doubt ??= setTimeout(() => {
      this.doubt = undefined;
      for (const call of this.found()) {
        this.phone.dismiss(call.id);
        toast(t("This call is over: the other side, or the telephone exchange, has ended it."), "warning");
      }
    }, GHOST_AFTER_MS);
  }

  private shown(view: PhoneView): void {
    for (const call of view.calls) {
      if (call.state === "calling" && call.answeredAt !== null) this.returning.add(call.id);
      if (call.state !== "talking" || !this.returning.delete(call.id) || call.callKey === null) continue;
      if (call.role === "queue" || call.direction === "out") void offerCard(call.callKey, call.number);
    }
    this.look();
  }
}
