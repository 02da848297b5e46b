// What jsdom does not have and every browser does.

import { beforeEach, vi } from "vitest";

beforeEach(() => {
  vi.stubGlobal("CSS", {
    escape: (text: string) => text.replace(/[^\w-]/g, (character) => `\\${character}`),
  });
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => undefined }));
});

HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.setAttribute("open", "");
};
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  this.removeAttribute("open");
  this.dispatchEvent(new Event("close"));
};
