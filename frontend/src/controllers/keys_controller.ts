import { Controller } from "@hotwired/stimulus";
import { focusIn, h, tabOf, takesText } from "../dom";
import { t } from "../i18n";
import { COMMANDS, type Command, commandOf, type KeyMap, makeKeyMap } from "../keymap";
import { PatientKey } from "../patient-key";

function title(command: Command): string {
  const titles: Record<Command, string> = {
    "next-tab": t("Next tab"),
    "new-card": t("New card"),
    search: t("Search in the register"),
    scripts: t("Answer scripts"),
    measures: t("Measures taken"),
    forward: t("Forward the appeal"),
    save: t("Save the card"),
    finish: t("Close the appeal"),
    close: t("Leave the card"),
    answer: t("Answer the call"),
    hangup: t("Hang up"),
    mute: t("Microphone off or on"),
    hold: t("Hold or resume"),
    transfer: t("Transfer the call"),
    "hand-over": t("Hand the call over to the colleague"),
    join: t("Talk as three"),
    "come-back": t("Return to the citizen"),
    park: t("Park the call"),
    take: t("Take the parked citizen"),
    "pick-up": t("Pick up a colleague's call"),
    ready: t("Ready for calls"),
    pause: t("Pause"),
    "global-search": t("Search everywhere"),
    emergency: t("112: threat to life"),
    attach: t("Attach files"),
    "confirm-person": t("Confirm the data of the register"),
    "clear-person": t("Somebody else: clear the data of the register"),
    "spy-listen": t("Supervisor: listen"),
    "spy-whisper": t("Supervisor: whisper"),
    "spy-barge": t("Supervisor: join the talk"),
    "spy-take": t("Supervisor: take the citizen over"),
    "ask-help": t("Ask a supervisor for help"),
    help: t("This list"),
  };
  return titles[command];
}

function overrides(): Record<string, string[]> {
  const text = document.getElementById("keymap")?.textContent;
  return text ? (JSON.parse(text) as Record<string, string[]>) : {};
}

/** True when a person could use the element now. */
function usable(element: HTMLElement): boolean {
  const around = element.closest("[hidden], [inert]");
  // A field in a panel that is not chosen can be: choosing it is part of going there.
  const behindTab = around?.matches("[role=tabpanel]:not([inert])") && takesText(element) && tabOf(element);
  if (around && !(behindTab && usable(behindTab))) return false;
  return !(element as HTMLButtonElement).disabled && element.getAttribute("aria-disabled") !== "true";
}

function controls(command: Command): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(`[data-command="${command}"]`)];
}

/** True while a control of the command waits for the server's answer to the click before. */
function works(command: Command): boolean {
  return controls(command).some((one) => one.hasAttribute("data-busy") && !one.closest("[hidden], [inert]"));
}

/** Carries out the key map: finds the control that is marked with the command and uses it (ui.md "Keys"). */
export default class KeysController extends Controller<HTMLElement> {
  private map: KeyMap = new Map();
  private dialog: HTMLDialogElement | null = null;
  private readonly patient = new PatientKey();

  override connect(): void {
    this.map = makeKeyMap(overrides());
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("click", this.onClick);
  }

  override disconnect(): void {
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("click", this.onClick);
    this.patient.forget();
    this.dialog?.remove();
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const command = commandOf(this.map, event, takesText(event.target));
    if (command === null) return;
    // Also when nothing can be done now: F3 must never open the browser's search bar over the card (DAY-08).
    event.preventDefault();
    if (!event.repeat) this.run(command);
  };

  private readonly onClick = (event: MouseEvent): void => {
    if ((event.target as Element).closest("[data-command=help]")) this.help();
  };

  private run(command: Command): void {
    this.patient.forget();
    // An open dialog owns the keyboard.
    if (document.querySelector("dialog[open]") && command !== "help") return;
    if (command === "help") this.help();
    else if (command === "next-tab") this.nextTab();
    else if (!this.use(command) && works(command)) {
      this.patient.keep({ use: () => this.use(command), busy: () => works(command) });
    }
  }

  /** Use the control of a command; false when there is none that can be used now. */
  private use(command: Command): boolean {
    const element = controls(command).find(usable);
    if (!element) return false;
    const menu = element.closest<HTMLDetailsElement>("details");
    const closed = menu !== null && !menu.open && !element.matches("summary");
    if (menu && closed) menu.open = true;
    // Out of a menu that was closed, a person chooses himself; a key must not choose the first reason for a pause.
    if (closed || takesText(element)) focusIn(element);
    else element.click();
    return true;
  }

  private nextTab(): void {
    const tabs = [...document.querySelectorAll<HTMLElement>("[role=tab]")].filter(usable);
    const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    const next = tabs[(at + 1) % Math.max(1, tabs.length)];
    next?.click();
    next?.focus();
  }

  private help(): void {
    if (this.dialog?.open) {
      this.dialog.close();
      return;
    }
    this.dialog ??= this.makeHelp();
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  private makeHelp(): HTMLDialogElement {
    const rows = COMMANDS.map((command) => {
      const chords = [...this.map].filter(([, one]) => one === command).map(([chord]) => h("kbd", {}, chord));
      return h("div", { class: "keys-row" }, h("dt", {}, ...chords), h("dd", {}, title(command)));
    });
    const close = h("button", { class: "btn btn-primary", type: "submit" }, t("Close"));
    const dialog = h(
      "dialog",
      { class: "desk-dialog keys-dialog", "aria-labelledby": "keys-title" },
      h("h2", { class: "h3", id: "keys-title" }, t("Keys")),
      h("dl", { class: "keys-list" }, ...rows),
      h("form", { method: "dialog", class: "text-end" }, close),
    );
    return dialog;
  }
}
