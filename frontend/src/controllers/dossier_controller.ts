import { Controller } from "@hotwired/stimulus";
import htmx from "htmx.org";
import { request } from "../api";
import { announce, onDocument } from "../dom";
import { t } from "../i18n";

/**
 * An open dossier (S002-23) shows new calls, appeals and changes by itself: it says to the server whose it is, and asks for the
 * page again when it is told so. Only parts that differ are put in, and none in which somebody types. A page that cannot
 * be asked for again (shown without masks, merged meanwhile) offers a link instead.
 */
export default class DossierController extends Controller<HTMLElement> {
  static override values = { id: Number, version: Number, live: Boolean };
  static override targets = ["part", "news", "status"];
  declare readonly idValue: number;
  declare readonly versionValue: number;
  declare readonly liveValue: boolean;
  declare readonly partTargets: HTMLElement[];
  declare readonly newsTarget: HTMLAnchorElement;
  declare readonly statusTarget: HTMLElement;
  private stops: (() => void)[] = [];
  private asking = false;
  private again = false;

  override connect(): void {
    this.stops = [
      onDocument<{ id: number }>("hotline:person.changed", ({ id }) => {
        if (id === this.idValue) void this.refresh();
      }),
      onDocument<{ id: number; version: number }>("hotline:person.watched", ({ id, version }) => {
        if (id !== this.idValue) return;
        this.element.dataset["watched"] = "";
        if (version !== this.versionValue) void this.refresh();
      }),
      onDocument("hotline:snapshot", () => {
        this.watch(this.idValue);
        // Nobody told us what happened while the connection was away.
        if ("watched" in this.element.dataset) void this.refresh();
      }),
    ];
    this.watch(this.idValue);
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    this.watch(null);
  }

  private watch(person: number | null): void {
    announce("hotline:tell", { type: "watch", data: { person } });
  }

  /** One request at a time; what is told meanwhile is asked for afterwards. */
  private async refresh(): Promise<void> {
    if (!this.liveValue) {
      this.offer(location.pathname + location.search);
      return;
    }
    this.again = true;
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.again && this.element.isConnected) {
        this.again = false;
        await this.ask();
      }
    } catch {
      this.offer(location.pathname + location.search);
    } finally {
      this.asking = false;
    }
  }

  private async ask(): Promise<void> {
    const answer = await request(location.pathname + location.search, {
      accept: "text/html",
      headers: { "HX-Request": "true" },
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!this.element.isConnected) return;
    const whose = page.querySelector<HTMLElement>("[data-controller~=dossier]")?.dataset["dossierIdValue"];
    if (whose !== String(this.idValue)) {
      this.offer(answer.url);
      return;
    }
    let shown = 0;
    for (const part of this.partTargets) {
      const fresh = page.querySelector<HTMLElement>(`[data-part="${part.dataset["part"]}"]`);
      if (!fresh || fresh.innerHTML === (this.original.get(part) ?? part.innerHTML)) continue;
      if (isUsed(part)) {
        this.offer(location.pathname + location.search);
        continue;
      }
      this.original.set(part, fresh.innerHTML);
      part.replaceChildren(...fresh.childNodes);
      htmx.process(part);
      part.classList.remove("part-news");
      void part.offsetWidth; // the mark begins anew
      part.classList.add("part-news");
      shown += 1;
    }
    if (shown > 0) this.statusTarget.textContent = t("The dossier has changed.");
  }

  /** As the server wrote a part: other scripts may have touched what stands there. */
  private readonly original = new WeakMap<HTMLElement, string>();

  partTargetConnected(part: HTMLElement): void {
    this.original.set(part, part.innerHTML);
  }

  private offer(url: string): void {
    this.newsTarget.href = url;
    this.newsTarget.hidden = false;
  }
}

/** Somebody types in it, has typed, or stands in it by the keyboard. */
function isUsed(part: HTMLElement): boolean {
  if (part.contains(document.activeElement)) return true;
  const fields = part.querySelectorAll<HTMLInputElement>("input:not([type=hidden])");
  return [...fields].some((field) => field.value !== field.defaultValue);
}
