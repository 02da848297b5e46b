// JsSIP on a socket whose far end is this test: real SIP texts, no network. Calls with sound are tested in Chromium.
import type { Socket } from "jssip";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { JsSipAdapter } from "../../src/phone/jssip-adapter";
import type { SipEvent } from "../../src/phone/sip-port";
import { ACCOUNT, MICROPHONE } from "./fakes";

class LoopSocket {
  via_transport = "WS";
  sip_uri = "sip:loop.invalid;transport=ws";
  readonly sent: string[] = [];
  onconnect: () => void = () => undefined;
  ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => undefined;
  ondata: (data: string) => void = () => undefined;
  private open = false;

  constructor(
    readonly url: string,
    readonly answers: (request: string) => string | null,
  ) {}

  connect(): void {
    queueMicrotask(() => {
      this.open = true;
      this.onconnect();
    });
  }
  disconnect(): void {
    this.open = false;
  }
  isConnected(): boolean {
    return this.open;
  }
  isConnecting(): boolean {
    return false;
  }
  send(message: string): boolean {
    if (!this.open) return false;
    this.sent.push(message);
    const answer = this.answers(message);
    if (answer !== null) queueMicrotask(() => this.ondata(answer));
    return true;
  }
  /** The server closes. */
  close(code: number, reason: string): void {
    this.open = false;
    this.ondisconnect(true, code, reason);
  }
}

function header(message: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, "m").exec(message)?.[1]?.trim() ?? "";
}

function respond(request: string, status: string): string {
  const copied = ["Via", "From", "To", "Call-ID", "CSeq", "Contact"].map((name) => {
    const value = header(request, name);
    return `${name}: ${name === "To" && !value.includes("tag=") ? `${value};tag=far` : value}\r\n`;
  });
  return `SIP/2.0 ${status}\r\n${copied.join("")}Content-Length: 0\r\n\r\n`;
}

const accept = (request: string): string | null =>
  request.startsWith("REGISTER") ? respond(request, "200 OK") : null;

let socket: LoopSocket;
let adapter: JsSipAdapter;
let events: SipEvent[];
let answers: (request: string) => string | null;

beforeEach(() => {
  answers = accept;
  events = [];
  // JsSIP refuses calls where there is no WebRTC; these tests stop before one is made.
  vi.stubGlobal("RTCPeerConnection", class {});
  adapter = new JsSipAdapter((url) => {
    socket = new LoopSocket(url, (request) => answers(request));
    return socket as unknown as Socket;
  });
});

afterEach(async () => {
  await adapter.stop();
});

async function start(...until: SipEvent["kind"][]): Promise<void> {
  adapter.start(ACCOUNT, (event) => events.push(event));
  await vi.waitFor(() => expect(events.map(({ kind }) => kind)).toEqual(until));
}

function invite(extra = ""): string {
  const contact = /<sip:([^;>]+)/.exec(header(socket.sent[0] ?? "", "Contact"))?.[1] ?? "";
  return (
    `INVITE sip:${contact};transport=ws SIP/2.0\r\nVia: SIP/2.0/WS far.invalid;branch=z9hG4bK7\r\n` +
    `Max-Forwards: 70\r\nFrom: "Иванов" <sip:79280001122@far.invalid>;tag=f1\r\nTo: <sip:${contact}>\r\n` +
    `Call-ID: call-1\r\nCSeq: 1 INVITE\r\nContact: <sip:asterisk@far.invalid;transport=ws>\r\n${extra}` +
    "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
  );
}

describe("registration", () => {
  it("is made as the extension, also in the Contact, because the proxy checks both", async () => {
    await start("registered");
    const register = socket.sent[0] ?? "";
    expect(header(register, "From")).toContain("<sip:101@hotline.invalid>");
    expect(header(register, "Contact")).toMatch(/^<sip:101@[0-9a-f-]+\.invalid;transport=ws>/);
    expect(header(register, "Expires")).toBe("120");
  });

  it("connects to the page's own origin", async () => {
    await start("registered");
    expect(socket.url).toBe("ws://localhost:3000/sip");
  });

  it("tells of a refusal and tries again only when told to", async () => {
    answers = (request) => respond(request, "403 Forbidden");
    await start("refused");
    answers = accept;
    adapter.register();
    await vi.waitFor(() => expect(events.at(-1)).toEqual({ kind: "registered" }));
  });

  it("goes on trying after a loss", async () => {
    await start("registered");
    socket.close(1006, "");
    expect(events.at(-1)).toEqual({ kind: "disconnected" });
    await vi.waitFor(() => expect(events.at(-1)).toEqual({ kind: "registered" }), { timeout: 4_500 });
  });

  it.each([4001, 4002])("does not come back after close code %i", async (code) => {
    await start("registered");
    socket.close(code, "replaced");
    expect(events.at(-1)).toEqual({ kind: "taken-over" });
  });

  it("is withdrawn by stop, and nothing is told afterwards", async () => {
    await start("registered");
    await adapter.stop();
    const last = socket.sent.filter((message) => message.startsWith("REGISTER")).at(-1) ?? "";
    expect(header(last, "Contact")).toContain("expires=0");
    socket.close(4001, "");
    expect(events).toHaveLength(1);
  });

  it("runs once at a time", async () => {
    await start("registered");
    expect(() => adapter.start(ACCOUNT, () => undefined)).toThrow("runs already");
  });
});

describe("an incoming call", () => {
  it("rings with the facts of the INVITE", async () => {
    await start("registered");
    socket.ondata(invite("X-Call-Id: pbx1-1.2\r\nX-Call-Role: queue\r\nX-Queue: hotline\r\n"));
    expect(events.at(-1)).toEqual({
      kind: "incoming",
      id: "call-1f1",
      number: "79280001122",
      callKey: "pbx1-1.2",
      role: "queue",
      queue: "hotline",
    });
    expect(socket.sent.at(-1)).toMatch(/^SIP\/2\.0 180 /);
  });

  it("without our headers is an internal one", async () => {
    await start("registered");
    socket.ondata(invite().replace("79280001122", "anonymous"));
    expect(events.at(-1)).toMatchObject({ number: "", callKey: null, role: "internal", queue: null });
  });

  it("is refused as busy", async () => {
    await start("registered");
    socket.ondata(invite());
    adapter.hangup("call-1f1");
    expect(socket.sent.at(-1)).toMatch(/^SIP\/2\.0 486 Busy Here/);
    expect(events.slice(-2).map(({ kind }) => kind)).toEqual(["incoming", "ended"]);
  });

  it("ends when the caller gives up", async () => {
    await start("registered");
    socket.ondata(invite());
    socket.ondata(
      invite()
        .replace(/INVITE/g, "CANCEL")
        .replace(/Content-Type[\s\S]*$/, "Content-Length: 0\r\n\r\n"),
    );
    await vi.waitFor(() => expect(events.at(-1)).toEqual({ kind: "ended", id: "call-1f1" }));
  });

  it("can be given up while the connection is away", async () => {
    await start("registered");
    socket.ondata(invite());
    socket.close(1006, "");
    adapter.hangup("call-1f1");
    expect(events.map(({ kind }) => kind)).toEqual(["registered", "incoming", "disconnected", "ended"]);
  });

  it("is over after stop", async () => {
    await start("registered");
    socket.ondata(invite());
    await adapter.stop();
    expect(socket.sent.some((message) => /^SIP\/2\.0 4\d\d /.test(message))).toBe(true);
    expect(events.at(-1)?.kind).toBe("incoming");
  });
});

it("does nothing about calls that are not there, nor before it runs", () => {
  adapter.answer("x", MICROPHONE);
  adapter.hangup("x");
  adapter.mute("x", true);
  adapter.hold("x", true);
  adapter.dtmf("x", "1");
  adapter.renegotiate("x");
  adapter.useMicrophone(MICROPHONE);
  adapter.call("102", MICROPHONE);
  adapter.register();
  expect(events).toEqual([]);
});
