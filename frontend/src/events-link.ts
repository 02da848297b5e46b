// Supervision of the push WebSocket: reconnects with jittered back-off, notices a dead peer by a ping deadline, and
// counts as whole only after the snapshot (docs/internals.md "Push"). The browser is behind a port, so tests need none.

export interface SocketPort {
  send(text: string): void;
  close(): void;
}

export interface SocketListener {
  opened(): void;
  received(text: string): void;
  /** `code` is the close code of RFC 6455 section 7.4; 1006 when the connection was never made or just vanished. */
  closed(code: number): void;
}

export interface LinkPorts {
  /** Start to connect. The listener is called later, never from inside. */
  connect(listener: SocketListener): SocketPort;
  after(ms: number, run: () => void): () => void;
  /** Uniform in [0, 1). */
  random(): number;
}

export interface PushMessage {
  type: string;
  data: unknown;
}

export type LinkStatus = "connecting" | "up" | "down";

/** The server's own close code: the session is over, so reconnecting is useless before signing in. */
export const SESSION_ENDED = 4401;

export interface LinkListener {
  sessionEnded(): void;
  status(status: LinkStatus, failures: number): void;
  message(message: PushMessage): void;
}

export const PING_EVERY_MS = 10_000;
export const ANSWER_WITHIN_MS = 5_000;
export const SNAPSHOT_WITHIN_MS = 10_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** Milliseconds to wait before attempt number `failures` + 1; half fixed, half random, so that 200 desks do not
 * knock at the same moment after a restart of the service. */
export function retryDelay(failures: number, random: number): number {
  const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));
  return ceiling / 2 + (ceiling / 2) * random;
}

/** Read one text message; `null` when it is not one of ours. */
export function parsePush(text: string): PushMessage | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const { type, data } = value as { type?: unknown; data?: unknown };
    return typeof type === "string" ? { type, data: data ?? null } : null;
  } catch {
    return null;
  }
}

export class EventsLink {
  private socket: SocketPort | null = null;
  private generation = 0;
  private failures = 0;
  private status: LinkStatus = "connecting";
  private cancelTimer: () => void = () => undefined;
  private cancelPing: () => void = () => undefined;
  private stopped = true;

  constructor(
    private readonly ports: LinkPorts,
    private readonly listener: LinkListener,
  ) {}

  /** Connect and stay connected until {@link stop}. */
  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.drop();
  }

  /** Do not wait for the next attempt: the network is back, or somebody pressed "now". No-op while connected. */
  retryNow(): void {
    if (this.stopped || this.socket !== null) return;
    this.drop();
    this.connect();
  }

  /** Say something to the server; lost while the connection is, so only for what is soon said again. */
  tell(type: string, data: unknown): void {
    if (this.status === "up") this.socket?.send(JSON.stringify({ type, data }));
  }

  private connect(): void {
    this.generation += 1;
    const mine = this.generation;
    // Events of a socket that was given up must not touch its successor.
    const current = (run: () => void) => () => {
      if (mine === this.generation) run();
    };
    this.cancelTimer = this.ports.after(
      SNAPSHOT_WITHIN_MS,
      current(() => this.lost()),
    );
    this.socket = this.ports.connect({
      opened: () => undefined,
      received: (text) => current(() => this.received(text))(),
      closed: (code) => current(() => this.closed(code))(),
    });
  }

  private received(text: string): void {
    const message = parsePush(text);
    if (message === null) return;
    if (message.type === "snapshot") {
      this.failures = 0;
      this.setStatus("up");
      this.schedulePing();
    } else if (this.status === "up") {
      // Any message proves that the other side lives.
      this.schedulePing();
    }
    if (message.type !== "pong") this.listener.message(message);
  }

  private schedulePing(): void {
    this.cancelTimer();
    this.cancelPing();
    this.cancelPing = this.ports.after(PING_EVERY_MS, () => {
      this.socket?.send('{"type":"ping"}');
      this.cancelTimer = this.ports.after(ANSWER_WITHIN_MS, () => this.lost());
    });
  }

  private closed(code: number): void {
    if (code !== SESSION_ENDED) {
      this.lost();
      return;
    }
    this.drop();
    this.setStatus("down");
    this.listener.sessionEnded();
  }

  private lost(): void {
    this.drop();
    if (this.stopped) return;
    this.failures += 1;
    this.setStatus("down");
    this.cancelTimer = this.ports.after(retryDelay(this.failures, this.ports.random()), () => this.connect());
  }

  private drop(): void {
    this.generation += 1;
    this.cancelTimer();
    this.cancelPing();
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private setStatus(status: LinkStatus): void {
    this.status = status;
    this.listener.status(status, this.failures);
  }
}
