import { beforeEach, describe, expect, it } from "vitest";
import { type Channel, type LeaderListener, TabLeader } from "../../src/phone/leader";
import type { PhoneView } from "../../src/phone/state";

const VIEW: PhoneView = { status: "active", calls: [], problem: null };

/** Web Locks of one browser: exclusive, shared, ifAvailable and steal, as the specification orders them. */
class Locks {
  private holder: { fail: (error: Error) => void } | null = null;
  private readonly queue: (() => void)[] = [];

  request = (
    _name: string,
    options: LockOptions | ((lock: Lock | null) => unknown),
    callback?: (lock: Lock | null) => unknown,
  ): Promise<unknown> => {
    if (typeof options === "function" || !callback) throw new Error("always called with options");
    if (options.steal && this.holder) {
      this.holder.fail(new DOMException("stolen", "AbortError"));
      this.holder = null;
    }
    if (this.holder && options.ifAvailable) return Promise.resolve(callback(null));
    if (this.holder) {
      return new Promise((resolve) => {
        this.queue.push(() => resolve(callback({ name: _name, mode: "shared" })));
      });
    }
    if (options.mode === "shared") return Promise.resolve(callback({ name: _name, mode: "shared" }));
    return new Promise((resolve, reject) => {
      const mine = { fail: reject };
      this.holder = mine;
      void Promise.resolve(callback({ name: _name, mode: "exclusive" })).then((value) => {
        if (this.holder === mine) this.free();
        resolve(value);
      });
    });
  };

  /** The tab that holds the lock crashes. */
  free(): void {
    this.holder = null;
    for (const grant of this.queue.splice(0)) grant();
  }
}

/** A broadcast channel: everybody but the sender hears. */
class Air {
  private readonly ears: { owner: Channel; hear: (event: { data: unknown }) => void }[] = [];

  channel(): Channel {
    const channel: Channel = {
      postMessage: (data) => {
        for (const ear of [...this.ears])
          if (ear.owner !== channel) ear.hear({ data: structuredClone(data) });
      },
      addEventListener: (_type, hear) => {
        this.ears.push({ owner: channel, hear });
      },
    };
    return channel;
  }
}

class Tab implements LeaderListener {
  readonly views: (PhoneView | null)[] = [];
  readonly leader: TabLeader;
  wanted = 0;
  robbed = false;

  constructor(locks: Locks, air: Air) {
    this.leader = new TabLeader(locks as unknown as LockManager, air.channel());
    this.leader.listen(this);
  }
  viewChanged(view: PhoneView | null): void {
    this.views.push(view);
  }
  viewWanted(): void {
    this.wanted++;
    this.leader.publish(VIEW);
  }
  lost(): void {
    this.robbed = true;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe("TabLeader", () => {
  let locks: Locks;
  let air: Air;
  let first: Tab;
  let second: Tab;

  beforeEach(() => {
    locks = new Locks();
    air = new Air();
    first = new Tab(locks, air);
    second = new Tab(locks, air);
  });

  it("gives the telephone to one tab only", async () => {
    expect(await first.leader.acquire(false)).toBe(true);
    expect(await second.leader.acquire(false)).toBe(false);
    expect(await first.leader.acquire(false)).toBe(true);
  });

  it("gives it to the next tab after a release", async () => {
    await first.leader.acquire(false);
    first.leader.release();
    await settled();
    expect(await second.leader.acquire(false)).toBe(true);
    expect(first.robbed).toBe(false);
  });

  it("shows the owner's view in the other tabs, and only the owner's", async () => {
    await first.leader.acquire(false);
    first.leader.publish(VIEW);
    second.leader.publish({ ...VIEW, status: "starting" });
    expect(second.views).toEqual([VIEW]);
    expect(first.views).toEqual([]);
  });

  it("tells a tab that is opened later", async () => {
    await first.leader.acquire(false);
    const third = new Tab(locks, air);
    expect(first.wanted).toBe(1);
    expect(third.views).toEqual([VIEW]);
  });

  it("tells a tab that is turned away", async () => {
    await first.leader.acquire(false);
    await second.leader.acquire(false);
    expect(second.views).toEqual([VIEW]);
  });

  it("notices when the owning tab crashes", async () => {
    await first.leader.acquire(false);
    first.leader.publish(VIEW);
    locks.free();
    await settled();
    expect(second.views).toEqual([VIEW, null]);
  });

  it("is stolen only on request, and the loser is told", async () => {
    await first.leader.acquire(false);
    expect(await second.leader.acquire(true)).toBe(true);
    await settled();
    expect(first.robbed).toBe(true);
    expect(second.robbed).toBe(false);
    first.leader.publish(VIEW);
    expect(second.views).toEqual([]);
  });

  it("lets the loser come back later", async () => {
    await first.leader.acquire(false);
    await second.leader.acquire(true);
    await settled();
    second.leader.release();
    await settled();
    expect(await first.leader.acquire(false)).toBe(true);
  });
});
