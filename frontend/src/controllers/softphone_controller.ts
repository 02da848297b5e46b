import { Controller } from "@hotwired/stimulus";
import { AccountAgain } from "../account-again";
import { ApiError, explain, requestJson } from "../api";
import { announce, h, onDocument } from "../dom";
import { t } from "../i18n";
import type { SoftphoneAccount } from "../model";
import type { PhoneProblem, PhoneView } from "../phone/index";
import { ownedElsewhere, thePhone } from "../phone-host";
import {
  ringerDevice,
  ringerVolume,
  setRingerDevice,
  setRingerVolume,
  tryRing,
  unlockAudio,
} from "../ringtone";
import { toast } from "../toast";

const REGISTER_WITHIN_MS = 15_000;
const METER_EVERY_MS = 100;

function problemText(problem: PhoneProblem): string {
  switch (problem) {
    case "no-microphone":
      return t("No microphone was found. Plug in the headset and press «Start work» again.");
    case "microphone-denied":
      return t(
        "The browser does not let this page use the microphone. Allow it in the address bar and press «Start work» again.",
      );
    case "microphone-silent":
      return t(
        "The microphone is silent. Check its mute switch and that the right one is chosen, then press «Start work» again.",
      );
    case "registration-refused":
      return t(
        "The telephone exchange refused your telephone. Press «Start work» again; if it goes on, tell the administrator.",
      );
    case "connection-lost":
      return t(
        "The telephone has lost its connection. It is being restored; a call that is going on can be heard further.",
      );
  }
}

function statusText(view: PhoneView): string {
  switch (view.status) {
    case "inactive":
      return t("Not active");
    case "starting":
      return t("Starting…");
    case "active":
      return t("Active");
    case "reconnecting":
      return t("Reconnecting…");
  }
}

/** «Начало работы» and «Завершить»: microphone, registration, the operator's place in the queue (S001-029…S001-032). */
export default class SoftphoneController extends Controller<HTMLElement> {
  static override targets = [
    "status",
    "start",
    "stop",
    "takeover",
    "elsewhere",
    "problem",
    "meter",
    "level",
    "ringer",
    "volume",
  ];
  static override values = { extension: String };
  declare readonly extensionValue: string;
  declare readonly statusTarget: HTMLElement;
  declare readonly startTarget: HTMLButtonElement;
  declare readonly stopTarget: HTMLButtonElement;
  declare readonly takeoverTarget: HTMLButtonElement;
  declare readonly elsewhereTarget: HTMLElement;
  declare readonly problemTarget: HTMLElement;
  declare readonly meterTarget: HTMLElement;
  declare readonly levelTarget: HTMLMeterElement;
  declare readonly ringerTarget: HTMLSelectElement;
  declare readonly volumeTarget: HTMLInputElement;
  private stopListening: () => void = () => undefined;
  private meter: ReturnType<typeof setInterval> | undefined;
  private ringingId: string | null = null;
  private starting = false;
  private ownProblem = "";
  private readonly again = new AccountAgain(
    () => this.resumeRefused(),
    () => this.show(thePhone().view),
  );

  override connect(): void {
    const stops = [
      thePhone().subscribe((view) => this.changed(view)),
      onDocument("hotline:signed-in", () => void this.renew()),
      onDocument("hotline:devices", () => void this.listRingers()),
    ];
    this.stopListening = () => {
      for (const stop of stops) stop();
    };
    this.volumeTarget.value = String(ringerVolume());
    this.ownProblem = this.problemTarget.textContent?.trim() ?? "";
    this.show(thePhone().view);
    if (this.extensionValue !== "") void this.resume();
  }

  override disconnect(): void {
    this.stopListening();
    this.again.over();
    clearInterval(this.meter);
  }

  private changed(view: PhoneView): void {
    if (view.status === "active") this.again.over();
    const refused = view.status === "inactive" && view.problem === "registration-refused";
    if (refused && !ownedElsewhere(view) && this.extensionValue !== "") this.again.need();
    this.show(view);
  }

  /** Take another account, if the server has the operator at work still; true: it must be tried again. */
  private async resumeRefused(): Promise<boolean> {
    const phone = thePhone();
    try {
      const account = await requestJson<SoftphoneAccount>("/api/softphone");
      if (!account.active || phone.view.status !== "inactive" || ownedElsewhere(phone.view)) return false;
      await this.begin(account);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) return true;
      this.fail(error.message);
      return false;
    }
    return phone.view.status === "inactive" && phone.view.problem === "registration-refused";
  }

  /** After a reload in the middle of a shift the telephone comes back by itself; the browser remembers its permission. */
  private async resume(): Promise<void> {
    try {
      const account = await requestJson<SoftphoneAccount>("/api/softphone");
      if (account.active && thePhone().view.status === "inactive") await this.begin(account);
    } catch (error) {
      // Somebody may have an internal number and no right to use it: say so; the rest of the desk works on.
      if (error instanceof ApiError && error.status !== 401) this.fail(error.message);
    }
  }

  /** The end of a session takes the SIP account with it; the new session brings another one. */
  private async renew(): Promise<void> {
    const { status, calls } = thePhone().view;
    const waiting = status === "starting" || status === "reconnecting";
    // A conversation goes on without signalling; it is worth more than being reachable for the next one.
    if (waiting && calls.length === 0 && !ownedElsewhere(thePhone().view)) await thePhone().stop();
    if (this.extensionValue !== "") await this.resume();
  }

  /** The click is also the gesture that lets the page sound and ask for notifications. */
  start(): Promise<void> {
    return this.byHand(false);
  }

  /** Take the telephone away from the tab that owns it: only on a person's wish (telephony.md 3.5). */
  takeOver(): Promise<void> {
    return this.byHand(true);
  }

  private async byHand(steal: boolean): Promise<void> {
    this.again.over();
    await unlockAudio();
    if (typeof Notification !== "undefined" && Notification.permission === "default") {
      // Not awaited: somebody who ignores the question must still be able to work.
      void Notification.requestPermission();
    }
    try {
      await this.begin(await requestJson<SoftphoneAccount>("/api/softphone"), steal);
    } catch (error) {
      this.fail(explain(error));
    }
    void this.listRingers();
  }

  private async begin(account: SoftphoneAccount, steal = false): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    this.fail("");
    const phone = thePhone();
    const { uri, password, ws, ice_servers: iceServers } = account;
    try {
      const start = steal
        ? phone.takeOver({ uri, password, ws, iceServers })
        : phone.start({ uri, password, ws, iceServers });
      await start;
      if (await this.registered()) await this.join();
    } catch (error) {
      await this.notJoined(error);
    } finally {
      this.starting = false;
      this.show(phone.view);
    }
  }

  /** A refusal ends the start. When only Asterisk is away, the server keeps the wish and the telephone stays. */
  private async notJoined(error: unknown): Promise<void> {
    if (error instanceof ApiError && error.status === 503) {
      toast(error.message, "warning");
      return;
    }
    await thePhone().stop();
    this.fail(explain(error));
  }

  /** The server starts nobody whose microphone was not checked (S001-021); reaching this line means that it was. */
  private async join(): Promise<void> {
    await requestJson("/api/operator/start", { method: "POST", json: { microphone: true } });
  }

  /** Wait until the exchange accepted the telephone; false when it will not. */
  private registered(): Promise<boolean> {
    const phone = thePhone();
    return new Promise((resolve) => {
      let stop: () => void = () => undefined;
      const finish = (ok: boolean): void => {
        clearTimeout(timer);
        stop();
        resolve(ok);
      };
      const look = (view: PhoneView): void => {
        if (ownedElsewhere(view) || view.status === "inactive") finish(false);
        else if (view.status === "active") finish(true);
      };
      const timer = setTimeout(() => {
        this.fail(t("The telephone exchange does not answer. The telephone starts as soon as it does."));
        finish(false);
      }, REGISTER_WITHIN_MS);
      stop = phone.subscribe(look);
      look(phone.view);
    });
  }

  async stop(): Promise<void> {
    try {
      await requestJson("/api/operator/stop", { method: "POST", json: {} });
      announce("hotline:work-ended");
    } catch (error) {
      toast(explain(error), "danger");
      return;
    }
    this.again.over();
    await thePhone().stop();
  }

  setVolume(): void {
    setRingerVolume(Number.parseFloat(this.volumeTarget.value));
  }

  async chooseRinger(): Promise<void> {
    await setRingerDevice(this.ringerTarget.value);
    tryRing();
  }

  async tryRinger(): Promise<void> {
    await unlockAudio();
    tryRing();
  }

  private fail(text: string): void {
    this.ownProblem = text;
    this.show(thePhone().view);
  }

  /** Names of loudspeakers are visible only after the microphone was allowed, so the list is made late. */
  async listRingers(): Promise<void> {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const outputs = devices.filter(
      (device) => device.kind === "audiooutput" && device.deviceId !== "default",
    );
    const chosen = ringerDevice();
    this.ringerTarget.replaceChildren(
      h("option", { value: "" }, t("Default loudspeaker")),
      ...outputs.map((device) =>
        h(
          "option",
          { value: device.deviceId, selected: device.deviceId === chosen },
          device.label || device.deviceId,
        ),
      ),
    );
  }

  private show(view: PhoneView): void {
    this.element.dataset["status"] = view.status;
    this.statusTarget.textContent = statusText(view);
    const elsewhere = ownedElsewhere(view);
    this.elsewhereTarget.hidden = !elsewhere;
    this.takeoverTarget.hidden = !elsewhere;
    this.startTarget.hidden = view.status !== "inactive" || elsewhere;
    // The template brings it disabled: a click before this script runs would be lost.
    this.startTarget.disabled = this.starting || this.extensionValue === "";
    this.stopTarget.hidden = view.status === "inactive" || elsewhere;
    const talking = view.calls.some((call) => call.state === "talking");
    this.stopTarget.disabled = talking;
    this.stopTarget.title = talking ? t("Finish the call first") : "";
    const problem = this.problem(view);
    this.problemTarget.hidden = problem === "";
    if (this.problemTarget.textContent !== problem) this.problemTarget.textContent = problem;
    this.showMeter(view);
    this.announceRing(view);
  }

  private problem(view: PhoneView): string {
    if (view.status === "inactive" && this.again.waiting && !ownedElsewhere(view))
      return t(
        "The telephone exchange does not know your telephone any more. It is being connected again by itself.",
      );
    return view.problem ? problemText(view.problem) : this.ownProblem;
  }

  private showMeter(view: PhoneView): void {
    const on = view.status !== "inactive" && !ownedElsewhere(view);
    this.meterTarget.hidden = !on;
    if (!on) {
      clearInterval(this.meter);
      this.meter = undefined;
      return;
    }
    this.meter ??= setInterval(() => {
      this.levelTarget.value = thePhone().level();
    }, METER_EVERY_MS);
  }

  private announceRing(view: PhoneView): void {
    // The tab that owns the telephone rings; a second ring from this one would only be louder.
    const calls = ownedElsewhere(view) ? [] : view.calls;
    const ringing = calls.find((call) => call.state === "ringing" && call.direction === "in");
    if (ringing?.id === this.ringingId || (!ringing && this.ringingId === null)) return;
    if (this.ringingId !== null) announce("hotline:ring-over");
    this.ringingId = ringing?.id ?? null;
    if (ringing) announce("hotline:ringing", { id: ringing.id, number: ringing.number });
  }
}
