import type { PhoneView } from "./state";

/** What the telephone wants to know about the other tabs. */
export interface LeaderListener {
  /** The owning tab shows this now; `null`: no tab owns the telephone any more. */
  viewChanged(view: PhoneView | null): void;
  /** Another tab was opened and wants to know. Called only while this tab owns the telephone. */
  viewWanted(): void;
  /** Another tab took the telephone over. */
  lost(): void;
}

/** Decides which of the browser's tabs owns the telephone (DAY-22). */
export interface LeaderPort {
  listen(listener: LeaderListener): void;
  /** Become the owner; false when another tab is. With `steal` it loses the telephone to this one. */
  acquire(steal: boolean): Promise<boolean>;
  release(): void;
  /** Show `view` in the other tabs. Does nothing while this tab is not the owner. */
  publish(view: PhoneView): void;
}

/** The part of BroadcastChannel that is used. */
export interface Channel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

type Message = { kind: "view"; view: PhoneView } | { kind: "hello" };

const NAME = "hotline-softphone";

/** Web Locks hold the ownership, so that it ends with the tab however the tab ends; a BroadcastChannel shows the view. */
export class TabLeader implements LeaderPort {
  private letGo: (() => void) | null = null;
  private waiting = false;
  private listener: LeaderListener = {
    viewChanged: () => undefined,
    viewWanted: () => undefined,
    lost: () => undefined,
  };

  constructor(
    private readonly locks: LockManager,
    private readonly channel: Channel,
  ) {
    channel.addEventListener("message", (event) => this.receive(event.data as Message));
  }

  listen(listener: LeaderListener): void {
    this.listener = listener;
    this.channel.postMessage({ kind: "hello" } satisfies Message);
  }

  async acquire(steal: boolean): Promise<boolean> {
    if (this.letGo !== null) return true;
    return new Promise((resolve) => {
      const hold = (lock: Lock | null): Promise<void> | undefined => {
        if (lock === null) {
          this.channel.postMessage({ kind: "hello" } satisfies Message);
          this.noticeEnd();
          resolve(false);
          return undefined;
        }
        return new Promise<void>((free) => {
          this.letGo = free;
          resolve(true);
        });
      };
      const options: LockOptions = steal ? { steal: true } : { ifAvailable: true };
      this.locks.request(NAME, options, hold).catch(() => {
        // The only way to lose a held lock is that another tab stole it.
        this.letGo = null;
        resolve(false);
        this.listener.lost();
      });
    });
  }

  release(): void {
    this.letGo?.();
    this.letGo = null;
  }

  publish(view: PhoneView): void {
    if (this.letGo !== null) this.channel.postMessage({ kind: "view", view } satisfies Message);
  }

  private receive(message: Message): void {
    if (message.kind === "hello") {
      if (this.letGo !== null) this.listener.viewWanted();
      return;
    }
    if (this.letGo !== null) return; // the last words of the tab that we took over from
    this.listener.viewChanged(message.view);
    this.noticeEnd();
  }

  /** A tab that crashes says nothing more, but its lock ends: a shared request is granted at that moment. */
  private noticeEnd(): void {
    if (this.waiting) return;
    this.waiting = true;
    void this.locks.request(NAME, { mode: "shared" }, () => {
      this.waiting = false;
      if (this.letGo === null) this.listener.viewChanged(null);
    });
  }
}
