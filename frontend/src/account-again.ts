// The exchange refuses the telephone for good: service and Asterisk were started anew together, and nobody knows its
// account any more. The page asks for another one by itself, with growing pauses and not for ever.

/** Pauses before each try, in milliseconds: five minutes in all. */
export const PAUSES_MS: readonly number[] = [
  1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 60_000, 60_000, 60_000,
];
/** Up to so much of a pause is added by chance: hundreds of pages are refused in the same second. */
const SPREAD = 0.5;

export class AccountAgain {
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;

  /**
   * @param once asks for an account and begins with it; true: the exchange or the server refused still.
   * @param changed called when {@link AccountAgain.waiting} may have changed.
   */
  constructor(
    private readonly once: () => Promise<boolean>,
    private readonly changed: () => void,
    private readonly chance: () => number = Math.random,
  ) {}

  /** Whether another try comes by itself. */
  get waiting(): boolean {
    return this.timer !== undefined || this.running;
  }

  /** The telephone was refused. */
  need(): void {
    const pause = PAUSES_MS[this.tries];
    if (this.waiting || pause === undefined) return;
    this.tries += 1;
    this.timer = setTimeout(() => void this.go(), pause * (1 + SPREAD * this.chance()));
    this.changed();
  }

  /** The telephone works, or a person has taken the matter into his hands. */
  over(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.tries = 0;
  }

  private async go(): Promise<void> {
    this.timer = undefined;
    this.running = true;
    let refused = false;
    try {
      refused = await this.once();
    } finally {
      this.running = false;
    }
    if (refused) this.need();
    this.changed();
  }
}
