import { afterEach, beforeEach, expect, it, vi } from "vitest";

/** Web Audio as far as the ring uses it: counts the notes and remembers the chosen output. */
class FakeAudio {
  static last: FakeAudio;
  state: "suspended" | "running" = "suspended";
  currentTime = 0;
  notes = 0;
  stopped = 0;
  sink = "none";
  loudest = 0;
  readonly destination = {};

  constructor() {
    FakeAudio.last = this;
  }

  async resume(): Promise<void> {
    this.state = "running";
  }

  async setSinkId(id: string): Promise<void> {
    if (id === "unplugged") throw new Error("no such device");
    this.sink = id;
  }

  createOscillator() {
    this.notes += 1;
    const node = {
      frequency: { value: 0 },
      connect: (next: unknown) => next,
      start: () => undefined,
      stop: (at?: number) => {
        if (at === undefined) this.stopped += 1;
      },
    };
    return node;
  }

  createGain() {
    const gain = {
      setValueAtTime: () => undefined,
      linearRampToValueAtTime: (value: number) => {
        this.loudest = Math.max(this.loudest, value);
      },
      exponentialRampToValueAtTime: () => undefined,
    };
    return { gain, connect: (next: unknown) => next };
  }
}

let sound: typeof import("../src/ringtone");

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  vi.stubGlobal("AudioContext", FakeAudio);
  localStorage.clear();
  sound = await import("../src/ringtone");
});

afterEach(() => {
  sound.silence();
  vi.useRealTimers();
});

it("is silent until a gesture unlocked it, and then rings again and again until it is silenced", async () => {
  sound.ring();
  sound.unlockAudioOnGesture();
  document.dispatchEvent(new Event("pointerdown"));
  await vi.advanceTimersByTimeAsync(0);
  const audio = FakeAudio.last;
  expect(audio.notes).toBe(0);
  sound.ring();
  sound.ring();
  expect(audio.notes).toBe(2);
  vi.advanceTimersByTime(2_400);
  expect(audio.notes).toBe(4);
  sound.silence();
  expect(audio.stopped).toBe(2);
  vi.advanceTimersByTime(10_000);
  expect(audio.notes).toBe(4);
});

it("plays on the chosen output, and on the default one when that was unplugged", async () => {
  await sound.unlockAudio();
  await sound.setRingerDevice("loudspeaker");
  expect(FakeAudio.last.sink).toBe("loudspeaker");
  await sound.setRingerDevice("unplugged");
  expect(FakeAudio.last.sink).toBe("");
});

it.each([
  ["0.5", 0.5],
  ["7", 1],
  ["-1", 0],
  ["loud", 0.6],
])("takes the stored loudness %s as %f", (stored, volume) => {
  localStorage.setItem("hotline.ringer-volume", stored);
  expect(sound.ringerVolume()).toBe(volume);
});

it("rings as loudly as was set", async () => {
  await sound.unlockAudio();
  sound.setRingerVolume(0.4);
  sound.tryRing();
  expect(FakeAudio.last.loudest).toBeCloseTo(0.2);
});
