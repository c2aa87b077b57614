import type { Clock } from '../../src/fx/index.ts';

/** A request that is being answered. */
export interface Exchange {
  /** Ends it at once, because its time is up. */
  cut(): void;
}

/**
 * The requests that are being answered, and when each must be done. All have the same time, so they come due in the order in which they
 * came in: one timer, for the oldest, is enough for any number of them.
 */
export class InFlight<T extends Exchange> {
  readonly #clock: Clock;
  readonly #timeMs: number;
  readonly #due = new Map<T, number>();
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, timeMs: number) {
    this.#clock = clock;
    this.#timeMs = timeMs;
  }

  enter(exchange: T): void {
    this.#due.set(exchange, this.#clock.monotonic() + this.#timeMs);
    this.#cancelTimer ??= this.#clock.after(this.#timeMs, this.#cutOverdue);
  }

  leave(exchange: T): void {
    this.#due.delete(exchange);
  }

  /** All of them, oldest first. */
  all(): IterableIterator<T> {
    return this.#due.keys();
  }

  /** Lets go of the timer; what is in flight is no longer watched. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  readonly #cutOverdue = (): void => {
    this.#cancelTimer = undefined;
    for (const [exchange, due] of this.#due) {
      const leftMs = due - this.#clock.monotonic();
      if (leftMs > 0) {
        this.#cancelTimer = this.#clock.after(leftMs, this.#cutOverdue);
        return;
      }
      this.#due.delete(exchange);
      exchange.cut();
    }
  };
}
