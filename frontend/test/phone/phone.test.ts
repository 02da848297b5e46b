import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MEDIA_LOST_MS, Phone } from "../../src/phone/phone";
import type { PhoneView } from "../../src/phone/state";
import { ACCOUNT, FakeLeader, FakeMedia, FakeSip } from "./fakes";

const INVITE = { id: "a", number: "79280001122", callKey: "pbx1-1.2", role: "queue", queue: "hotline" };

let sip: FakeSip;
let media: FakeMedia;
let phone: Phone;
let views: PhoneView[];

beforeEach(() => {
  vi.useFakeTimers();
  sip = new FakeSip();
  media = new FakeMedia();
  phone = new Phone({ sip, media, now: () => 5_000 });
  views = [];
  phone.subscribe((view) => views.push(view));
});

afterEach(() => vi.useRealTimers());

async function activate(): Promise<void> {
  await phone.start(ACCOUNT);
  sip.emit({ kind: "registered" });
}

async function talk(): Promise<void> {
  await activate();
  sip.emit({ kind: "incoming", ...INVITE });
  phone.answer();
  sip.emit({ kind: "accepted", id: "a" });
  sip.done.length = 0;
}

describe("start and stop", () => {
  it("opens the microphone, registers, becomes active", async () => {
    await activate();
    expect(sip.done).toEqual(["start sip:101@hotline.invalid"]);
    expect(views.map((view) => view.status)).toEqual(["starting", "active"]);
    expect(phone.level()).toBe(0.5);
  });

  it("does not connect without a microphone and says why", async () => {
    media.problem = "microphone-denied";
    await phone.start(ACCOUNT);
    expect(phone.view).toEqual({ status: "inactive", calls: [], problem: "microphone-denied" });
    expect(sip.done).toEqual(["stop"]);
  });

  it("can be started again after a problem", async () => {
    media.problem = "no-microphone";
    await phone.start(ACCOUNT);
    media.problem = null;
    await activate();
    expect(phone.view).toEqual({ status: "active", calls: [], problem: null });
  });

  it("starts once however often it is asked", async () => {
    await Promise.all([phone.start(ACCOUNT), phone.start(ACCOUNT)]);
    await phone.start(ACCOUNT);
    expect(sip.done).toEqual(["start sip:101@hotline.invalid"]);
  });

  it("forgets a microphone check that finishes after stop", async () => {
    let open: () => void = () => undefined;
    media.gate = new Promise((resolve) => {
      open = resolve;
    });
    const starting = phone.start(ACCOUNT);
    await vi.waitFor(() => expect(phone.view.status).toBe("starting"));
    await phone.stop();
    open();
    await starting;
    expect(phone.view.status).toBe("inactive");
    expect(sip.done).toEqual(["stop"]);
    expect(media.isOpen).toBe(false);
  });

  it("releases the microphone when it stops", async () => {
    await talk();
    await phone.stop();
    expect(phone.view).toEqual({ status: "inactive", calls: [], problem: null });
    expect(sip.done).toEqual(["stop"]);
    expect(media.isOpen).toBe(false);
  });

  it("stops when it never ran", async () => {
    await phone.stop();
    expect(sip.done).toEqual([]);
    expect(views).toEqual([]);
  });

  it("passes on faults that are no microphone problem", async () => {
    media.gate = Promise.reject(new TypeError("broken"));
    await expect(phone.start(ACCOUNT)).rejects.toThrow("broken");
    await phone.stop();
    expect(phone.view.status).toBe("inactive");
  });
});

describe("a call", () => {
  it("rings, is answered, ends, and leaves the list", async () => {
    await activate();
    views.length = 0;
    sip.emit({ kind: "incoming", ...INVITE });
    phone.answer();
    sip.emit({ kind: "accepted", id: "a" });
    phone.hangup();
    sip.emit({ kind: "ended", id: "a" });
    expect(sip.done.slice(1)).toEqual(["answer a", "hangup a"]);
    expect(views.map((view) => view.calls.map((call) => call.state))).toEqual([
      ["ringing"],
      ["talking"],
      ["ended"],
      [],
    ]);
    expect(views[0]?.calls[0]).toMatchObject({
      callKey: "pbx1-1.2",
      number: "79280001122",
      startedAt: 5_000,
    });
  });

  it("is refused by hanging up while it rings", async () => {
    await activate();
    sip.emit({ kind: "incoming", ...INVITE });
    phone.hangup("a");
    expect(sip.done.at(-1)).toBe("hangup a");
  });

  it("passes mute, hold and tones on", async () => {
    await talk();
    phone.mute(true);
    phone.hold(true);
    phone.dtmf("5");
    phone.dtmf("#");
    phone.dtmf("55");
    expect(sip.done).toEqual(["mute a true", "hold a true", "dtmf a 5", "dtmf a #"]);
  });

  it("does nothing about a call that is not there", async () => {
    await activate();
    sip.done.length = 0;
    phone.answer();
    phone.answer("x");
    phone.hangup();
    phone.mute(true);
    phone.hold(true);
    phone.dtmf("1");
    phone.call("");
    expect(sip.done).toEqual([]);
  });

  it("dials only while active", async () => {
    phone.call("102");
    await activate();
    phone.call("102");
    sip.emit({ kind: "disconnected" });
    phone.call("103");
    expect(sip.done).toEqual(["start sip:101@hotline.invalid", "call 102"]);
  });
});

describe("losses", () => {
  it("does not touch a conversation while signalling is away, and renegotiates it afterwards", async () => {
    await talk();
    sip.emit({ kind: "disconnected" });
    phone.hold(true);
    expect(phone.view).toMatchObject({ status: "reconnecting", problem: "connection-lost" });
    expect(sip.done).toEqual([]);
    sip.emit({ kind: "registered" });
    expect(sip.done).toEqual(["renegotiate a"]);
    expect(phone.view.problem).toBeNull();
  });

  it("tries a refused registration again", async () => {
    await activate();
    sip.emit({ kind: "disconnected" });
    sip.emit({ kind: "refused" });
    expect(sip.done).not.toContain("register");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(sip.done.at(-1)).toBe("register");
  });

  it("lets go of a silent conversation that it cannot make anew, without a word to the exchange", async () => {
    await talk();
    sip.emit({ kind: "media", id: "a", connected: false });
    sip.emit({ kind: "media", id: "a", connected: false });
    await vi.advanceTimersByTimeAsync(MEDIA_LOST_MS - 1);
    expect(sip.done).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sip.done).toEqual(["abandon a"]);
  });

  it("keeps a conversation whose media comes back", async () => {
    await talk();
    sip.emit({ kind: "media", id: "a", connected: false });
    await vi.advanceTimersByTimeAsync(MEDIA_LOST_MS - 1);
    sip.emit({ kind: "media", id: "a", connected: true });
    await vi.advanceTimersByTimeAsync(MEDIA_LOST_MS);
    expect(sip.done).toEqual([]);
  });

  it("speaks into the next microphone when the first is unplugged", async () => {
    await talk();
    media.change(null);
    expect(phone.view.problem).toBe("no-microphone");
    media.change({ id: "headset" } as MediaStream);
    expect(phone.view.problem).toBeNull();
    expect(sip.done).toEqual(["use headset"]);
  });
});

describe("several tabs", () => {
  let leader: FakeLeader;
  const OTHERS: PhoneView = { status: "active", calls: [], problem: null };

  beforeEach(() => {
    leader = new FakeLeader();
    phone = new Phone({ sip, media, now: () => 0, leader });
    phone.subscribe((view) => views.push(view));
  });

  it("shows its view to the others, also to one that comes later", async () => {
    await activate();
    expect(leader.published.map((view) => view.status)).toEqual(["starting", "active"]);
    leader.listener.viewWanted();
    expect(leader.published).toHaveLength(3);
  });

  it("stays out when another tab owns the telephone, and shows that tab's state", async () => {
    leader.free = false;
    await phone.start(ACCOUNT);
    leader.listener.viewChanged(OTHERS);
    expect(phone.view).toEqual({ ...OTHERS, elsewhere: true });
    expect(sip.done).toEqual([]);
    expect(media.isOpen).toBe(false);
  });

  it("is read-only while another tab owns the telephone", async () => {
    leader.listener.viewChanged({
      ...OTHERS,
      calls: [
        {
          ...INVITE,
          direction: "in",
          state: "ringing",
          muted: false,
          held: false,
          startedAt: 0,
          answeredAt: null,
        },
      ],
    });
    phone.answer();
    phone.hangup("a");
    phone.call("102");
    await phone.stop();
    expect(sip.done).toEqual([]);
    expect(phone.view.calls).toHaveLength(1);
  });

  it("can be started once the other tab is gone", async () => {
    leader.listener.viewChanged(OTHERS);
    leader.listener.viewChanged(null);
    expect(phone.view).toEqual({ status: "inactive", calls: [], problem: null });
    await activate();
    expect(phone.view.status).toBe("active");
  });

  it("takes over on request", async () => {
    leader.free = false;
    leader.listener.viewChanged(OTHERS);
    await phone.takeOver(ACCOUNT);
    sip.emit({ kind: "registered" });
    expect(phone.view).toEqual({ status: "active", calls: [], problem: null });
  });

  it("steps back when another tab takes over", async () => {
    await talk();
    leader.listener.lost();
    expect(phone.view).toEqual({ status: "inactive", calls: [], problem: null, elsewhere: true });
    expect(sip.done).toEqual(["stop"]);
  });

  it("gives the telephone free only after it has unregistered", async () => {
    sip.stopsAtOnce = false;
    await activate();
    const stopping = phone.stop();
    expect(leader.owns).toBe(true);
    sip.stopped();
    await stopping;
    expect(leader.owns).toBe(false);
  });
});
