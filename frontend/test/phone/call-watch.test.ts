import { beforeEach, describe, expect, it } from "vitest";
import { type CallReport, CallWatch, type WatchPorts } from "../../src/phone/call-watch";
import type { Sample } from "../../src/phone/quality";
import type { PhoneView } from "../../src/phone/state";
import { phoneCall } from "../fake-phone";

describe("CallWatch", () => {
  let at: number;
  let received: number;
  let path: number;
  let reports: CallReport[];
  let mended: string[];
  let watch: CallWatch;
  const talking = (change: Partial<PhoneView> = {}): PhoneView => ({
    status: "active",
    problem: null,
    calls: [phoneCall({ state: "talking" })],
    ...change,
  });

  function sample(): Sample {
    return {
      at,
      received,
      lost: 0,
      sent: at,
      jitterMs: 1,
      rttMs: null,
      farLoss: 0,
      farReports: 0,
      pathAnswers: path,
      energy: at,
      quiet: false,
      muted: false,
      switchedOff: false,
    };
  }

  beforeEach(() => {
    at = received = path = 0;
    reports = [];
    mended = [];
    let legs = 0;
    const ports: WatchPorts = {
      sample: async () => sample(),
      mend: (id, newPath) => mended.push(`${id} ${newPath}`),
      report: (report) => reports.push(report),
      name: () => `leg-${++legs}`,
    };
    watch = new CallWatch(ports);
  });

  async function seconds(count: number, moves: { sound: boolean; path?: boolean }): Promise<void> {
    for (let second = 0; second < count; second++) {
      at += 1_000;
      if (moves.sound) received += 50;
      if (moves.path ?? true) path += 1;
      await watch.look();
    }
  }

  it("reports every two seconds while somebody talks", async () => {
    watch.show(talking());
    await seconds(7, { sound: true });
    expect(reports.map(({ leg, callKey, received: heard, alarm }) => [leg, callKey, heard, alarm])).toEqual([
      ["leg-1", "pbx1-1.1", 100, null],
      ["leg-1", "pbx1-1.1", 100, null],
      ["leg-1", "pbx1-1.1", 100, null],
    ]);
    watch.show(talking({ calls: [] }));
    await seconds(4, { sound: true });
    expect(reports).toHaveLength(3);
    watch.stop();
  });

  it("watches no call of another tab, and none that rings", async () => {
    watch.show(talking({ elsewhere: true }));
    await seconds(5, { sound: true });
    watch.show(talking({ calls: [phoneCall()] }));
    await seconds(5, { sound: true });
    expect(reports).toEqual([]);
    watch.stop();
  });

  it("tells an alarm at once, mends once for each fault, and tells the end at once", async () => {
    watch.show(talking());
    await seconds(5, { sound: true });
    reports.length = 0;
    await seconds(8, { sound: false });
    expect(reports.map(({ alarm }) => alarm).indexOf("nothing-received")).toBeLessThanOrEqual(2);
    expect(mended).toEqual(["a false"]);
    await seconds(1, { sound: true });
    expect(reports.at(-1)?.alarm).toBeNull();
    await seconds(4, { sound: false, path: false });
    expect(reports.at(-1)).toMatchObject({ alarm: "path-lost", mos: 1, lossPct: 100 });
    expect(mended).toEqual(["a false", "a true"]);
    watch.stop();
  });
});
