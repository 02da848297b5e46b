import { Controller } from "@hotwired/stimulus";
import { ApiError, explain, requestFragment, requestJson } from "../api";
import { readFields } from "../card-fields";
import { h } from "../dom";
import { t } from "../i18n";
import { openInWork } from "../navigate";
import { toast } from "../toast";

interface Moved {
  id: number;
  status: string;
}

/**
 * The buttons of what may be done with an appeal. A move that asks for something opens its dialog, which keeps what was
 * typed when it is closed and opened again; the others are made at once.
 */
export default class MovesController extends Controller<HTMLElement> {
  private readonly dialogs = new Map<string, HTMLDialogElement>();

  override disconnect(): void {
    for (const dialog of this.dialogs.values()) dialog.remove();
    this.dialogs.clear();
  }

  ask(event: MouseEvent): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab is the reader's own wish
    event.preventDefault();
    void this.open(event.currentTarget as HTMLAnchorElement);
  }

  async direct(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const button = form.querySelector("button");
    if (!button || button.disabled) return;
    button.disabled = true;
    try {
      const made = await requestJson<Moved>(form.action, {
        method: "POST",
        form: new URLSearchParams(readFields(form)),
      });
      toast(t("The appeal is now: {status}", { status: made.status }), "success");
      await openInWork(`/appeals/${made.id}`);
    } catch (error) {
      toast(explain(error), "danger");
      // Somebody else was first: the page must show what is so now.
      if (error instanceof ApiError && error.status === 409) await openInWork(location.pathname);
    } finally {
      button.disabled = false;
    }
  }

  private async open(link: HTMLAnchorElement): Promise<void> {
    const path = link.getAttribute("href") ?? "";
    const known = this.dialogs.get(path);
    if (known) {
      known.showModal();
      return;
    }
    link.setAttribute("aria-busy", "true");
    try {
      const dialog = h("dialog", { class: "desk-dialog move-dialog" });
      dialog.innerHTML = await requestFragment(`${path}?dialog=1`);
      dialog.addEventListener("close", () => link.focus());
      dialog.setAttribute("aria-labelledby", dialog.querySelector("h2")?.id ?? "");
      this.element.append(dialog);
      this.dialogs.set(path, dialog);
      dialog.showModal();
    } catch (error) {
      toast(explain(error), "danger");
      if (error instanceof ApiError && error.status === 409) await openInWork(location.pathname);
    } finally {
      link.removeAttribute("aria-busy");
    }
  }
}
