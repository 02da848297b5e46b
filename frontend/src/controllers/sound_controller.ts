import { Controller } from "@hotwired/stimulus";
import { currentCall } from "../current-call";
import { announce, h } from "../dom";
import { t } from "../i18n";
import {
  type AudioDevice,
  chosenDevice,
  type DeviceKind,
  listDevices,
  rememberDevice,
} from "../phone/device-choice";
import type { PhoneView } from "../phone/index";
import { ownedElsewhere, thePhone } from "../phone-host";
import { toast } from "../toast";

const ECHO = "*43";
const METER_EVERY_MS = 100;

/** «Звук»: microphone and loudspeaker, before and during a call; a level meter; the echo test (DAY-13). */
export default class SoundController extends Controller<HTMLElement> {
  static override targets = ["microphone", "speaker", "level", "warning", "echo", "echoHint"];
  declare readonly microphoneTarget: HTMLSelectElement;
  declare readonly speakerTarget: HTMLSelectElement;
  declare readonly levelTarget: HTMLMeterElement;
  declare readonly warningTarget: HTMLElement;
  declare readonly echoTarget: HTMLButtonElement;
  declare readonly echoHintTarget: HTMLElement;
  private devices: Record<DeviceKind, AudioDevice[]> = { microphone: [], speaker: [] };
  private stop: () => void = () => undefined;
  private meter: ReturnType<typeof setInterval> | undefined;
  private missing = "";
  private wasActive = false;

  override connect(): void {
    this.stop = thePhone().subscribe((view) => this.show(view));
    navigator.mediaDevices?.addEventListener("devicechange", this.changed);
    this.meter = setInterval(() => {
      if (this.element.offsetParent !== null) this.levelTarget.value = thePhone().level();
    }, METER_EVERY_MS);
    this.show(thePhone().view);
    void this.list();
  }

  override disconnect(): void {
    this.stop();
    navigator.mediaDevices?.removeEventListener("devicechange", this.changed);
    clearInterval(this.meter);
  }

  /** Names are visible only after the microphone was allowed, so the lists are made again then. */
  async list(): Promise<void> {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    this.devices = { microphone: listDevices("microphone", all), speaker: listDevices("speaker", all) };
    this.fill(this.microphoneTarget, "microphone", t("Default microphone"));
    this.fill(this.speakerTarget, "speaker", t("Default loudspeaker"));
    await this.playOn(chosenDevice("speaker"));
    this.warn();
  }

  async chooseMicrophone(): Promise<void> {
    const device = this.chosenIn(this.microphoneTarget, "microphone");
    try {
      await thePhone().useMicrophone(device);
    } catch {
      toast(t("This microphone cannot be opened. The one before it stays in use."), "danger");
    }
    await this.list();
  }

  async chooseSpeaker(): Promise<void> {
    rememberDevice("speaker", this.chosenIn(this.speakerTarget, "speaker"));
    await this.list();
  }

  /** Start the echo, or hang up when it is on. */
  echo(): void {
    const call = currentCall(thePhone().view);
    if (call?.number === ECHO) thePhone().hangup(call.id);
    else thePhone().call(ECHO);
  }

  private readonly changed = (): void => {
    announce("hotline:devices");
    void this.list();
  };

  private chosenIn(select: HTMLSelectElement, kind: DeviceKind): AudioDevice | null {
    return this.devices[kind].find(({ id }) => id === select.value) ?? null;
  }

  private fill(select: HTMLSelectElement, kind: DeviceKind, defaultName: string): void {
    const chosen = chosenDevice(kind);
    const options = [{ id: "", label: defaultName }, ...this.devices[kind]];
    if (chosen && !options.some(({ id }) => id === chosen.id)) {
      options.push({ ...chosen, label: t("{name} (not connected)", { name: chosen.label }) });
    }
    select.replaceChildren(
      ...options.map(({ id, label }) =>
        h("option", { value: id, selected: id === (chosen?.id ?? "") }, label),
      ),
    );
  }

  /** Where it is not connected the default one speaks; when it is back, it is used again. */
  private async playOn(chosen: AudioDevice | null): Promise<void> {
    const there = chosen !== null && this.devices.speaker.some(({ id }) => id === chosen.id);
    try {
      await thePhone().useSpeaker(there ? chosen.id : "");
    } catch {
      toast(t("This loudspeaker cannot be used. The default one speaks."), "danger");
    }
  }

  private show(view: PhoneView): void {
    const active = view.status === "active" && !ownedElsewhere(view);
    if (active && !this.wasActive) void this.list();
    this.wasActive = active;
    const call = currentCall(view);
    const testing = call?.number === ECHO && call.direction === "out";
    this.echoTarget.disabled = !active || (call !== null && !testing);
    this.echoTarget.setAttribute("aria-pressed", String(testing));
    const hint = testing
      ? call.state === "talking"
        ? t("Speak: you must hear yourself. Press again to end.")
        : t("Calling the echo…")
      : active
        ? t("You will hear what you say, as the citizen would.")
        : t("The echo can be called after «Start work».");
    if (this.echoHintTarget.textContent !== hint) this.echoHintTarget.textContent = hint;
    this.warn();
  }

  /** The standing warning while something else stands in for a chosen device; said once aloud when it happens. */
  private warn(): void {
    const lines: string[] = [];
    const microphone = thePhone().microphone();
    if (microphone?.missing) {
      const names = { name: microphone.missing, other: microphone.label };
      lines.push(t("The microphone «{name}» is not connected; «{other}» is in use.", names));
    }
    if (microphone?.switchedOff) lines.push(t("The microphone is switched off on the headset itself."));
    const speaker = chosenDevice("speaker");
    if (speaker && this.wasActive && !this.devices.speaker.some(({ id }) => id === speaker.id)) {
      lines.push(
        t("The loudspeaker «{name}» is not connected; the default one is in use.", { name: speaker.label }),
      );
    }
    const text = lines.join(" ");
    if (text === this.missing) return;
    this.missing = text;
    this.warningTarget.textContent = text;
    this.warningTarget.hidden = text === "";
    if (text !== "" && this.wasActive) toast(text, "warning");
  }
}
