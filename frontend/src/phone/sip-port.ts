import type { Dialog, RememberedCall } from "./call-memory";
import type { CallStats } from "./quality";
import type { CallFacts } from "./state";

export interface Account {
  uri: string;
  password: string;
  /** Address of the SIP WebSocket, absolute or relative to the page. */
  ws: string;
  iceServers: RTCIceServer[];
}

/** What the SIP stack tells the telephone. */
export type SipEvent =
  | { kind: "registered" }
  | { kind: "disconnected" }
  | { kind: "refused" }
  /** The server closed for good: the extension connected from elsewhere, or the session ended. */
  | { kind: "taken-over" }
  | ({ kind: "incoming" } & CallFacts)
  | ({ kind: "outgoing" } & CallFacts)
  | { kind: "accepted"; id: string; dialog?: Dialog }
  | { kind: "ended"; id: string }
  | { kind: "muted"; id: string; on: boolean }
  | { kind: "held"; id: string; on: boolean }
  /** ICE lost or found its way again. */
  | { kind: "media"; id: string; connected: boolean };

/** The little that the telephone needs of a SIP stack. Commands about a call that is gone do nothing. */
export interface SipPort {
  /** Connect and register; goes on trying until {@link SipPort.stop}. Events may come from inside a command. */
  start(account: Account, listener: (event: SipEvent) => void): void;
  /**
   * Hang up, unregister, disconnect. No events come after it resolves. With `quietly` nothing is said to the exchange:
   * calls go on there, for the browser that took the telephone over.
   */
  stop(quietly?: boolean): Promise<void>;
  /** Try to register again after a refusal. */
  register(): void;
  answer(id: string, microphone: MediaStream): void;
  /** Dial; a `card` travels with the call as `X-Card-Id` (docs/telephony.md). */
  call(number: string, microphone: MediaStream, card?: string): void;
  /** Take a call back that this page lost: INVITE with Replaces (RFC 3891). `null` when the stack does not run. */
  recover(call: RememberedCall, microphone: MediaStream): string | null;
  /** End a call here only, without a word to the exchange. */
  abandon(id: string): void;
  /** Something happened to the network or the machine: find out now whether the connection is alive. */
  check(): void;
  /** End a call: refuse, cancel or hang up, whichever its state asks for. Works without a connection as well. */
  hangup(id: string): void;
  dtmf(id: string, tone: string): void;
  mute(id: string, on: boolean): void;
  hold(id: string, on: boolean): void;
  /** Tell the far end our present address (UPDATE). */
  renegotiate(id: string): void;
  /** Speak into another microphone from now on. */
  useMicrophone(microphone: MediaStream): void;
  /** Play the far ends on this output from now on; `""` is the system's default. Rejects when it is not there. */
  useSpeaker(id: string): Promise<void>;
  /** What the browser counts about a call; `null` while it has no sound. */
  stats(id: string): Promise<CallStats | null>;
  /** Try to bring lost sound back: find a new network path (ICE restart), or only tell the far end where we are. */
  mend(id: string, newPath: boolean): void;
}
