// «Звук» and the measuring of calls, on the telephone's real markup.

import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import QualityController from "../src/controllers/quality_controller";
import SoundController from "../src/controllers/sound_controller";
import type { CallStats } from "../src/phone/quality";
import { usePhone } from "../src/phone-host";
import { FakePhone, phoneCall } from "./fake-phone";
import { find, heard, push, settle, startPage, stopPage } from "./page";

function markup(): string {
  const template = readFileSync("../hotline/web/templates/includes/softphone.html", "utf8")
    .replace(/\{#.*?#\}/gs, "")
    .replace("{{ user.extension or '' }}", "101")
    .replace(/\{\{ _\(['"](.*?)['"].*?\) \}\}/g, "$1")
    .replace(/\{\{.*?\}\}/gs, "")
    .replace(/\{%.*?%\}/gs, "");
  return `${template}<ul><li><span data-quality-of="102" hidden></span></li></ul>`;
}

let phone: FakePhone;
let plugged: MediaDeviceInfo[];
let devices: EventTarget;
const device = (kind: string, deviceId: string): MediaDeviceInfo =>
  ({ kind, deviceId, label: `The ${deviceId}` }) as MediaDeviceInfo;
const sound = <E extends HTMLElement>(name: string): E => find<E>(`[data-sound-target=${name}]`);
const quality = (name: string): HTMLElement => find(`[data-quality-target=${name}]`);
const options = (name: string): string[] =>
  [...sound<HTMLSelectElement>(name).options].map(({ text, selected }) => (selected ? `(${text})` : text));

async function choose(name: string, value: string): Promise<void> {
  const select = sound<HTMLSelectElement>(name);
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  await settle();
}

async function replug(...now: MediaDeviceInfo[]): Promise<void> {
  plugged = now;
  devices.dispatchEvent(new Event("devicechange"));
  await settle();
}

beforeEach(async () => {
  vi.useFakeTimers();
  phone = new FakePhone();
  usePhone(phone);
  plugged = [
    device("audioinput", "default"),
    device("audioinput", "headset"),
    device("audiooutput", "headset-out"),
  ];
  devices = Object.assign(new EventTarget(), { enumerateDevices: async () => plugged });
  vi.stubGlobal("navigator", Object.create(navigator, { mediaDevices: { value: devices } }));
  await startPage(markup(), { quality: QualityController, sound: SoundController });
});

afterEach(async () => {
  await stopPage();
  usePhone(null);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("devices", () => {
  it("are listed without the browser's alias, the default one first", () => {
    expect(options("microphone")).toEqual(["(Default microphone)", "The headset"]);
    expect(options("speaker")).toEqual(["(Default loudspeaker)", "The headset-out"]);
  });

  it("are changed at once, and the loudspeaker is remembered", async () => {
    await choose("microphone", "headset");
    await choose("speaker", "headset-out");
    expect(phone.asked).toContain("microphone headset");
    expect(phone.asked.at(-1)).toBe("speaker headset-out");
    expect(options("speaker")).toEqual(["Default loudspeaker", "(The headset-out)"]);
    await choose("speaker", "");
    expect(phone.asked.at(-1)).toBe("speaker ");
  });

  it("say when a microphone cannot be opened", async () => {
    const toasts = heard("hotline:toast");
    phone.useMicrophone = () => Promise.reject(new Error("busy"));
    await choose("microphone", "headset");
    expect(toasts).toMatchObject([{ kind: "danger" }]);
  });

  it("fall back to the default loudspeaker when theirs is unplugged, say so, and return to it", async () => {
    phone.become({ status: "active" });
    await choose("speaker", "headset-out");
    const toasts = heard("hotline:toast");
    const changed = heard("hotline:devices");
    await replug(device("audiooutput", "monitor"));
    expect(phone.asked.at(-1)).toBe("speaker ");
    expect(options("speaker").at(-1)).toBe("(The headset-out (not connected))");
    expect(sound("warning").hidden).toBe(false);
    expect(sound("warning").textContent).toContain("The headset-out");
    expect(toasts).toHaveLength(1);
    await replug(device("audiooutput", "headset-out"));
    expect(phone.asked.at(-1)).toBe("speaker headset-out");
    expect(sound("warning").hidden).toBe(true);
    expect(changed).toHaveLength(2);
  });

  it("warn while another microphone stands in, and while its own switch is off", async () => {
    phone.become({ status: "active" });
    const toasts = heard("hotline:toast");
    phone.heard = { label: "Built-in", missing: "Headset", switchedOff: false };
    phone.become({});
    expect(sound("warning").textContent).toContain("«Headset» is not connected; «Built-in» is in use");
    phone.become({});
    expect(toasts).toHaveLength(1); // said aloud once
    phone.heard = { label: "Built-in", missing: null, switchedOff: true };
    phone.become({});
    expect(sound("warning").textContent).toContain("switched off on the headset");
  });
});

describe("the echo", () => {
  it("is called, guides, and is ended by the same button", async () => {
    expect(sound<HTMLButtonElement>("echo").disabled).toBe(true);
    phone.become({ status: "active" });
    sound("echo").click();
    expect(phone.asked.at(-1)).toBe("call *43");
    phone.become({ calls: [phoneCall({ id: "e", number: "*43", direction: "out", state: "talking" })] });
    expect(sound("echoHint").textContent).toContain("you must hear yourself");
    expect(sound("echo").getAttribute("aria-pressed")).toBe("true");
    sound("echo").click();
    expect(phone.asked.at(-1)).toBe("hangup e");
  });

  it("waits while there is a call", () => {
    phone.become({ status: "active", calls: [phoneCall()] });
    expect(sound<HTMLButtonElement>("echo").disabled).toBe(true);
  });
});

describe("the line", () => {
  const stats: CallStats = {
    received: 0,
    lost: 0,
    sent: 0,
    jitterMs: 2,
    rttMs: 12.4,
    farLoss: 0,
    farReports: 1,
    pathAnswers: 0,
    energy: 0,
  };
  let told: { type: string; data: Record<string, unknown> }[];

  beforeEach(() => {
    told = heard("hotline:tell") as typeof told;
    phone.counted = { ...stats };
    phone.become({ status: "active", calls: [phoneCall({ state: "talking" })] });
  });

  async function seconds(count: number, moves: { sent: number; received?: number }): Promise<void> {
    for (let second = 0; second < count; second++) {
      const now = phone.counted as CallStats;
      phone.counted = {
        ...now,
        received: now.received + (moves.received ?? 0),
        sent: now.sent + moves.sent,
        pathAnswers: now.pathAnswers + 1,
        energy: (now.energy ?? 0) + 1,
      };
      await vi.advanceTimersByTimeAsync(1_000);
    }
  }
  const sounds = { received: 50, sent: 50 };

  it("is shown in words and told to the server", async () => {
    await seconds(5, sounds);
    expect(quality("line").hidden).toBe(false);
    expect(quality("line").textContent).toContain("The line is good");
    expect(quality("line").dataset["verdict"]).toBe("good");
    expect(quality("figures").hidden).toBe(false);
    expect(told.at(-1)).toMatchObject({
      type: "quality",
      data: { call_key: "pbx1-1.1", received: 100, lost: 0, jitter_ms: 2, rtt_ms: 12.4, alarm: null },
    });
    expect(String(told[0]?.data["leg"])).toMatch(/^[0-9a-f-]{36}$/); // no SIP secret leaves the page
    phone.become({ calls: [] });
    expect([quality("line").hidden, quality("figures").hidden]).toEqual([true, true]);
  });

  it("raises its alarm within five seconds, mends, and takes it back", async () => {
    await seconds(4, sounds);
    await seconds(4, { sent: 50 });
    expect(quality("alarm").hidden).toBe(false);
    expect(quality("alarm").textContent).toContain("No sound comes from the other side");
    expect(told.at(-1)?.data["alarm"]).toBe("nothing-received");
    expect(phone.asked).toContain("mend a false");
    await seconds(2, sounds);
    expect(quality("alarm").hidden).toBe(true);
  });

  it("is silent rightly while the citizen is on hold, or while a colleague's telephone rings", async () => {
    await seconds(2, sounds);
    for (const phase of ["held", "consulting"]) {
      push("call.held", { key: "pbx1-1.1", phase });
      await seconds(8, { sent: 50 });
      expect(quality("alarm").hidden).toBe(true);
    }
    await seconds(2, sounds); // the colleague answered
    await seconds(4, { sent: 50 });
    expect(quality("alarm").hidden).toBe(false);
  });
});

describe("a supervisor", () => {
  const now = { extension: "102", call_key: "k", verdict: "good", alarm: null };
  const place = (): HTMLElement => find("[data-quality-of='102']");

  it("sees how others sound and hears of alarms once", () => {
    const toasts = heard("hotline:toast");
    push("quality", now);
    expect(place().textContent).toContain("The line is good");
    push("quality", { ...now, verdict: "poor", alarm: "path-lost" });
    push("quality", { ...now, verdict: "poor", alarm: "path-lost" });
    expect(place().textContent).toContain("sound cut off");
    expect(toasts).toMatchObject([{ text: "Operator 102: sound cut off", kind: "warning" }]);
    push("quality", { ...now, verdict: null });
    expect(place().hidden).toBe(true);
  });

  it("is not told of his own call twice, nor of a colleague's muted microphone", () => {
    const toasts = heard("hotline:toast");
    push("quality", { ...now, extension: "101", alarm: "path-lost" });
    push("quality", { ...now, alarm: "microphone-off" });
    expect(toasts).toEqual([]);
  });

  it("starts from the snapshot", () => {
    push("snapshot", { calls: [], quality: [now] });
    expect(place().hidden).toBe(false);
    push("snapshot", { calls: [] });
    expect(place().hidden).toBe(true);
  });
});
