import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BrowserMedia, MicrophoneError, microphoneProblem, rms } from "../../src/phone/media-port";

describe("microphoneProblem", () => {
  it.each([
    ["NotAllowedError", "microphone-denied"],
    ["SecurityError", "microphone-denied"],
    ["NotFoundError", "no-microphone"],
    ["NotReadableError", "no-microphone"],
    ["OverconstrainedError", "no-microphone"],
  ])("%s is %s", (name, problem) => {
    expect(microphoneProblem(new DOMException("", name))).toBe(problem);
  });

  it("takes anything strange for no microphone", () => {
    expect(microphoneProblem("?")).toBe("no-microphone");
  });
});

it("measures the root mean square", () => {
  expect(rms(new Float32Array([0.5, -0.5, 0.5, -0.5]))).toBeCloseTo(0.5);
  expect(rms(new Float32Array(8))).toBe(0);
  expect(rms(new Float32Array())).toBe(0);
});

class Track extends EventTarget {
  stopped = false;
  muted = false;
  constructor(readonly id: string) {
    super();
  }
  get label(): string {
    return `Label of ${this.id}`;
  }
  getSettings(): MediaTrackSettings {
    return { deviceId: this.id };
  }
  stop(): void {
    this.stopped = true;
  }
}

class Stream {
  readonly track: Track;
  constructor(id = "default") {
    this.track = new Track(id);
  }
  getTracks(): Track[] {
    return [this.track];
  }
  getAudioTracks(): Track[] {
    return [this.track];
  }
}

describe("BrowserMedia", () => {
  let loudness: number;
  let contextState: string;
  let streams: Stream[];
  let give: (device: string) => Promise<Stream>;
  let plugged: string[];
  let devices: EventTarget;
  let media: BrowserMedia;

  beforeEach(() => {
    vi.useFakeTimers();
    loudness = 0.01;
    contextState = "running";
    streams = [];
    plugged = ["desk", "headset"];
    localStorage.clear();
    give = async (device) => {
      if (device !== "default" && !plugged.includes(device))
        throw new DOMException("", "OverconstrainedError");
      const stream = new Stream(device);
      streams.push(stream);
      return stream;
    };
    devices = Object.assign(new EventTarget(), {
      getUserMedia: ({ audio }: { audio: { deviceId?: { exact: string } } }) =>
        give(audio.deviceId?.exact ?? "default"),
      enumerateDevices: async () =>
        plugged.map((deviceId) => ({ kind: "audioinput", deviceId, label: deviceId })),
    });
    vi.stubGlobal("navigator", { mediaDevices: devices });
    vi.stubGlobal(
      "AudioContext",
      class {
        get state(): string {
          return contextState;
        }
        createAnalyser = () => ({
          fftSize: 0,
          getFloatTimeDomainData: (to: Float32Array) => to.fill(loudness),
        });
        createMediaStreamSource = () => ({ connect: () => undefined });
        resume = async () => undefined;
        close = async () => undefined;
      },
    );
    media = new BrowserMedia();
  });

  afterEach(() => vi.useRealTimers());

  async function open(): Promise<unknown> {
    const opened = media.open().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(4_000);
    return opened;
  }

  it("opens a microphone that gives sound", async () => {
    expect(await open()).toBe(streams[0]);
    expect(media.level()).toBeCloseTo(0.1);
  });

  it("refuses a silent microphone and lets it go", async () => {
    loudness = 0;
    expect(await open()).toMatchObject({ problem: "microphone-silent" });
    expect(streams[0]?.track.stopped).toBe(true);
    expect(media.level()).toBe(0);
  });

  it("does not blame the microphone when the browser lets us hear nothing before a click", async () => {
    loudness = 0;
    contextState = "suspended";
    expect(await open()).toBe(streams[0]);
  });

  it("says what the browser said", async () => {
    give = () => Promise.reject(new DOMException("", "NotAllowedError"));
    expect(await open()).toEqual(new MicrophoneError("microphone-denied"));
  });

  it("finds no microphone on an insecure page", async () => {
    vi.stubGlobal("navigator", {});
    expect(await open()).toEqual(new MicrophoneError("no-microphone"));
  });

  it("releases the microphone when it is closed", async () => {
    await open();
    media.close();
    expect(streams[0]?.track.stopped).toBe(true);
  });

  it("does not open after it was closed, however late the permission comes", async () => {
    let allow: () => void = () => undefined;
    const asked = give;
    give = async () => {
      await new Promise<void>((resolve) => {
        allow = resolve;
      });
      return asked("default");
    };
    const opened = media.open().catch((error: unknown) => error);
    media.close();
    allow();
    expect(await opened).toMatchObject({ name: "AbortError" });
    expect(streams[0]?.track.stopped).toBe(true);
  });

  it("tells when the microphone is unplugged, and takes the next that is plugged in", async () => {
    await open();
    const heard: unknown[] = [];
    media.onChange((microphone) => heard.push(microphone));
    streams[0]?.track.dispatchEvent(new Event("ended"));
    expect(heard).toEqual([null]);
    devices.dispatchEvent(new Event("devicechange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toEqual([null, streams[1]]);
  });

  it("keeps its microphone when another device is plugged in", async () => {
    await open();
    devices.dispatchEvent(new Event("devicechange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(streams).toHaveLength(1);
  });

  it("waits on when nothing usable is plugged in", async () => {
    await open();
    const heard: unknown[] = [];
    media.onChange((microphone) => heard.push(microphone));
    give = () => Promise.reject(new DOMException("", "NotFoundError"));
    streams[0]?.track.dispatchEvent(new Event("ended"));
    devices.dispatchEvent(new Event("devicechange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toEqual([null]);
  });

  describe("chosen by the operator", () => {
    const headset = { id: "headset", label: "Headset" };
    const heard: unknown[] = [];

    beforeEach(async () => {
      heard.length = 0;
      media.onChange((microphone) => heard.push(microphone));
    });

    async function devicesChange(...now: string[]): Promise<void> {
      plugged = now;
      devices.dispatchEvent(new Event("devicechange"));
      await vi.advanceTimersByTimeAsync(0);
    }

    it("is opened first, and again after a reload", async () => {
      await media.choose(headset);
      await open();
      expect(media.current()).toEqual({ label: "Label of headset", missing: null, switchedOff: false });
      media = new BrowserMedia();
      await open();
      expect(media.current()?.label).toBe("Label of headset");
    });

    it("takes over in a call, and the old one is let go", async () => {
      await open();
      await media.choose(headset);
      expect(heard).toEqual([streams[1]]);
      expect(streams.map(({ track }) => track.stopped)).toEqual([true, false]);
    });

    it("leaves the old one when it cannot be opened, and is not remembered", async () => {
      await open();
      plugged = [];
      await expect(media.choose(headset)).rejects.toEqual(new MicrophoneError("no-microphone"));
      expect(heard).toEqual([]);
      expect(streams[0]?.track.stopped).toBe(false);
      expect(media.current()?.missing).toBeNull();
    });

    it("is replaced by the default one when it is unplugged, says so, and comes back", async () => {
      await media.choose(headset);
      await open();
      plugged = ["desk"];
      streams[0]?.track.dispatchEvent(new Event("ended"));
      await vi.advanceTimersByTimeAsync(0);
      expect(heard).toEqual([null, streams[1]]);
      expect(media.current()).toMatchObject({ label: "Label of default", missing: "Headset" });
      await devicesChange("desk", "camera");
      expect(heard).toHaveLength(2);
      await devicesChange("desk", "headset");
      expect(media.current()).toMatchObject({ label: "Label of headset", missing: null });
      expect(heard.at(-1)).toBe(streams[2]);
    });

    it("is not looked for behind a refusal of the browser", async () => {
      await media.choose(headset);
      give = () => Promise.reject(new DOMException("", "NotAllowedError"));
      expect(await open()).toEqual(new MicrophoneError("microphone-denied"));
    });

    it("shows its own switch", async () => {
      await open();
      const track = streams[0]?.track as Track;
      let told = 0;
      media.onSwitched(() => told++);
      track.muted = true;
      track.dispatchEvent(new Event("mute"));
      expect(media.current()?.switchedOff).toBe(true);
      track.muted = false;
      track.dispatchEvent(new Event("unmute"));
      expect([media.current()?.switchedOff, told]).toEqual([false, 2]);
    });
  });
});
