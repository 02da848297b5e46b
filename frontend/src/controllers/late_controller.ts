import { Controller } from "@hotwired/stimulus";
import { secondsSince } from "../clock";
import { h, icon, onDocument } from "../dom";
import { duration } from "../format";
import { t } from "../i18n";
import type { LateNow, Snapshot } from "../model";
import { toast } from "../toast";

/** Tells a supervisor whose pause is longer than allowed (DAY-36): how many in the top bar, who below, and in the lists. */
export default class LateController extends Controller<HTMLElement> {
  static override targets = ["count", "list"];
  static override values = { extension: String };
  declare readonly countTarget: HTMLElement;
  declare readonly listTarget: HTMLElement;
  declare readonly extensionValue: string;
  /** Extension → when the pause should have been over. The server says so; this page only counts on. */
  private readonly limits = new Map<string, string>();
  private stops: (() => void)[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  override connect(): void {
    this.stops = [
      onDocument<LateNow>("hotline:operator.late", (now) => this.learn(now)),
      onDocument<Snapshot>("hotline:snapshot", ({ late }) => {
        this.limits.clear();
        for (const now of late ?? []) this.set(now);
        this.show();
      }),
    ];
    document.addEventListener("htmx:afterSettle", this.markRows);
    this.timer = setInterval(() => this.tick(), 1_000);
    this.show();
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    document.removeEventListener("htmx:afterSettle", this.markRows);
    clearInterval(this.timer);
  }

  private learn(now: LateNow): void {
    const news = now.late && !this.limits.has(now.extension);
    this.set(now);
    if (news && now.extension !== this.extensionValue)
      toast(t("Operator {number}: the pause is longer than allowed", { number: now.extension }), "warning");
    this.show();
  }

  private set({ extension, late, limit_at: limit }: LateNow): void {
    if (late && limit !== null) this.limits.set(extension, limit);
    else this.limits.delete(extension);
  }

  private show(): void {
    this.element.hidden = this.limits.size === 0;
    if (this.element instanceof HTMLDetailsElement && this.limits.size === 0) this.element.open = false;
    this.countTarget.textContent = String(this.limits.size);
    this.listTarget.replaceChildren(
      ...[...this.limits].map(([extension, limit]) =>
        h(
          "a",
          { class: "dropdown-item", href: `/directory?q=${encodeURIComponent(extension)}` },
          h("b", { class: "late-number" }, extension),
          h("span", { class: "late-time", "data-late-since": limit }, over(limit)),
        ),
      ),
    );
    this.markRows();
  }

  private readonly markRows = (): void => {
    for (const element of document.querySelectorAll<HTMLElement>("[data-late-of]")) {
      const limit = this.limits.get(element.dataset["lateOf"] ?? "");
      element.hidden = limit === undefined;
      if (limit === undefined) element.replaceChildren();
      else if (element.querySelector("[data-late-since]")?.getAttribute("data-late-since") !== limit)
        element.replaceChildren(
          icon("clock-exclamation"),
          h("span", { "data-late-since": limit }, over(limit)),
        );
    }
  };

  private tick(): void {
    for (const element of document.querySelectorAll<HTMLElement>("[data-late-since]")) {
      const text = over(element.dataset["lateSince"] ?? "");
      if (element.textContent !== text) element.textContent = text;
    }
  }
}

function over(limit: string): string {
  return t("{time} over the limit", { time: duration(secondsSince(limit)) });
}
