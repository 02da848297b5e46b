import { Controller } from "@hotwired/stimulus";
import { announce, onDocument } from "../dom";
import type { PresenceNow, Snapshot } from "../model";
import { showPresence } from "../states";

type NumberEvent = { params: { number?: string | number } };

/** Colleagues with their live state; call and transfer hand the number to the telephone. */
export default class DirectoryController extends Controller<HTMLElement> {
  private stops: (() => void)[] = [];

  override connect(): void {
    this.stops = [
      onDocument<PresenceNow>("hotline:presence", (now) => this.update(now)),
      onDocument<Snapshot>("hotline:snapshot", ({ presence }) => {
        for (const now of presence ?? []) this.update(now);
      }),
    ];
    this.element.addEventListener("keydown", this.onKey);
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    this.element.removeEventListener("keydown", this.onKey);
  }

  call(event: NumberEvent): void {
    announce("hotline:dial", { number: String(event.params.number ?? "") });
  }

  transfer(event: NumberEvent): void {
    announce("hotline:transfer", { number: String(event.params.number ?? "") });
  }

  private update(now: PresenceNow): void {
    for (const element of this.element.querySelectorAll(`[data-presence="${CSS.escape(now.extension)}"]`)) {
      showPresence(element, now.state);
    }
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const rows = [...this.element.querySelectorAll<HTMLElement>("[data-directory-row]")];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    // From the search field the first arrow down enters the list.
    const next = at === -1 ? (event.key === "ArrowDown" ? 0 : -1) : at + (event.key === "ArrowDown" ? 1 : -1);
    const row = rows[next];
    if (!row) return;
    event.preventDefault();
    row.focus();
  };
}
