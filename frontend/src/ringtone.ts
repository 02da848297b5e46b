// The ring: two soft notes, made by WebAudio, so that there is no sound file to load when it matters, and played on the
// output that the operator chose (a loudspeaker beside the headset, DAY-09). Browsers let a page sound only after a
// gesture: `unlock` is called by the click on «Начало работы».

const DEVICE_KEY = "hotline.ringer";
const VOLUME_KEY = "hotline.ringer-volume";
const NOTES_HZ = [659.26, 523.25]; // E5, C5: a falling third carries through an office without startling anybody.
const PERIOD_S = 2.4;

type SinkContext = AudioContext & { setSinkId?: (id: string) => Promise<void> };

let context: SinkContext | null = null;
let stopRinging: (() => void) | null = null;

function stored(key: string): string {
  return localStorage.getItem(key) ?? "";
}

/** The chosen output's device id; `""` is the system's default. */
export function ringerDevice(): string {
  return stored(DEVICE_KEY);
}

/** Loudness of the ring, 0 to 1. */
export function ringerVolume(): number {
  const volume = Number.parseFloat(stored(VOLUME_KEY));
  return Number.isFinite(volume) ? Math.min(1, Math.max(0, volume)) : 0.6;
}

export function setRingerVolume(volume: number): void {
  localStorage.setItem(VOLUME_KEY, String(volume));
}

async function applyDevice(): Promise<void> {
  const id = ringerDevice();
  if (!context?.setSinkId) return;
  try {
    await context.setSinkId(id);
  } catch {
    // The loudspeaker was unplugged since it was chosen: ring on the default one rather than not at all.
    await context.setSinkId("").catch(() => undefined);
  }
}

export async function setRingerDevice(id: string): Promise<void> {
  localStorage.setItem(DEVICE_KEY, id);
  await applyDevice();
}

/** Get permission to sound. Must be called from a click or a key. */
export async function unlockAudio(): Promise<void> {
  if (typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  if (context.state === "suspended") await context.resume();
  await applyDevice();
}

/** After a reload the telephone starts by itself, without a click: the first gesture of any kind lets it ring aloud. */
export function unlockAudioOnGesture(): void {
  const unlock = (): void => void unlockAudio();
  document.addEventListener("pointerdown", unlock, { once: true });
  document.addEventListener("keydown", unlock, { once: true });
}

function playOnce(audio: AudioContext, at: number, volume: number): OscillatorNode[] {
  return NOTES_HZ.map((frequency, index) => {
    const start = at + index * 0.22;
    const note = audio.createOscillator();
    const loudness = audio.createGain();
    note.frequency.value = frequency;
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(volume * 0.5, start + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0005, start + 0.9);
    note.connect(loudness).connect(audio.destination);
    note.start(start);
    note.stop(start + 1);
    return note;
  });
}

/** Ring until {@link silence}. Does nothing while the browser does not let the page sound, or when it rings already. */
export function ring(): void {
  const audio = context;
  if (stopRinging || audio?.state !== "running") return;
  let notes = playOnce(audio, audio.currentTime, ringerVolume());
  const timer = setInterval(() => {
    notes = playOnce(audio, audio.currentTime, ringerVolume());
  }, PERIOD_S * 1000);
  stopRinging = () => {
    clearInterval(timer);
    for (const note of notes) note.stop();
  };
}

export function silence(): void {
  stopRinging?.();
  stopRinging = null;
}

/** Play the ring once, to try a device and its loudness. */
export function tryRing(): void {
  if (context?.state === "running") playOnce(context, context.currentTime, ringerVolume());
}

/** Two short low notes: an alarm of the board, unlike the ring of the telephone. */
export function beep(): void {
  const audio = context;
  if (audio?.state !== "running") return;
  for (const delay of [0, 0.25]) {
    const note = audio.createOscillator();
    const loudness = audio.createGain();
    note.frequency.value = 330;
    loudness.gain.setValueAtTime(ringerVolume() * 0.4, audio.currentTime + delay);
    loudness.gain.exponentialRampToValueAtTime(0.0005, audio.currentTime + delay + 0.2);
    note.connect(loudness).connect(audio.destination);
    note.start(audio.currentTime + delay);
    note.stop(audio.currentTime + delay + 0.2);
  }
}
