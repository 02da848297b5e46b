import { announce } from "./dom";

export type ToastKind = "info" | "success" | "warning" | "danger";

export interface Toast {
  text: string;
  kind: ToastKind;
}

/** Show a short message at the lower right. The toasts controller draws it. */
export function toast(text: string, kind: ToastKind = "info"): void {
  announce("hotline:toast", { text, kind } satisfies Toast);
}
