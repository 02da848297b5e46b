import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Alarm, figures, mos, OneWayWatch, type Sample, verdict } from "../../src/phone/quality";
import { readStats } from "../../src/phone/stats";

interface Row {
  what: string;
  loss_pct: number;
  jitter_ms: number;
  rtt_ms: number;
  mos: number;
}
// The server's formula is held against the same file (tests/unit/softphone/test_quality.py).
const ROWS = JSON.parse(readFileSync("test/phone/mos.json", "utf8")) as Row[];

describe("the mean opinion score", () => {
  it.each(ROWS)("of $what is $mos", (row) => {
    expect(mos(row.loss_pct, row.jitter_ms, row.rtt_ms)).toBeCloseTo(row.mos, 3);
  });

  it.each([
    [4.41, "good"],
    [4.03, "good"],
    [4.02, "fair"],
    [3.6, "fair"],
    [3.59, "poor"],
    [1, "poor"],
  ])("%f is %s", (score, word) => {
    expect(verdict(score)).toBe(word);
  });
});

function sample(at: number, change: Partial<Sample> = {}): Sample {
  const seconds = at / 1000;
  return {
    at,
    received: 50 * seconds,
    lost: 0,
    sent: 50 * seconds,
    jitterMs: 2,
    rttMs: 10,
    farLoss: 0,
    farReports: Math.floor(seconds / 5),
    pathAnswers: Math.floor(seconds / 2),
    energy: seconds,
    quiet: false,
    muted: false,
    switchedOff: false,
    ...change,
  };
}

describe("figures of a stretch", () => {
  it("count what came and what was lost", () => {
    const found = figures(sample(0), sample(2_000, { received: 90, lost: 10 }), null);
    expect(found).toMatchObject({ received: 90, lost: 10, lossPct: 10, jitterMs: 2, rttMs: 10 });
    expect(found.mos).toBeCloseTo(mos(10, 2, 10), 6);
  });

  it("have no score while nothing is to be heard", () => {
    expect(figures(sample(0), sample(2_000, { received: 0 }), null).mos).toBeNull();
  });

  it("are as bad as can be when nothing comes that should", () => {
    const found = figures(sample(0), sample(2_000, { received: 0 }), "path-lost");
    expect(found).toMatchObject({ lossPct: 100, mos: 1 });
  });

  it("do not go negative when late packets are found again", () => {
    expect(figures(sample(0, { lost: 5 }), sample(2_000, { lost: 3 }), null)).toMatchObject({ lost: 0 });
  });
});

describe("the alarm", () => {
  /** Look every second of `seconds`; answer each second at which the alarm changes. */
  function run(seconds: number, change: (second: number) => Partial<Sample>): [number, Alarm | null][] {
    const watch = new OneWayWatch();
    const told: [number, Alarm | null][] = [];
    let last: Alarm | null = null;
    for (let second = 0; second <= seconds; second++) {
      const alarm = watch.take(sample(second * 1_000, change(second)));
      if (alarm !== last) told.push([second, alarm]);
      last = alarm;
    }
    return told;
  }
  const stopsAt = (second: number, last: number, perSecond: number): number =>
    Math.min(second, last) * perSecond;

  it("is silent in a good call", () => {
    expect(run(60, () => ({}))).toEqual([]);
  });

  it("comes three seconds after the last packet and goes with the next one", () => {
    const received = (s: number): number => (s < 15 ? stopsAt(s, 10, 50) : 50 * s);
    expect(run(20, (s) => ({ received: received(s) }))).toEqual([
      [13, "nothing-received"],
      [15, null],
    ]);
  });

  it("does not wait for a fourth second because a look came a little early", () => {
    const watch = new OneWayWatch();
    const looks = [0, 1_000, 2_001, 3_000, 4_000, 4_999].map((at) =>
      watch.take(sample(at, { received: Math.min(at, 2_001) / 20 })),
    );
    expect(looks.slice(-2)).toEqual([null, "nothing-received"]);
  });

  it("blames the path when not even connectivity checks are answered", () => {
    expect(run(20, (s) => ({ received: stopsAt(s, 10, 50), pathAnswers: stopsAt(s, 10, 1) }))).toEqual([
      [13, "path-lost"],
    ]);
  });

  it("comes as well when nothing was ever heard", () => {
    expect(run(5, () => ({ received: 0 }))).toEqual([[3, "nothing-received"]]);
  });

  it("leaves a held call alone, and gives it three seconds afterwards", () => {
    expect(run(20, (s) => ({ received: stopsAt(s, 2, 50), quiet: s >= 3 && s < 15 }))).toEqual([
      [18, "nothing-received"],
    ]);
  });

  it("sees that we send nothing", () => {
    expect(run(8, (s) => ({ sent: stopsAt(s, 4, 50) }))).toEqual([[7, "nothing-sent"]]);
  });

  it("believes one report of the far end that it hears nothing", () => {
    expect(run(12, (s) => ({ farLoss: s >= 7 ? 1 : 0 }))).toEqual([[10, "not-heard"]]);
  });

  it("believes two reports in a row of heavy losses, and the first good one", () => {
    expect(run(25, (s) => ({ farLoss: s >= 7 && s < 18 ? 0.6 : 0 }))).toEqual([
      [15, "not-heard"],
      [18, null],
    ]);
  });

  it("shows the headset's own switch at once, but not above our own button", () => {
    expect(run(6, (s) => ({ switchedOff: s >= 2, muted: s >= 4 }))).toEqual([
      [2, "microphone-off"],
      [4, null],
    ]);
  });

  it("notices a microphone without any sound after ten seconds, unless it is muted", () => {
    expect(run(20, (s) => ({ energy: stopsAt(s, 3, 1) }))).toEqual([[13, "microphone-silent"]]);
    expect(run(30, (s) => ({ energy: 0, muted: s > 0 }))).toEqual([]);
    expect(run(30, () => ({ energy: null }))).toEqual([]);
  });

  it("proves nothing from the time when the page slept", () => {
    const watch = new OneWayWatch();
    watch.take(sample(0));
    expect(watch.take(sample(60_000, { received: 0 }))).toBeNull();
    expect(watch.take(sample(61_000, { received: 0 }))).toBeNull();
  });
});

describe("readStats", () => {
  const rows: Record<string, unknown>[] = [
    { type: "inbound-rtp", kind: "audio", packetsReceived: 100, packetsLost: 2, jitter: 0.004 },
    { type: "outbound-rtp", kind: "audio", packetsSent: 99 },
    {
      type: "remote-inbound-rtp",
      kind: "audio",
      roundTripTime: 0.02,
      fractionLost: 0.5,
      roundTripTimeMeasurements: 3,
    },
    { type: "media-source", kind: "audio", totalAudioEnergy: 1.5 },
    { type: "candidate-pair", responsesReceived: 4 },
    { type: "candidate-pair", responsesReceived: 3 },
    { type: "codec" },
  ];
  const report = (from: Record<string, unknown>[]): Map<string, unknown> =>
    new Map(from.map((row, at) => [String(at), row]));

  it("finds the figures of the call", () => {
    expect(readStats(report(rows))).toEqual({
      received: 100,
      lost: 2,
      jitterMs: 4,
      sent: 99,
      rttMs: 20,
      farLoss: 0.5,
      farReports: 3,
      pathAnswers: 7,
      energy: 1.5,
    });
  });

  it("says what is not known yet", () => {
    expect(readStats(report(rows.slice(0, 1)))).toMatchObject({ rttMs: null, energy: null, sent: 0 });
    expect(readStats(report([{ type: "codec" }]))).toBeNull();
  });
});
