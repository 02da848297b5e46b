import { type AudioDevice, chosenDevice, listDevices, rememberDevice } from "./device-choice";
import type { PhoneProblem } from "./state";

/** Why there is no usable microphone. */
export class MicrophoneError extends Error {
  constructor(readonly problem: Extract<PhoneProblem, `${string}microphone${string}`>) {
    super(problem);
    this.name = "MicrophoneError";
  }
}

/** The microphone that is open. */
export interface Microphone {
  label: string;
  /** The name of the one that the operator chose, while another has to stand in for it. */
  missing: string | null;
  /** Switched off by the headset's own key or by the operating system. */
  switchedOff: boolean;
}

export interface MediaPort {
  /** Open and check the microphone. Rejects with {@link MicrophoneError}, or anyhow when `close` comes in between. */
  open(): Promise<MediaStream>;
  close(): void;
  /** Level of what the microphone hears now, 0 to 1. */
  level(): number;
  /** The open microphone was unplugged (`null`), or another one took its place. */
  onChange(listener: (microphone: MediaStream | null) => void): void;
  /** The microphone was switched off or on by the headset's own key. */
  onSwitched(listener: () => void): void;
  /** `null` while none is open. */
  current(): Microphone | null;
  /**
   * Use this microphone from now on and remember it; `null` is the system's default. While one is open it is changed at
   * once; when the other cannot be opened the old one stays. Rejects with {@link MicrophoneError}.
   */
  choose(device: AudioDevice | null): Promise<void>;
}

/** Quieter than any room through any headset, louder than a microphone that is switched off (-70 dBFS). */
const SILENCE = 0.000_3;
const SOUND_FOR_MS = 300;
const LISTEN_FOR_MS = 3_000;
const LOOK_EVERY_MS = 50;

const PROCESSING: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

/** Map what getUserMedia rejects with to what the operator can do about it. */
export function microphoneProblem(error: unknown): MicrophoneError["problem"] {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  return name === "NotAllowedError" || name === "SecurityError" ? "microphone-denied" : "no-microphone";
}

/** Root mean square of samples between -1 and 1. */
export function rms(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** The browser's microphone. */
export class BrowserMedia implements MediaPort {
  private stream: MediaStream | null = null;
  private context: AudioContext | null = null;
  private analyser: AnalyserNode | null = null;
  /** Grows with every close, so that a slow permission question cannot open the microphone after it. */
  private opening = 0;
  /** A replacement is being looked for; one search at a time. */
  private seeking = false;
  private samples = new Float32Array(1024);
  private listener: (microphone: MediaStream | null) => void = () => undefined;
  private switched: () => void = () => undefined;

  async open(): Promise<MediaStream> {
    this.close();
    const opening = this.opening;
    const stream = await this.request();
    if (opening !== this.opening) {
      stopTracks(stream);
      throw new DOMException("closed while the microphone was being opened", "AbortError");
    }
    this.adopt(stream);
    const heard = await this.hears();
    if (opening !== this.opening)
      throw new DOMException("closed while the microphone was tried", "AbortError");
    if (!heard) {
      this.close();
      throw new MicrophoneError("microphone-silent");
    }
    navigator.mediaDevices.addEventListener("devicechange", this.devicesChanged);
    return stream;
  }

  close(): void {
    navigator.mediaDevices?.removeEventListener("devicechange", this.devicesChanged);
    this.opening++;
    if (this.stream) stopTracks(this.stream);
    void this.context?.close();
    this.stream = null;
    this.context = null;
    this.analyser = null;
  }

  level(): number {
    if (this.analyser === null) return 0;
    this.analyser.getFloatTimeDomainData(this.samples);
    // Speech is around 0.1; the square root makes a meter that moves for quiet voices, too.
    return Math.min(1, Math.sqrt(rms(this.samples)));
  }

  onChange(listener: (microphone: MediaStream | null) => void): void {
    this.listener = listener;
  }

  onSwitched(listener: () => void): void {
    this.switched = listener;
  }

  current(): Microphone | null {
    const track = this.stream?.getAudioTracks()[0];
    if (!track) return null;
    const chosen = chosenDevice("microphone");
    const other = chosen !== null && track.getSettings().deviceId !== chosen.id;
    return { label: track.label, missing: other ? chosen.label : null, switchedOff: track.muted };
  }

  async choose(device: AudioDevice | null): Promise<void> {
    if (this.stream === null) rememberDevice("microphone", device);
    else await this.replace(device);
  }

  /** The chosen microphone; the default one when that is not there. */
  private async request(): Promise<MediaStream> {
    const chosen = chosenDevice("microphone");
    if (chosen !== null) {
      try {
        return await this.ask(chosen);
      } catch (error) {
        if (error instanceof MicrophoneError && error.problem === "microphone-denied") throw error;
      }
    }
    return this.ask(null);
  }

  private async ask(device: AudioDevice | null): Promise<MediaStream> {
    // Without a secure context the browser has no mediaDevices at all.
    if (!navigator.mediaDevices) throw new MicrophoneError("no-microphone");
    const audio = device === null ? PROCESSING : { ...PROCESSING, deviceId: { exact: device.id } };
    try {
      return await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw new MicrophoneError(microphoneProblem(error));
    }
  }

  private async replace(device: AudioDevice | null): Promise<void> {
    const opening = this.opening;
    const stream = await this.ask(device);
    if (opening !== this.opening) {
      stopTracks(stream);
      return;
    }
    const old = this.stream;
    rememberDevice("microphone", device);
    this.adopt(stream);
    this.listener(stream);
    if (old) stopTracks(old);
  }

  private adopt(stream: MediaStream): void {
    void this.context?.close();
    this.stream = stream;
    this.context = new AudioContext();
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 2048;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    for (const track of stream.getAudioTracks()) {
      track.addEventListener("ended", () => this.unplugged(stream));
      for (const event of ["mute", "unmute"])
        track.addEventListener(event, () => {
          if (this.stream === stream) this.switched();
        });
    }
  }

  /** Whether the microphone gives any sound. True as well when the browser does not let us listen before a click. */
  private async hears(): Promise<boolean> {
    const { context, analyser } = this;
    if (!context || !analyser) return false;
    await Promise.race([context.resume(), pause(SOUND_FOR_MS)]);
    if (context.state !== "running") return true;
    let heard = 0;
    for (let waited = 0; waited < LISTEN_FOR_MS; waited += LOOK_EVERY_MS) {
      await pause(LOOK_EVERY_MS);
      analyser.getFloatTimeDomainData(this.samples);
      heard = rms(this.samples) > SILENCE ? heard + LOOK_EVERY_MS : 0;
      if (heard >= SOUND_FOR_MS) return true;
    }
    return false;
  }

  private unplugged(stream: MediaStream): void {
    if (this.stream !== stream) return; // one that was changed for another, and stopped by us
    this.stream = null;
    this.listener(null);
    void this.seek();
  }

  /** Devices came or went: when ours was lost, or only stands in for the chosen one, look again. */
  private readonly devicesChanged = async (): Promise<void> => {
    if (this.stream === null) {
      await this.seek();
      return;
    }
    const chosen = chosenDevice("microphone");
    if (chosen === null || this.current()?.missing === null || this.seeking) return;
    this.seeking = true;
    try {
      const there = listDevices("microphone", await navigator.mediaDevices.enumerateDevices());
      if (there.some(({ id }) => id === chosen.id)) await this.replace(chosen);
    } catch {
      // It is there and cannot be used: what stands in for it goes on.
    } finally {
      this.seeking = false;
    }
  };

  private async seek(): Promise<void> {
    if (this.seeking) return;
    this.seeking = true;
    const opening = this.opening;
    try {
      const stream = await this.request();
      if (opening !== this.opening || this.stream !== null) {
        stopTracks(stream);
        return;
      }
      this.adopt(stream);
      this.listener(stream);
    } catch {
      // Still none: the problem is shown already, and the next change of devices comes here again.
    } finally {
      this.seeking = false;
    }
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
