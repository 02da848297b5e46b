import { Controller } from "@hotwired/stimulus";
import { onDocument } from "../dom";
import type { LiveCall } from "../model";
import { openInWork } from "../navigate";

/** On the page of an appeal that this operator is calling about: shows it anew when the call is over. */
export default class CallBackController extends Controller<HTMLElement> {
  static override values = { key: String, over: Boolean };
  declare readonly keyValue: string;
  declare readonly overValue: boolean;
  private stop: () => void = () => undefined;

  override connect(): void {
    if (this.overValue) return;
    this.stop = onDocument<LiveCall>("hotline:call.ended", ({ key }) => {
      if (key === this.keyValue) void this.renew();
    });
  }

  override disconnect(): void {
    this.stop();
  }

  /** «Связались»: the move's own button on this page asks what is to be asked. */
  done(event: Event): void {
    event.preventDefault();
    this.move?.click();
  }

  private get move(): HTMLElement | null {
    const trigger = this.element
      .querySelector<HTMLAnchorElement>("a[href*='/moves/']")
      ?.pathname.split("/")
      .pop();
    return document.querySelector<HTMLElement>(`#work [data-move="${CSS.escape(trigger ?? "")}"]`);
  }

  /** Not under somebody's hands: an open dialog keeps the page, and shows what it shows. */
  private async renew(): Promise<void> {
    if (document.querySelector("#work dialog[open]")) return;
    const id = this.element.closest<HTMLElement>("[data-card-ref]")?.dataset["cardRef"]?.split("-")[1];
    if (id !== undefined) await openInWork(`/appeals/${id}?call=${encodeURIComponent(this.keyValue)}`);
  }
}
