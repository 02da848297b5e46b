import { Controller } from "@hotwired/stimulus";
import { explain, requestJson } from "../api";
import { h, icon, onDocument } from "../dom";
import { clockTime, t } from "../i18n";
import { beep } from "../ringtone";
import { toast } from "../toast";

interface Message {
  id: number;
  at: string;
  by: string;
  kind: "message" | "pause" | "ready" | "logout" | "wrap_up";
  text: string;
}

function heading(one: Message): string {
  const name = one.by;
  switch (one.kind) {
    case "message":
      return t("{name} writes", { name });
    case "pause":
      return t("{name} has sent you into a pause", { name });
    case "ready":
      return t("{name} has made you ready for calls", { name });
    case "logout":
      return t("{name} has ended your work", { name });
    case "wrap_up":
      return t("{name} has closed your wrap-up", { name });
  }
}

/** What a supervisor has written or done: stays on the screen, also after a reload, until it is confirmed. */
export default class SupervisorMessagesController extends Controller<HTMLElement> {
  private stops: (() => void)[] = [];
  private readonly known = new Set<number>();
  private readonly list = h("div", { class: "supervisor-messages", role: "region", hidden: true });
  private loading: Promise<void> = Promise.resolve();

  override connect(): void {
    this.list.setAttribute("aria-label", t("Messages of supervisors"));
    document.body.append(this.list);
    const load = (): void => {
      this.loading = this.loading.then(() => this.load());
    };
    this.stops = [onDocument("hotline:supervision.message", load), onDocument("hotline:snapshot", load)];
  }

  override disconnect(): void {
    for (const stop of this.stops) stop();
    this.list.remove();
  }

  private async load(): Promise<void> {
    try {
      const { messages } = await requestJson<{ messages: readonly Message[] }>("/api/messages");
      this.show(messages);
    } catch {
      // The server is away, as the bar says; the next snapshot asks again.
    }
  }

  private show(messages: readonly Message[]): void {
    const present = new Map([...this.list.children].map((row) => [(row as HTMLElement).dataset["id"], row]));
    this.list.replaceChildren(...messages.map((one) => present.get(String(one.id)) ?? this.row(one)));
    this.list.hidden = messages.length === 0;
    if (messages.some((one) => !this.known.has(one.id))) beep();
    for (const one of messages) this.known.add(one.id);
  }

  private row(one: Message): HTMLElement {
    const button = h("button", { type: "button", class: "btn btn-sm btn-primary" }, t("Got it"));
    const row = h(
      "div",
      { class: "supervisor-message", role: "alert", "data-id": one.id, "data-kind": one.kind },
      icon(one.kind === "message" ? "message-2" : "user-share"),
      h(
        "div",
        { class: "supervisor-message-body" },
        h("b", {}, heading(one)),
        " ",
        h("time", { datetime: one.at }, clockTime(one.at)),
        h("p", {}, one.text),
      ),
      button,
    );
    button.addEventListener("click", () => void this.confirm(one.id, row, button));
    return row;
  }

  private async confirm(id: number, row: HTMLElement, button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      await requestJson(`/api/messages/${id}/seen`, { method: "POST", json: {} });
      row.remove();
      this.list.hidden = this.list.children.length === 0;
    } catch (error) {
      button.disabled = false;
      toast(explain(error), "danger");
    }
  }
}
