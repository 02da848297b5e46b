import type { PhoneProblem } from "./state";

/** Why there is no usable microphone. */
export class MicrophoneError extends Error {
  constructor(readonly problem: Extract<PhoneProblem, `${string}microphone${string}`>) {
    super(problem);
    this.name = "MicrophoneError";
  }
}

export interface MediaPort {
  /** Open and check the microphone. Rejects with {@link MicrophoneError}, or anyhow when `close` comes in between. */
  open(): Promise<MediaStream>;
  close(): void;
  /** Level of what the microphone hears now, 0 to 1. */
  level(): number;
  /** The open microphone was unplugged (`null`), or another one took its place. */
  onChange(listener: (microphone: MediaStream | null) => void): void;
}

/** Quieter than any room through any headset, louder than a microphone that is switched off (-70 dBFS). */
const SILENCE = 0.000_3;
const SOUND_FOR_MS = 300;
const LISTEN_FOR_MS = 3_000;
const LOOK_EVERY_MS = 50;

const CONSTRAINTS: MediaStreamConstraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
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
  private samples = new Float32Array(1024);
  private listener: (microphone: MediaStream | null) => void = () => undefined;

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

  private async request(): Promise<MediaStream> {
    // Without a secure context the browser has no mediaDevices at all.
    if (!navigator.mediaDevices) throw new MicrophoneError("no-microphone");
    try {
      return await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
    } catch (error) {
      throw new MicrophoneError(microphoneProblem(error));
    }
  }

  private adopt(stream: MediaStream): void {
    this.stream = stream;
    this.context = new AudioContext();
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 2048;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    for (const track of stream.getAudioTracks()) track.addEventListener("ended", this.unplugged);
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

  private readonly unplugged = (): void => {
    this.stream = null;
    this.listener(null);
  };

  /** A headset was plugged in: when ours was lost, take the new one. */
  private readonly devicesChanged = async (): Promise<void> => {
    if (this.stream !== null) return;
    const opening = this.opening;
    try {
      const stream = await this.request();
      if (opening !== this.opening || this.stream !== null) {
        stopTracks(stream);
        return;
      }
      void this.context?.close();
      this.adopt(stream);
      this.listener(stream);
    } catch {
      // Still none: the problem is shown already, and the next change of devices comes here again.
    }
  };
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
