import { Controller } from "@hotwired/stimulus";
import { command, ownExtension, pathOf } from "../call-commands";
import { secondsSince } from "../clock";
import { currentCall } from "../current-call";
import { h, icon, onDocument } from "../dom";
import { duration } from "../format";
import { t } from "../i18n";
import type { Command } from "../keymap";
import type { ParkingPlace, PresenceNow, Snapshot } from "../model";
import type { PhoneView } from "../phone/index";
import { ownedElsewhere, thePhone } from "../phone-host";

/** How long after the click the telephone that then rings is answered by itself. */
const ANSWER_WITHIN_MS = 10_000;
/** Rings that only a click of this operator can have caused (`X-Call-Role`). */
const WANTED = new Set(["pickup", "parked"]);

/**
 * What anybody may take: parked citizens, and calls that ring at a colleague of the same queue, or of one where the user helps out
 * (`data-call-board-helps-value`). One click, or «*8».
 */
export default class CallBoardController extends Controller<HTMLElement> {
  static override targets = ["list"];
  static override values = { helps: String };
  declare readonly helpsValue: string;
  declare readonly listTarget: HTMLElement;
  private places: readonly ParkingPlace[] = [];
  private readonly colleagues = new Map<string, PresenceNow>();
  private stops: (() => void)[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;
  private wantedUntil = 0;
  private shown = "";

  override connect(): void {
    this.stops = [
      thePhone().subscribe((view) => this.phoneChanged(view)),
      onDocument<{ places: readonly ParkingPlace[] }>("hotline:parking", ({ places }) => this.park(places)),
      onDocument<PresenceNow>("hotline:presence", (now) => this.learn([now])),
      onDocument<Snapshot>("hotline:snapshot", (snapshot) => {
        this.colleagues.clear();
        this.learn(snapshot.presence ?? []);
        this.park(snapshot.parking ?? []);
      }),
      onDocument("hotline:pick-up", () => void this.take("/api/pickup")),
    ];
    this.timer = setInterval(() => this.tick(), 1_000);
    this.show();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    clearInterval(this.timer);
  }

  private park(places: readonly ParkingPlace[]): void {
    this.places = places;
    this.show();
  }

  private learn(states: readonly PresenceNow[]): void {
    for (const now of states) this.colleagues.set(now.extension, now);
    this.show();
  }

  /** Colleagues of a common queue whose telephones ring. */
  private ringing(): PresenceNow[] {
    const own = [...(this.colleagues.get(ownExtension())?.queues ?? []), ...this.helpsValue.split(" ")];
    return [...this.colleagues.values()].filter(
      (one) =>
        one.state === "ringing" &&
        one.extension !== ownExtension() &&
        (one.queues ?? []).some((queue) => own.includes(queue)),
    );
  }

  private async take(path: string, json: Record<string, string> = {}): Promise<void> {
    // Before the answer: the telephone may ring first.
    this.wantedUntil = Date.now() + ANSWER_WITHIN_MS;
    if (!(await command(path, json))) this.wantedUntil = 0;
  }

  private phoneChanged(view: PhoneView): void {
    const call = currentCall(view);
    if (call?.state === "ringing" && WANTED.has(call.role) && Date.now() < this.wantedUntil) {
      this.wantedUntil = 0;
      thePhone().answer(call.id);
    }
    this.show();
  }

  private show(): void {
    const { view } = thePhone();
    const free = view.status === "active" && currentCall(view) === null && !ownedElsewhere(view);
    const colleagues = this.ringing();
    const shown = JSON.stringify([free, this.places, colleagues]);
    if (shown === this.shown) return; // the focus stays where it is
    this.shown = shown;
    const rows = [
      ...this.places.map((place) =>
        this.row(
          "parking",
          t("Place {slot}", { slot: place.slot }),
          t("parked by {number}", { number: place.by }),
          place.since,
          { text: t("Take"), command: "take", key: "Alt+Shift+K", free },
          () => this.take(pathOf(place.call_key, "take")),
        ),
      ),
      ...colleagues.map((one) =>
        this.row(
          "bell-ringing",
          one.extension,
          t("rings"),
          one.since,
          { text: t("Pick up"), command: "pick-up", key: "Alt+U", free },
          () => this.take("/api/pickup", { extension: one.extension }),
        ),
      ),
    ];
    this.element.hidden = rows.length === 0;
    this.listTarget.replaceChildren(...rows);
  }

  private row(
    drawing: string,
    what: string,
    more: string,
    since: string,
    act: { text: string; command: Command; key: string; free: boolean },
    run: () => Promise<void>,
  ): HTMLLIElement {
    const button = h(
      "button",
      {
        type: "button",
        class: "btn btn-sm",
        disabled: !act.free,
        "aria-label": `${act.text}: ${what}`,
        "data-command": act.command,
        title: act.key,
      },
      icon("phone-incoming"),
      act.text,
    );
    button.addEventListener("click", () => void run());
    return h(
      "li",
      { class: "board-row" },
      icon(drawing),
      h("b", {}, what),
      h("span", { class: "board-more" }, more, " ", h("time", { "data-since": since }, ago(since))),
      button,
    );
  }

  private tick(): void {
    for (const time of this.listTarget.querySelectorAll<HTMLElement>("time[data-since]")) {
      const text = ago(time.dataset["since"] ?? "");
      if (time.textContent !== text) time.textContent = text;
    }
  }
}

function ago(since: string): string {
  return duration(secondsSince(since));
}
