import { Controller } from "@hotwired/stimulus";
import htmx from "htmx.org";
import { requestFragment } from "../api";

interface OwnState {
  state: string;
}

const CALM_MS = 1_500;
const NOT_NOW_MS = 5 * 60_000;

/**
 * A quiet offer in the telephone's panel: the next citizen to call back, for an operator who is free while nobody waits.
 * The server decides whether there is one; nothing rings, and nothing happens unless it is taken.
 */
export default class CallbackOfferController extends Controller<HTMLElement> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silentUntil = 0;

  override connect(): void {
    this.soon();
  }

  override disconnect(): void {
    clearTimeout(this.timer);
  }

  /** Something changed that the offer depends on; a desk full of news asks once. */
  soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), CALM_MS * (1 + Math.random()));
  }

  state(event: CustomEvent<OwnState>): void {
    if (event.detail.state !== "ready") this.show("");
    this.soon();
  }

  later(): void {
    this.silentUntil = Date.now() + NOT_NOW_MS;
    this.show("");
  }

  private async load(): Promise<void> {
    if (Date.now() < this.silentUntil) return;
    try {
      this.show(await requestFragment("/callbacks/next"));
    } catch {
      // No offer is made while the server is away.
      this.show("");
    }
  }

  private show(html: string): void {
    if (html === "" && this.element.hidden) return;
    // What somebody is about to press must not change under his hand.
    if (html !== "" && this.element.contains(document.activeElement)) return;
    this.element.innerHTML = html;
    this.element.hidden = html === "";
    htmx.process(this.element);
  }
}
