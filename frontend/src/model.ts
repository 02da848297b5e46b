// What the server pushes (docs/internals.md "Push"). Date-times are ISO 8601 in UTC.

import type { Alarm, Verdict } from "./phone/quality";

export interface LiveCall {
  key: string;
  direction: "in" | "out" | "internal";
  phase: "started" | "queued" | "ringing" | "talking" | "held" | "consulting" | "ended";
  caller: string | null;
  caller_display: string | null;
  dialled: string;
  queue: string | null;
  started_at: string;
  queued_at: string | null;
  answered_at: string | null;
  ended_at: string | null;
  operator: string | null;
  wait_s: number;
  recorded: boolean;
  /** The colleague who is being asked, or who is the third in the talk. */
  consulted?: string | null;
  /** Internal numbers that ring right now. */
  ringing: readonly string[];
  /** Whom this message is about: the number that rings, answered, … Absent in a snapshot. */
  extension?: string | null;
}

export interface OperatorNow {
  user_id: number;
  extension: string;
  state: string;
  since: string;
  reason: string | null;
  limit_at: string | null;
  /** Code of the pause that begins after the call. */
  planned?: string | null;
}

export interface QueueNow {
  queue: string;
  waiting: number;
  oldest_at: string | null;
}

export interface LinkNow {
  asterisk: string;
  state: string;
  reason: string;
}

export interface Snapshot {
  operator: OperatorNow | null;
  calls: readonly LiveCall[];
  queue: QueueNow | null;
  presence?: readonly PresenceNow[];
  late?: readonly LateNow[];
  parking?: readonly ParkingPlace[];
  links: readonly LinkNow[];
  quality?: readonly QualityNow[];
  server_time: string;
}

export interface PresenceNow {
  extension: string;
  state: string;
  since: string;
  queues?: readonly string[];
}

/** An operator whose pause is over its limit, or is so no more; told to those who may watch (DAY-36). */
export interface LateNow {
  extension: string;
  late: boolean;
  limit_at: string | null;
}

/** A citizen who waits for anybody. */
export interface ParkingPlace {
  slot: number;
  call_key: string;
  by: string;
  since: string;
}

/** The call went to `to`; whether its card went along, or why not. */
export interface CardHanded {
  call_key: string;
  card_id: string | null;
  moved: boolean;
  reason: string;
  to: string;
}

export interface ConsultEnd {
  call_key: string;
  status: "done" | "cancelled" | "refused";
  reason: string;
  from: string;
  to: string;
}

/** How an operator's call sounds; no verdict and no alarm when nothing is known (any more). */
export interface QualityNow {
  extension: string;
  call_key: string | null;
  at: string;
  mos: number | null;
  verdict: Verdict | null;
  loss_pct: number | null;
  jitter_ms: number | null;
  rtt_ms: number | null;
  alarm: Alarm | null;
}

export interface AppealChanged {
  id: number;
  number: string;
  /** By folder, as its badge shows them: `""` for none, `"99+"` for many. */
  folder_counts?: Readonly<Record<string, string>>;
}

export interface ConsultOffer {
  call: LiveCall;
  from: string;
  card_id: string | null;
}

/** What `GET /api/softphone` answers. */
export interface SoftphoneAccount {
  extension: string;
  uri: string;
  password: string;
  ws: string;
  ice_servers: RTCIceServer[];
  active: boolean;
}
