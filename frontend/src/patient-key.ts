// A key that is pressed while the same control still works on the command before it: it is kept, the latest one only, and
// used once the control can be used again. A control says that it works by `data-busy`.

/** How long after the work is done the control may stay unusable: the server's news come right behind its answer. */
const NEWS_MS = 700;
/** Nobody means a key that he pressed this long ago. */
const LONGEST_MS = 6_000;

export interface Waiting {
  /** Use the control; false when it cannot be used. */
  use(): boolean;
  /** A control of this command still works. */
  busy(): boolean;
}

/** At most one waiting key. */
export class PatientKey {
  private waiting: Waiting | null = null;
  private readonly observer = new MutationObserver(() => this.look());
  private timer: ReturnType<typeof setTimeout> | undefined;
  private since = 0;

  /** Keep a key; whatever waited before is forgotten. */
  keep(waiting: Waiting): void {
    this.forget();
    this.waiting = waiting;
    this.since = Date.now();
    this.observe();
  }

  /** Another key was pressed, or the page goes. */
  forget(): void {
    this.waiting = null;
    this.observer.disconnect();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private observe(): void {
    const attributeFilter = ["disabled", "data-busy", "hidden"];
    this.observer.observe(document.body, { subtree: true, attributes: true, attributeFilter });
  }

  private look(): void {
    const { waiting } = this;
    if (waiting === null) return;
    if (Date.now() - this.since > LONGEST_MS) this.forget();
    else if (waiting.busy()) {
      clearTimeout(this.timer);
      this.timer = undefined;
    } else {
      this.timer ??= setTimeout(() => this.forget(), NEWS_MS);
      // Forgotten first: using the control changes it, which would be looked at again.
      this.observer.disconnect();
      if (waiting.use()) this.forget();
      else this.observe();
    }
  }
}
