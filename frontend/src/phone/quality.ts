// How well a call sounds, from what the browser counts: figures for each stretch of time, and alarms for a voice that
// goes one way only. No DOM, no WebRTC, no timers: samples and their times come in.

/** What the browser knows about a call at one moment. Counters grow from the beginning of the call. */
export interface CallStats {
  /** Sound packets that arrived, were lost on the way to us, and were sent by us. */
  received: number;
  lost: number;
  sent: number;
  /** RFC 3550 section 6.4.1, in milliseconds. */
  jitterMs: number;
  /** There and back, in milliseconds; `null` until the far end has reported once. */
  rttMs: number | null;
  /** Which part of our packets the far end missed lately, 0 to 1, and how often it has reported. */
  farLoss: number;
  farReports: number;
  /** Answers to connectivity checks (RFC 8445): they grow while the network path lives, sound or not. */
  pathAnswers: number;
  /** Energy of the microphone since the beginning; `null` when the browser does not tell. */
  energy: number | null;
}

/** One look at a call: its counters, and what the page knows besides. */
export interface Sample extends CallStats {
  /** Milliseconds on any steady clock. */
  at: number;
  /** Nobody is expected to be heard or to speak: on hold, waiting for a colleague. */
  quiet: boolean;
  /** The operator muted himself with our button. */
  muted: boolean;
  /** The headset's own switch or the operating system mutes the microphone. */
  switchedOff: boolean;
}

/** In order of gravity. */
export const ALARMS = [
  "path-lost",
  "nothing-received",
  "nothing-sent",
  "not-heard",
  "microphone-off",
  "microphone-silent",
] as const;
export type Alarm = (typeof ALARMS)[number];

export type Verdict = "good" | "fair" | "poor";

/** What a stretch of a call was like. */
export interface Figures {
  received: number;
  lost: number;
  lossPct: number;
  jitterMs: number;
  rttMs: number | null;
  /** Mean opinion score, 1 to 4.5; `null` when nothing was to be heard. */
  mos: number | null;
}

/** No packets for so long is a fault: Asterisk sends fifty a second. */
export const SILENT_AFTER_MS = 3_000;
/** Looks come once a second, a little early or late: three of them must count as three seconds, or a fourth is waited for. */
const LOOK_SLACK_MS = 250;
/** A person may listen for a while, but no living microphone gives pure zeros for so long. */
export const MICROPHONE_SILENT_AFTER_MS = 10_000;
/** A longer gap between two looks means that the page slept; what happened meanwhile proves nothing. */
const LOOKED_AWAY_MS = 5_000;
/** The far end misses this part of what we send: at once a fault, or a fault when two reports in a row say so. */
const FAR_DEAF = 0.9;
const FAR_LOSS = 0.5;

/**
 * Mean opinion score by the simplified E-model that PingPlotter made common. The server counts with the same formula
 * (hotline/softphone/quality_rules.py); both are held against frontend/test/phone/mos.json.
 */
export function mos(lossPct: number, jitterMs: number, rttMs: number): number {
  const latency = rttMs / 2 + 2 * jitterMs + 10;
  const r = 93.2 - (latency < 160 ? latency / 40 : (latency - 120) / 10) - 2.5 * lossPct;
  if (r <= 0) return 1;
  return Math.min(4.5, Math.max(1, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)));
}

/** ITU-T G.107 table B.1: above 4.03 users are satisfied, below 3.60 many of them are not. */
export function verdict(score: number): Verdict {
  if (score >= 4.03) return "good";
  return score >= 3.6 ? "fair" : "poor";
}

/** The figures of the stretch between two samples. */
export function figures(from: CallStats, to: CallStats, alarm: Alarm | null): Figures {
  const received = Math.max(0, to.received - from.received);
  // Late packets are taken off the losses again, so the counter may fall.
  const lost = Math.max(0, to.lost - from.lost);
  const deaf = received === 0 && (alarm === "path-lost" || alarm === "nothing-received");
  const expected = received + lost;
  const lossPct = deaf ? 100 : expected === 0 ? 0 : (100 * lost) / expected;
  return {
    received,
    lost,
    lossPct,
    jitterMs: to.jitterMs,
    rttMs: to.rttMs,
    mos: deaf ? 1 : expected === 0 ? null : mos(lossPct, to.jitterMs, to.rttMs ?? 0),
  };
}

/** Watches one call for a voice that does not get through. */
export class OneWayWatch {
  private last: Sample | null = null;
  /** When each counter was last seen to move. */
  private receivedAt = 0;
  private sentAt = 0;
  private pathAt = 0;
  private spokenAt = 0;
  /** Reports of the far end in a row that told of great losses. */
  private farBad = 0;

  /** Take a look; answers the gravest thing that is wrong now, if any. */
  take(sample: Sample): Alarm | null {
    const last = this.last;
    this.last = sample;
    const { at } = sample;
    // The same beginning for a call, for its end of hold, for a page that woke up and for a restarted counter.
    const anew =
      last === null ||
      at - last.at > LOOKED_AWAY_MS ||
      last.quiet !== sample.quiet ||
      sample.received < last.received ||
      sample.sent < last.sent;
    if (anew || sample.received > last.received) this.receivedAt = at;
    if (anew || sample.sent > last.sent) this.sentAt = at;
    if (anew || sample.pathAnswers !== last.pathAnswers) this.pathAt = at;
    if (anew || sample.muted || sample.energy === null || sample.energy !== last.energy) this.spokenAt = at;
    // Reports from before the beginning tell of something that is over.
    if (anew || sample.farLoss < FAR_LOSS) this.farBad = 0;
    else if (sample.farReports !== last.farReports) this.farBad += sample.farLoss >= FAR_DEAF ? 2 : 1;
    return sample.quiet ? null : this.judge(sample);
  }

  private judge(sample: Sample): Alarm | null {
    const { at } = sample;
    const since = at - SILENT_AFTER_MS + LOOK_SLACK_MS;
    if (this.receivedAt <= since) return this.pathAt <= since ? "path-lost" : "nothing-received";
    if (this.sentAt <= since) return "nothing-sent";
    if (this.farBad >= 2) return "not-heard";
    if (sample.switchedOff && !sample.muted) return "microphone-off";
    if (at - this.spokenAt >= MICROPHONE_SILENT_AFTER_MS) return "microphone-silent";
    return null;
  }
}
