import { beforeEach, describe, expect, it } from "vitest";
import {
  ANSWER_WITHIN_MS,
  EventsLink,
  type LinkPorts,
  PING_EVERY_MS,
  parsePush,
  retryDelay,
  SESSION_ENDED,
  SNAPSHOT_WITHIN_MS,
  type SocketListener,
} from "../src/events-link";

/** A browser whose time moves only when told to, and whose sockets do what the test says. */
class FakeBrowser implements LinkPorts {
  sockets: { listener: SocketListener; sent: string[]; closed: boolean }[] = [];
  private timers: { at: number; run: () => void }[] = [];
  private now = 0;

  connect(listener: SocketListener) {
    const socket = { listener, sent: [] as string[], closed: false };
    this.sockets.push(socket);
    return {
      send: (text: string) => socket.sent.push(text),
      close: () => {
        socket.closed = true;
      },
    };
  }

  after(ms: number, run: () => void) {
    const timer = { at: this.now + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  }

  random(): number {
    return 0.5;
  }

  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const next = this.timers.filter((one) => one.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.now = next.at;
      next.run();
    }
    this.now = until;
  }

  get last() {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  say(type: string, data: unknown = {}): void {
    this.last.listener.received(JSON.stringify({ type, data }));
  }
}

describe("the events link", () => {
  let browser: FakeBrowser;
  let link: EventsLink;
  let states: string[];
  let messages: string[];
  let ended: number;

  beforeEach(() => {
    browser = new FakeBrowser();
    states = [];
    messages = [];
    ended = 0;
    link = new EventsLink(browser, {
      status: (status) => states.push(status),
      message: (message) => messages.push(message.type),
      sessionEnded: () => {
        ended += 1;
      },
    });
    link.start();
  });

  it("is up when the snapshot arrives, not when the socket opens", () => {
    browser.last.listener.opened();
    expect(states).toEqual([]);
    browser.say("snapshot");
    expect(states).toEqual(["up"]);
    expect(messages).toEqual(["snapshot"]);
  });

  it("gives up a socket that brings no snapshot", () => {
    browser.last.listener.opened();
    browser.pass(SNAPSHOT_WITHIN_MS);
    expect(states).toEqual(["down"]);
    expect(browser.sockets[0]?.closed).toBe(true);
  });

  it("tells the server while it is up, and keeps nothing for later", () => {
    link.tell("quality", { lost: 1 });
    browser.say("snapshot");
    link.tell("quality", { lost: 2 });
    expect(browser.last.sent).toEqual(['{"type":"quality","data":{"lost":2}}']);
  });

  it("pings, and takes silence for death", () => {
    browser.say("snapshot");
    browser.pass(PING_EVERY_MS);
    expect(browser.last.sent).toEqual(['{"type":"ping"}']);
    browser.pass(ANSWER_WITHIN_MS);
    expect(states).toEqual(["up", "down"]);
    expect(browser.sockets[0]?.closed).toBe(true);
  });

  it("lives on when the pong comes, and keeps the pong to itself", () => {
    browser.say("snapshot");
    browser.pass(PING_EVERY_MS);
    browser.say("pong");
    browser.pass(ANSWER_WITHIN_MS + 1);
    expect(states).toEqual(["up"]);
    expect(messages).toEqual(["snapshot"]);
  });

  it("reconnects after a loss and is whole again by the new snapshot", () => {
    browser.say("snapshot");
    browser.last.listener.closed(1006);
    browser.pass(1_000);
    expect(browser.sockets).toHaveLength(2);
    browser.say("snapshot");
    expect(states).toEqual(["up", "down", "up"]);
  });

  it("reconnects after the server closed it for being too slow", () => {
    browser.say("snapshot");
    browser.last.listener.closed(1013);
    browser.pass(1_000);
    expect(browser.sockets).toHaveLength(2);
  });

  it("does not knock again when the session is over, until somebody signs in", () => {
    browser.say("snapshot");
    browser.last.listener.closed(SESSION_ENDED);
    expect(ended).toBe(1);
    browser.pass(120_000);
    expect(browser.sockets).toHaveLength(1);
    link.retryNow();
    expect(browser.sockets).toHaveLength(2);
  });

  it("tries at once when told that the network is back, but never twice at a time", () => {
    browser.last.listener.closed(1006);
    link.retryNow();
    link.retryNow();
    expect(browser.sockets).toHaveLength(2);
    browser.pass(1_000);
    expect(browser.sockets).toHaveLength(2);
  });

  it("does not listen to a socket that it gave up", () => {
    const old = browser.last.listener;
    old.closed(1006);
    browser.pass(1_000);
    old.received('{"type":"snapshot","data":{}}');
    old.closed(1006);
    expect(states).toEqual(["down"]);
  });

  it("stops for good", () => {
    browser.say("snapshot");
    link.stop();
    browser.pass(120_000);
    expect(browser.sockets).toHaveLength(1);
    expect(browser.last.closed).toBe(true);
  });

  it("passes by what is no message", () => {
    browser.say("snapshot");
    for (const text of ["", "[]", "null", "{}", '{"type":5}', "{"]) browser.last.listener.received(text);
    expect(messages).toEqual(["snapshot"]);
  });
});

describe("the pause before an attempt", () => {
  it.each([
    [1, 0, 250],
    [1, 0.999, 500],
    [2, 0.5, 750],
    [20, 0, 5_000],
    [20, 0.999, 9_995],
  ])("after %i failures with luck %f is about %i ms", (failures, luck, expected) => {
    expect(retryDelay(failures, luck)).toBeCloseTo(expected, -1);
  });
});

it("reads a message without data", () => {
  expect(parsePush('{"type":"pong"}')).toEqual({ type: "pong", data: null });
});
