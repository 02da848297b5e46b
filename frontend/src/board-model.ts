// The supervisor's board without the DOM: rows are set, whole, by id; filters and order are pure functions.

export interface BoardTally {
  offered: number;
  answered: number;
  lost: number;
  messages: number;
  in_time: number;
  decided: number;
  service_level: number | null;
  lost_percent: number | null;
  wait_mean_s: number | null;
  wait_max_s: number;
}

export interface BoardQueue {
  queue: string;
  /** What people call it; `queue` is its code. */
  title: string;
  waiting: number;
  oldest_at: string | null;
  ready: number;
  at_work: number;
  goal: { percent: number; within_s: number; short_s: number };
  today: BoardTally;
}

export interface BoardOperator {
  id: number;
  name: string;
  extension: string;
  organisation: string;
  roles: readonly string[];
  state: string;
  since: string | null;
  reason: string;
  near_at: string | null;
  limit_at: string | null;
  over: boolean;
  queues: readonly string[];
  penalty: number;
  call_key: string | null;
  call_queue: string | null;
  direction: string;
  party: string;
  mos: number | null;
  verdict: string | null;
  alarm: string | null;
  applied: boolean;
}

export interface BoardSlot {
  offered: number;
  answered: number;
  lost: number;
  service_level: number | null;
  wait_mean_s: number | null;
  wait_max_s: number;
}

export interface BoardDay {
  start: string;
  end: string;
  step_s: number;
}

type Slots = Readonly<Record<string, Readonly<Record<string, BoardSlot>>>>;

export interface BoardPicture {
  day: BoardDay;
  queues: readonly BoardQueue[];
  operators: readonly BoardOperator[];
  slots: Slots;
}

export interface BoardChange {
  queues: readonly BoardQueue[];
  operators: readonly BoardOperator[];
  gone: readonly number[];
  slots: Slots;
}

export interface BoardFilter {
  query: string;
  team: string;
  level: string;
  /** Empty: everybody who is at work. */
  states: ReadonlySet<string>;
}

export type BoardOrder = "urgency" | "name" | "longest";
export type LimitMark = "" | "near" | "over";

/** States in the order in which a supervisor looks at them: what needs him first. */
export const STATES = ["lost", "pause", "ringing", "hold", "talking", "wrap_up", "ready", "offline"] as const;

/** Everything that is known of the board. */
export class BoardState {
  day: BoardDay | null = null;
  readonly queues = new Map<string, BoardQueue>();
  readonly operators = new Map<number, BoardOperator>();
  readonly slots = new Map<string, Map<number, BoardSlot>>();

  /** Take the whole picture: what it does not have is gone. */
  take(picture: BoardPicture): void {
    this.day = picture.day;
    this.queues.clear();
    this.operators.clear();
    this.slots.clear();
    this.change({ ...picture, gone: [] });
  }

  /** Take changed rows. */
  change(changed: BoardChange): void {
    for (const one of changed.queues) this.queues.set(one.queue, one);
    for (const id of changed.gone) this.operators.delete(id);
    for (const one of changed.operators) this.operators.set(one.id, one);
    for (const [queue, slots] of Object.entries(changed.slots)) {
      const known = this.slots.get(queue) ?? new Map<number, BoardSlot>();
      for (const [index, slot] of Object.entries(slots)) known.set(Number(index), slot);
      this.slots.set(queue, known);
    }
  }
}

/** How near a state is to its limit (DAY-36), at a moment of the server's clock in ms of the epoch. */
export function limitMark(one: BoardOperator, now: number): LimitMark {
  if (one.state !== "pause") return "";
  if (one.over || (one.limit_at !== null && Date.parse(one.limit_at) <= now)) return "over";
  return one.near_at !== null && Date.parse(one.near_at) <= now ? "near" : "";
}

export function fits(one: BoardOperator, filter: BoardFilter): boolean {
  const shown = filter.states.size === 0 ? one.state !== "offline" : filter.states.has(one.state);
  if (!shown) return false;
  if (filter.team !== "" && one.organisation !== filter.team) return false;
  if (filter.level !== "" && !one.roles.includes(filter.level)) return false;
  const words = filter.query.toLowerCase().replaceAll("ё", "е").split(/\s+/).filter(Boolean);
  const name = one.name.toLowerCase().replaceAll("ё", "е");
  return words.every((word) => name.includes(word) || one.extension.startsWith(word));
}

/** What needs a supervisor first: sound gone, over a limit, lost, near a limit, then the states in their order. */
export function urgency(one: BoardOperator, now: number): number {
  if (one.alarm !== null && !one.alarm.startsWith("microphone")) return 0;
  const mark = limitMark(one, now);
  if (mark === "over") return 1;
  if (one.state === "lost") return 2;
  if (mark === "near") return 3;
  return 4 + Math.max(0, (STATES as readonly string[]).indexOf(one.state));
}

/** Compare two operators; equal ones keep the order of their names, so that cards do not jump. */
export function compare(order: BoardOrder, now: number): (a: BoardOperator, b: BoardOperator) => number {
  const byName = (a: BoardOperator, b: BoardOperator): number =>
    a.name.localeCompare(b.name, "ru") || a.id - b.id;
  if (order === "name") return byName;
  const longest = (a: BoardOperator, b: BoardOperator): number =>
    (a.since ?? "9").localeCompare(b.since ?? "9") || byName(a, b);
  if (order === "longest") return longest;
  return (a, b) => urgency(a, now) - urgency(b, now) || byName(a, b);
}

/** How a queue stands to its goal; a word goes with every colour. */
export function goalMark(one: BoardQueue): "none" | "kept" | "near" | "missed" {
  const level = one.today.service_level;
  if (level === null) return "none";
  if (level >= one.goal.percent) return "kept";
  return level >= one.goal.percent - 5 ? "near" : "missed";
}
