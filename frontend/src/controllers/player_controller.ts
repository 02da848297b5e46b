import { Controller } from "@hotwired/stimulus";
import WaveSurfer from "wavesurfer.js";
import { explain, requestJson } from "../api";
import { duration } from "../format";
import { t } from "../i18n";
import { toast } from "../toast";

interface Mark {
  start: number;
  end: number;
  field: string;
}

interface Wave {
  seconds: number;
  /** One list a channel, 0..100; empty until the server has measured the recording. */
  peaks: number[][];
  marks: Mark[];
}

const STEP_S = 5;
const WAVE_HEIGHT = 48;

/** The nonce under which the server's Content-Security-Policy lets the wave's shadow tree have a style. */
function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.nonce ?? "";
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "currentColor";
}

/** Plays a recording: the wave from peaks that the server measured, so that an hour opens at once; speed, seek, marks. */
export default class PlayerController extends Controller<HTMLElement> {
  static override targets = [
    "sound",
    "wave",
    "marks",
    "toggle",
    "toggleLabel",
    "time",
    "length",
    "speed",
    "problem",
    "holdReason",
  ];
  static override values = { wave: Object, holdUrl: String };
  declare readonly soundTarget: HTMLAudioElement;
  declare readonly waveTarget: HTMLElement;
  declare readonly marksTarget: HTMLElement;
  declare readonly toggleTarget: HTMLButtonElement;
  declare readonly toggleLabelTarget: HTMLElement;
  declare readonly timeTarget: HTMLElement;
  declare readonly lengthTarget: HTMLElement;
  declare readonly speedTarget: HTMLSelectElement;
  declare readonly problemTarget: HTMLElement;
  declare readonly holdReasonTarget: HTMLInputElement;
  declare readonly waveValue: Wave;
  declare readonly holdUrlValue: string;
  private wave: WaveSurfer | undefined;
  private readonly listeners = new AbortController();

  override connect(): void {
    const { signal } = this.listeners;
    const sound = this.soundTarget;
    for (const event of ["play", "pause", "ended"])
      sound.addEventListener(event, () => this.showState(), { signal });
    for (const event of ["timeupdate", "seeked", "loadedmetadata", "durationchange"])
      sound.addEventListener(event, () => this.showTime(), { signal });
    sound.addEventListener("error", () => this.showProblem(), { signal });
    this.draw();
    this.showMarks();
    this.showTime();
  }

  override disconnect(): void {
    this.listeners.abort();
    this.soundTarget.pause();
    this.wave?.destroy();
  }

  /** Length in seconds: the server's word, until the browser knows better. */
  private get seconds(): number {
    const known = this.soundTarget.duration;
    return Number.isFinite(known) && known > 0 ? known : this.waveValue.seconds;
  }

  async toggle(): Promise<void> {
    try {
      if (this.soundTarget.paused) await this.soundTarget.play();
      else this.soundTarget.pause();
    } catch {
      this.showProblem();
    }
  }

  setSpeed(): void {
    this.soundTarget.playbackRate = Number(this.speedTarget.value);
  }

  seekByKey(event: KeyboardEvent): void {
    const now = this.soundTarget.currentTime;
    const places: Readonly<Record<string, number>> = {
      ArrowLeft: now - STEP_S,
      ArrowRight: now + STEP_S,
      PageDown: now - 6 * STEP_S,
      PageUp: now + 6 * STEP_S,
      Home: 0,
      End: this.seconds,
    };
    const place = places[event.key];
    if (place !== undefined) this.seek(place);
    else if (event.key === " ") void this.toggle();
    else return;
    event.preventDefault();
  }

  async hold(event: Event): Promise<void> {
    event.preventDefault();
    const reason = this.holdReasonTarget.value.trim();
    try {
      await requestJson(this.holdUrlValue, { method: "POST", json: { reason } });
      toast(
        reason === "" ? t("The legal hold is lifted.") : t("The recording is under a legal hold."),
        "success",
      );
    } catch (error) {
      toast(explain(error), "danger");
    }
  }

  private seek(seconds: number): void {
    this.soundTarget.currentTime = Math.min(Math.max(0, seconds), this.seconds);
    this.showTime();
  }

  private draw(): void {
    const { peaks, seconds } = this.waveValue;
    const known = peaks.length > 0;
    this.wave = WaveSurfer.create({
      container: this.waveTarget,
      media: this.soundTarget,
      cspNonce: styleNonce(),
      height: WAVE_HEIGHT,
      waveColor: colour("--tblr-secondary"),
      progressColor: colour("--tblr-primary"),
      cursorColor: colour("--tblr-body-color"),
      cursorWidth: 2,
      dragToSeek: true,
      ...(known ? { peaks: peaks.map((one) => one.map((peak) => peak / 100)), duration: seconds } : {}),
      ...(peaks.length === 2 ? { splitChannels: [{}, {}] } : {}),
    });
    // What it cannot draw it can still play; the <audio> element tells whether that works.
    this.wave.on("error", () => undefined);
  }

  private showMarks(): void {
    this.marksTarget.replaceChildren(
      ...this.waveValue.marks.map((mark) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "btn btn-sm";
        button.textContent = `${duration(mark.start)}–${duration(mark.end)}`;
        button.title = t("Silenced for private data");
        button.addEventListener("click", () => this.seek(mark.start));
        const shade = document.createElement("span");
        shade.className = "player-shade";
        shade.style.left = `${(mark.start / this.seconds) * 100}%`;
        shade.style.width = `${((mark.end - mark.start) / this.seconds) * 100}%`;
        this.waveTarget.append(shade);
        item.append(button);
        return item;
      }),
    );
    this.marksTarget.hidden = this.waveValue.marks.length === 0;
  }

  private showState(): void {
    const plays = !this.soundTarget.paused;
    this.toggleTarget.toggleAttribute("data-plays", plays);
    this.toggleLabelTarget.textContent = plays ? t("Pause") : t("Play");
  }

  private showTime(): void {
    const now = this.soundTarget.currentTime;
    this.timeTarget.textContent = duration(now);
    this.lengthTarget.textContent = duration(this.seconds);
    this.waveTarget.setAttribute("aria-valuemax", String(Math.round(this.seconds)));
    this.waveTarget.setAttribute("aria-valuenow", String(Math.round(now)));
    this.waveTarget.setAttribute("aria-valuetext", duration(now));
  }

  private showProblem(): void {
    this.problemTarget.hidden = false;
    this.problemTarget.textContent = t("The recording cannot be played here. Tell the administrator.");
  }
}
