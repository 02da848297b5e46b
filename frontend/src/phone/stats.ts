import type { CallStats } from "./quality";

type Row = Record<string, unknown>;

function number(row: Row | undefined, name: string): number {
  const value = row?.[name];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/**
 * Find a call's figures in what `RTCPeerConnection.getStats` answers (W3C "Identifiers for WebRTC's Statistics API").
 * `null` while no sound has been negotiated.
 */
export function readStats(report: Iterable<readonly [string, unknown]>): CallStats | null {
  const rows = [...report].map(([, row]) => row as Row);
  const audio = (type: string): Row | undefined =>
    rows.find((row) => row["type"] === type && (row["kind"] ?? row["mediaType"]) === "audio");
  const inbound = audio("inbound-rtp");
  const outbound = audio("outbound-rtp");
  if (!inbound && !outbound) return null;
  const far = audio("remote-inbound-rtp");
  const source = audio("media-source");
  const rtt = far && "roundTripTime" in far ? number(far, "roundTripTime") * 1000 : null;
  const pairs = rows.filter((row) => row["type"] === "candidate-pair");
  return {
    received: number(inbound, "packetsReceived"),
    lost: number(inbound, "packetsLost"),
    jitterMs: number(inbound, "jitter") * 1000,
    sent: number(outbound, "packetsSent"),
    rttMs: rtt,
    farLoss: number(far, "fractionLost"),
    farReports: number(far, "roundTripTimeMeasurements"),
    pathAnswers: pairs.reduce((sum, pair) => sum + number(pair, "responsesReceived"), 0),
    energy: source && "totalAudioEnergy" in source ? number(source, "totalAudioEnergy") : null,
  };
}
