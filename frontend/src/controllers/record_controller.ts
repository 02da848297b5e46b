import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { currentCall } from "../current-call";
import { LiveCalls } from "../live-calls";
import { thePhone } from "../phone-host";
import { toast } from "../toast";

/** The button that records an internal call. Calls with citizens are always recorded, so it is not shown in them. */
export default class RecordController extends Controller<HTMLButtonElement> {
  private live = new LiveCalls(() => this.show());
  private recorded: string | null = null;
  private stop: () => void = () => undefined;

  override connect(): void {
    this.stop = thePhone().subscribe(() => this.show());
    this.show();
  }

  override disconnect(): void {
    this.stop();
    this.live.close();
  }

  async toggle(): Promise<void> {
    const key = this.key;
    if (key === null) return;
    const on = this.recorded !== key;
    try {
      const verb = on ? "start" : "stop";
      await requestJson(`/api/calls/${encodeURIComponent(key)}/recording/${verb}`, {
        method: "POST",
        json: {},
      });
      this.recorded = on ? key : null;
    } catch (error) {
      toast(explain(error), "danger");
    }
    this.show();
  }

  /** Key of the internal call that is talked through; `null` when there is none. */
  private get key(): string | null {
    const call = currentCall(thePhone().view);
    if (call?.state !== "talking") return null;
    return this.live.get(call.callKey)?.direction === "internal" ? call.callKey : null;
  }

  private show(): void {
    const key = this.key;
    this.element.hidden = key === null;
    this.element.setAttribute("aria-pressed", String(key !== null && this.recorded === key));
  }
}
