import { Controller } from "@hotwired/stimulus";
import { h, icon, onDocument } from "../dom";
import { t } from "../i18n";
import type { Toast, ToastKind } from "../toast";

const SHOW_MS = 6_000;
const AT_MOST = 4;
const ICONS: Readonly<Record<ToastKind, string>> = {
  info: "info-circle",
  success: "circle-check",
  warning: "alert-triangle",
  danger: "alert-circle",
};

/** Short messages at the lower right. Bad news stays until it is closed; the rest goes by itself. */
export default class ToastsController extends Controller<HTMLElement> {
  private stop: () => void = () => undefined;

  override connect(): void {
    this.stop = onDocument<Toast>("hotline:toast", (toast) => this.show(toast));
  }

  override disconnect(): void {
    this.stop();
  }

  private show({ text, kind }: Toast): void {
    const close = h("button", { type: "button", class: "btn-close", "aria-label": t("Close") });
    const body = h("div", { class: "desk-toast-text" }, text);
    const box = h("div", { class: `desk-toast desk-toast-${kind}` }, icon(ICONS[kind]), body, close);
    if (kind === "danger") box.setAttribute("role", "alert");
    close.addEventListener("click", () => box.remove());
    this.element.append(box);
    while (this.element.children.length > AT_MOST) this.element.firstElementChild?.remove();
    if (kind !== "danger") setTimeout(() => box.remove(), SHOW_MS);
  }
}
