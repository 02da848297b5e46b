import { Controller } from "@hotwired/stimulus";
import { onDocument } from "../dom";

/** The page of notices: offers to show a new one instead of moving the list under the reader's eyes. */
export default class NoticeListController extends Controller<HTMLElement> {
  static override targets = ["changed"];
  declare readonly changedTarget: HTMLElement;
  private stop: () => void = () => undefined;

  override connect(): void {
    this.stop = onDocument("hotline:notice.new", () => {
      this.changedTarget.hidden = false;
    });
  }

  override disconnect(): void {
    this.stop();
  }
}
