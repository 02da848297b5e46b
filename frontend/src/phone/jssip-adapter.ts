// The only file that knows JsSIP. Settings and their reasons: the measurements behind docs/telephony.md.

import * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRequest, IncomingResponse } from "jssip/lib/SIPMessage";
import type { IncomingRTCSessionEvent, OutgoingRTCSessionEvent } from "jssip/lib/UA";
import type { Dialog, RememberedCall } from "./call-memory";
import type { CallStats } from "./quality";
import type { Account, SipEvent, SipPort } from "./sip-port";
import type { CallFacts } from "./state";
import { readStats } from "./stats";

/** Close codes of `/sip` after which coming back by ourselves would be wrong (hotline/softphone/model.py). */
const REPLACED = 4001;
const SESSION_ENDED = 4002;

const REGISTER_EXPIRES_S = 120;
const RENEGOTIATE_AGAIN_MS = 1_000;
const RENEGOTIATE_TRIES = 5;
const TONE_MS = 160;
const FAREWELL_MS = 1_000;
/** A live exchange answers a REGISTER within milliseconds; no answer means a connection that only looks open. */
const ANSWER_WITHIN_MS = 4_000;
/** What JsSIP says when it ends a call because the far end did not agree to a renegotiation. */
const RENEGOTIATION_FAILED = "Media Renegotiation Failed";

type Listener = (event: SipEvent) => void;
type SocketMaker = (url: string) => JsSIP.Socket;

/** A connection that can be given up: JsSIP then makes a new one, as after a loss. */
class Connection extends JsSIP.WebSocketInterface {
  giveUp(): void {
    this.disconnect();
    this.ondisconnect(true, 1006, "no answer");
  }
}

interface Leg {
  session: RTCSession;
  /** Our own copy of the microphone's track: muting one call must not mute another, nor the level meter. */
  microphone: MediaStream | null;
  audio: HTMLAudioElement | null;
  /** Hung up before it was answered, or given up: JsSIP's later events about it are not news. */
  over: boolean;
}

/** Call facts from an INVITE; the X- headers are added by the dialplan (docs/internals.md). */
export function callFacts(id: string, request: IncomingRequest, user: string): CallFacts {
  const header = (name: string): string | null => request.getHeader(name) || null;
  return {
    id,
    number: user === "anonymous" ? "" : user,
    callKey: header("X-Call-Id"),
    role: header("X-Call-Role") ?? "internal",
    queue: header("X-Queue"),
  };
}

/** SIP over JsSIP: one user agent from start to stop. */
export class JsSipAdapter implements SipPort {
  private ua: JsSIP.UA | null = null;
  private account: Account | null = null;
  private listener: Listener = () => undefined;
  private readonly legs = new Map<string, Leg>();
  private speaker = "";
  private socket: JsSIP.Socket | null = null;
  private checking: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly makeSocket: SocketMaker = (url) => new Connection(url)) {}

  start(account: Account, listener: Listener): void {
    if (this.ua) throw new Error("the SIP adapter runs already");
    this.account = account;
    this.listener = listener;
    const user = account.uri.replace(/^sip:/, "").replace(/@.*$/, "");
    const host = `${crypto.randomUUID().slice(0, 12)}.invalid`;
    const socket = this.makeSocket(absolute(account.ws));
    this.socket = socket;
    const ua = new JsSIP.UA({
      sockets: [socket],
      uri: account.uri,
      password: account.password,
      // The proxy checks that every request comes from the extension, and requests inside a call that Asterisk began
      // carry the user of our Contact.
      contact_uri: `sip:${user}@${host};transport=ws`,
      register: true,
      register_expires: REGISTER_EXPIRES_S,
      // A refresh that is due while the connection is away would end the call.
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 4,
      user_agent: "Hotline",
    });
    this.ua = ua;
    ua.on("registered", () => {
      clearTimeout(this.checking);
      this.emit(ua, { kind: "registered" });
    });
    ua.on("registrationFailed", (event) => {
      clearTimeout(this.checking);
      // Without a response the connection is to blame; "disconnected" tells about that.
      if (event.response || event.cause === JsSIP.C.causes.REQUEST_TIMEOUT)
        this.emit(ua, { kind: "refused" });
    });
    ua.on("disconnected", (event) => {
      const forGood = event.code === REPLACED || event.code === SESSION_ENDED;
      this.emit(ua, { kind: forGood ? "taken-over" : "disconnected" });
    });
    ua.on("newRTCSession", (event: IncomingRTCSessionEvent | OutgoingRTCSessionEvent) => {
      if (event.originator === "remote") this.ring(ua, event.session, event.request as IncomingRequest);
    });
    ua.start();
  }

  async stop(quietly = false): Promise<void> {
    const ua = this.ua;
    if (!ua) return;
    clearTimeout(this.checking);
    this.ua = null;
    this.account = null;
    this.listener = () => undefined;
    if (quietly) this.socket?.disconnect(); // a BYE that cannot be sent ends nothing on the other side
    this.socket = null;
    ua.terminateSessions();
    for (const id of [...this.legs.keys()]) this.forget(id);
    // JsSIP's own stop keeps the connection for two seconds while anything is unanswered; waiting for the answer to the
    // farewell makes it short, and certain that the exchange has forgotten us.
    if (!quietly && ua.isRegistered()) {
      const gone = new Promise<void>((resolve) => ua.once("unregistered", () => resolve()));
      ua.unregister();
      await Promise.race([gone, pause(FAREWELL_MS)]);
      await pause(0);
    }
    ua.stop();
  }

  register(): void {
    if (this.ua?.isConnected()) this.ua.register();
  }

  answer(id: string, microphone: MediaStream): void {
    const leg = this.legs.get(id);
    if (!leg?.session.isInProgress() || leg.microphone) return;
    leg.microphone = microphone.clone();
    leg.session.answer({ mediaStream: leg.microphone, pcConfig: this.pcConfig() });
  }

  call(number: string, microphone: MediaStream, card = ""): void {
    const ua = this.ua;
    if (!ua) return;
    const own = microphone.clone();
    const extraHeaders = card === "" ? [] : [`X-Card-Id: ${card}`];
    const session = ua.call(number, { mediaStream: own, pcConfig: this.pcConfig(), extraHeaders });
    this.adopt(ua, session, own);
    const facts: CallFacts = { id: session.id, number, callKey: null, role: "outgoing", queue: null };
    this.emit(ua, { kind: "outgoing", ...facts });
  }

  recover(call: RememberedCall, microphone: MediaStream): string | null {
    const ua = this.ua;
    if (!ua) return null;
    const { callId, localTag, remoteTag } = call.dialog;
    const own = microphone.clone();
    const session = ua.call("recover", {
      mediaStream: own,
      pcConfig: this.pcConfig(),
      // The tags as the exchange sees them (RFC 3891 section 3): its own one is "to".
      extraHeaders: [`Replaces: ${callId};to-tag=${remoteTag};from-tag=${localTag}`],
    });
    this.adopt(ua, session, own);
    const { number, callKey, role, queue, direction, startedAt, answeredAt } = call;
    const before = { direction, startedAt, answeredAt };
    this.emit(ua, { kind: "outgoing", id: session.id, number, callKey, role, queue, before });
    return session.id;
  }

  abandon(id: string): void {
    this.legs.get(id)?.session.connection?.close();
    this.end(id);
  }

  check(): void {
    const { ua, socket } = this;
    if (!ua?.isConnected() || !(socket instanceof Connection)) return;
    clearTimeout(this.checking);
    this.checking = setTimeout(() => {
      if (socket === this.socket) socket.giveUp();
    }, ANSWER_WITHIN_MS);
    ua.register();
  }

  hangup(id: string): void {
    const leg = this.legs.get(id);
    if (!leg || leg.session.isEnded()) return;
    const refusal = leg.session.isInProgress() && leg.session.direction === "incoming";
    try {
      leg.session.terminate(refusal ? { status_code: 486, reason_phrase: "Busy Here" } : {});
    } catch {
      // JsSIP refuses in the instant between states; for the operator the call is over all the same.
      this.end(id);
    }
    // Without a connection JsSIP waits for a transaction that cannot end.
    if (!this.ua?.isConnected()) this.end(id);
  }

  dtmf(id: string, tone: string): void {
    const session = this.established(id);
    session?.sendDTMF(tone, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833, duration: TONE_MS });
  }

  mute(id: string, on: boolean): void {
    const session = this.established(id);
    if (on) session?.mute({ audio: true });
    else session?.unmute({ audio: true });
  }

  hold(id: string, on: boolean): void {
    const session = this.established(id);
    if (on) session?.hold();
    else session?.unhold();
  }

  renegotiate(id: string): void {
    this.tryRenegotiate(id, RENEGOTIATE_TRIES);
  }

  useMicrophone(microphone: MediaStream): void {
    for (const leg of this.legs.values()) {
      if (!leg.microphone) continue;
      const muted = leg.session.isMuted().audio === true;
      stopTracks(leg.microphone);
      leg.microphone = microphone.clone();
      const track = leg.microphone.getAudioTracks()[0] ?? null;
      if (track) track.enabled = !muted;
      const sender = leg.session.connection
        ?.getSenders()
        .find((one) => one.track === null || one.track.kind === "audio");
      void sender?.replaceTrack(track);
    }
  }

  async useSpeaker(id: string): Promise<void> {
    this.speaker = id;
    await Promise.all([...this.legs.values()].map(async ({ audio }) => audio && toSpeaker(audio, id)));
  }

  async stats(id: string): Promise<CallStats | null> {
    const report = await this.established(id)?.connection?.getStats();
    return report ? readStats(report) : null;
  }

  mend(id: string, newPath: boolean): void {
    if (newPath) this.established(id)?.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
    else this.renegotiate(id);
  }

  /** Refused by JsSIP while another INVITE or UPDATE is pending; then it is tried again. */
  private tryRenegotiate(id: string, tries: number): void {
    const session = this.established(id);
    if (!session || session.renegotiate({ useUpdate: true }) || tries <= 1) return;
    setTimeout(() => this.tryRenegotiate(id, tries - 1), RENEGOTIATE_AGAIN_MS);
  }

  private ring(ua: JsSIP.UA, session: RTCSession, request: IncomingRequest): void {
    this.adopt(ua, session, null, request);
    this.emit(ua, { kind: "incoming", ...callFacts(session.id, request, session.remote_identity.uri.user) });
  }

  private adopt(
    ua: JsSIP.UA,
    session: RTCSession,
    microphone: MediaStream | null,
    invite?: IncomingRequest,
  ): void {
    const id = session.id;
    // JsSIP ends a call by itself when a renegotiation fails, and throws when the call has ended in the meantime.
    // A try to mend the sound must never cost the call, so only an end that somebody wished is one.
    const terminate = session.terminate.bind(session);
    session.terminate = (options) => {
      if (!session.isEnded() && options?.reason_phrase !== RENEGOTIATION_FAILED) terminate(options);
    };
    this.legs.set(id, { session, microphone, audio: null, over: false });
    session.on("accepted", ({ response }: { response?: IncomingResponse }) => {
      const dialog = invite ? dialogOf(invite, true) : response && dialogOf(response, false);
      this.emit(ua, dialog ? { kind: "accepted", id, dialog } : { kind: "accepted", id });
    });
    session.on("ended", () => this.end(id));
    session.on("failed", () => this.end(id));
    session.on("muted", () => this.emit(ua, { kind: "muted", id, on: true }));
    session.on("unmuted", () => this.emit(ua, { kind: "muted", id, on: false }));
    session.on("hold", (event) => {
      if (event.originator === "local") this.emit(ua, { kind: "held", id, on: true });
    });
    session.on("unhold", (event) => {
      if (event.originator === "local") this.emit(ua, { kind: "held", id, on: false });
    });
    session.on("icecandidate", (event) => {
      if (this.isEnough(event.candidate)) event.ready();
    });
    // An outgoing session has its connection already, an incoming one makes it in answer().
    if (session.connection) this.listenTo(ua, id, session.connection);
    else session.on("peerconnection", (event) => this.listenTo(ua, id, event.peerconnection));
  }

  /**
   * The first host candidate is enough on the organisation's network; gathering to the end can take ten seconds.
   * Where a relay is configured it is there because host candidates do not get through.
   */
  private isEnough(candidate: RTCIceCandidate): boolean {
    const wanted = this.account?.iceServers.length ? "relay" : "host";
    return candidate.type === wanted && candidate.protocol === "udp";
  }

  private listenTo(ua: JsSIP.UA, id: string, connection: RTCPeerConnection): void {
    connection.addEventListener("track", (event) =>
      this.play(id, event.streams[0] ?? new MediaStream([event.track])),
    );
    connection.addEventListener("iceconnectionstatechange", () => {
      const state = connection.iceConnectionState;
      if (state === "disconnected" || state === "failed")
        this.emit(ua, { kind: "media", id, connected: false });
      if (state === "connected" || state === "completed")
        this.emit(ua, { kind: "media", id, connected: true });
    });
  }

  private play(id: string, stream: MediaStream): void {
    const leg = this.legs.get(id);
    if (!leg) return;
    leg.audio ??= document.createElement("audio");
    leg.audio.autoplay = true;
    leg.audio.hidden = true;
    leg.audio.dataset["phoneCall"] = id;
    leg.audio.srcObject = stream;
    // An output that was unplugged since it was chosen: the default one plays.
    if (this.speaker !== "") void toSpeaker(leg.audio, this.speaker).catch(() => undefined);
    document.body.append(leg.audio);
  }

  private end(id: string): void {
    const ua = this.ua;
    const leg = this.legs.get(id);
    if (!leg || leg.over) return;
    leg.over = true;
    this.forget(id);
    if (ua) this.emit(ua, { kind: "ended", id });
  }

  private forget(id: string): void {
    const leg = this.legs.get(id);
    if (!leg) return;
    this.legs.delete(id);
    if (leg.microphone) stopTracks(leg.microphone);
    if (leg.audio) {
      leg.audio.srcObject = null;
      leg.audio.remove();
    }
  }

  private established(id: string): RTCSession | undefined {
    const session = this.legs.get(id)?.session;
    return session?.isEstablished() ? session : undefined;
  }

  private pcConfig(): RTCConfiguration {
    return { iceServers: this.account?.iceServers ?? [] };
  }

  private emit(from: JsSIP.UA, event: SipEvent): void {
    if (from === this.ua) this.listener(event);
  }
}

/** The dialog that a message belongs to; the far end's tag comes first in a request, ours in a response. */
function dialogOf(message: IncomingRequest | IncomingResponse, request: boolean): Dialog {
  // JsSIP's types leave the parsed identifiers out.
  const tags = message as unknown as { call_id: string; from_tag: string; to_tag: string };
  const { call_id: callId, from_tag: from, to_tag: to } = tags;
  return request ? { callId, localTag: to, remoteTag: from } : { callId, localTag: from, remoteTag: to };
}

function absolute(address: string): string {
  const url = new URL(address, document.baseURI);
  url.protocol = url.protocol.replace(/^http/, "ws");
  return url.href;
}

/** Safari has no choice of outputs; there the system's own settings decide. */
async function toSpeaker(audio: HTMLAudioElement, id: string): Promise<void> {
  if ("setSinkId" in audio) await audio.setSinkId(id);
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
