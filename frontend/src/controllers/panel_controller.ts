import { Controller } from "@hotwired/stimulus";
import { currentCall } from "../current-call";
import { onDocument } from "../dom";
import { thePhone } from "../phone-host";

/** Where the panels of the telephone hang over the work area: styles/phone.css. */
const NARROW = "(max-width: 1279.98px)";

/**
 * On a narrow screen a panel is open as long as the focus is in it, and covers the card. It lets the focus go when its
 * work is done: a transfer was begun, the call changed, or Esc. The focus returns to where it came from.
 */
export default class PanelController extends Controller<HTMLElement> {
  private from: HTMLElement | null = null;
  private call = "";
  private stops: (() => void)[] = [];

  override connect(): void {
    this.call = shown();
    this.stops = [
      thePhone().subscribe(() => this.look()),
      onDocument("hotline:transfer-begun", () => this.leave()),
    ];
    this.element.addEventListener("focusin", this.entered);
    this.element.addEventListener("keydown", this.key);
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    this.element.removeEventListener("focusin", this.entered);
    this.element.removeEventListener("keydown", this.key);
  }

  private look(): void {
    const now = shown();
    if (now === this.call) return;
    this.call = now;
    this.leave();
  }

  private readonly entered = ({ relatedTarget }: FocusEvent): void => {
    if (relatedTarget instanceof Node && this.element.contains(relatedTarget)) return;
    this.from = relatedTarget instanceof HTMLElement ? relatedTarget : null;
  };

  private readonly key = (event: KeyboardEvent): void => {
    if (event.key === "Escape") this.leave();
  };

  private leave(): void {
    const inside = document.activeElement;
    if (!(inside instanceof HTMLElement) || !this.element.contains(inside) || !matchMedia(NARROW).matches)
      return;
    inside.blur();
    if (this.from?.isConnected) this.from.focus();
  }
}

/** The call that the telephone shows, and how far it is. */
function shown(): string {
  const call = currentCall(thePhone().view);
  return call ? `${call.id} ${call.state}` : "";
}
