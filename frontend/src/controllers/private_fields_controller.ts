import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { currentCall } from "../current-call";
import { t } from "../i18n";
import { thePhone } from "../phone-host";
import { toast } from "../toast";

const LEAVE_MS = 300;

/**
 * While a field marked `data-private` has the focus, the recording of the call is silent.
 *
 * The server ends the silence by itself after a while and when this browser is gone, so whatever is lost here, the
 * recording goes on.
 */
export default class PrivateFieldsController extends Controller<HTMLElement> {
  private paused: string | null = null;
  private leaving: ReturnType<typeof setTimeout> | undefined;
  /** One request after the other: a resume must not overtake its pause. */
  private turn: Promise<void> = Promise.resolve();

  private readonly enter = (event: Event): void => {
    const field = (event.target as HTMLElement).closest<HTMLInputElement>("[data-private]");
    if (!field) return;
    clearTimeout(this.leaving);
    const call = currentCall(thePhone().view);
    const key = call?.state === "talking" ? call.callKey : null;
    if (key === null) return;
    this.paused = key;
    this.send(key, "pause", { field: field.name });
  };

  private readonly leave = (event: Event): void => {
    if (!(event.target as HTMLElement).closest("[data-private]")) return;
    // From one private field to the next the recording stays silent.
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.resume(), LEAVE_MS);
  };

  /** A field that is taken off the page has no focusout in every browser. */
  private readonly swapped = (): void => {
    if (this.paused !== null && !document.activeElement?.closest("[data-private]")) this.resume();
  };

  override connect(): void {
    this.element.addEventListener("focusin", this.enter);
    this.element.addEventListener("focusout", this.leave);
    document.addEventListener("htmx:afterSettle", this.swapped);
  }

  override disconnect(): void {
    this.element.removeEventListener("focusin", this.enter);
    this.element.removeEventListener("focusout", this.leave);
    document.removeEventListener("htmx:afterSettle", this.swapped);
    clearTimeout(this.leaving);
    this.resume();
  }

  private resume(): void {
    const key = this.paused;
    this.paused = null;
    if (key !== null) this.send(key, "resume", {});
  }

  private send(key: string, verb: "pause" | "resume", json: object): void {
    this.turn = this.turn.then(async () => {
      try {
        await requestJson(`/api/calls/${encodeURIComponent(key)}/recording/${verb}`, {
          method: "POST",
          json,
        });
      } catch (error) {
        // A resume that fails is made good by the server; a pause that fails must be known to who asks for a number.
        if (verb === "pause")
          toast(`${t("The recording goes on while you type here.")} ${explain(error)}`, "warning");
      }
    });
  }
}
