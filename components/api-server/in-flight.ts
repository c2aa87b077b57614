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
  /** Before the oldest, and behind the newest. */
  readonly #ends = new Slot<T>();
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, timeMs: number) {
    this.#clock = clock;
    this.#timeMs = timeMs;
  }

  /** @returns a function for when it is answered */
  enter(exchange: T): () => void {
    const slot = new Slot(exchange, this.#clock.monotonic() + this.#timeMs);
    slot.join(this.#ends);
    this.#cancelTimer ??= this.#clock.after(this.#timeMs, this.#cutOverdue);
    return () => slot.leave();
  }

  /** All of them, oldest first. */
  all(): readonly T[] {
    const all: T[] = [];
    for (let slot = this.#ends.later; slot.exchange !== undefined; slot = slot.later) all.push(slot.exchange);
    return all;
  }

  /** Lets go of the timer; what is in flight is no longer watched. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  readonly #cutOverdue = (): void => {
    this.#cancelTimer = undefined;
    for (let { later: oldest } = this.#ends; oldest.exchange !== undefined; oldest = this.#ends.later) {
      const leftMs = oldest.due - this.#clock.monotonic();
      if (leftMs > 0) {
        this.#cancelTimer = this.#clock.after(leftMs, this.#cutOverdue);
        return;
      }
      oldest.leave();
      oldest.exchange.cut();
    }
  };
}

/** One of a ring. Not a key of a Map: what leaves one soon after it came makes V8 build its table anew, which takes microseconds. */
class Slot<T> {
  readonly exchange: T | undefined;
  readonly due: number;
  later: Slot<T> = this;
  #earlier: Slot<T> = this;

  constructor(exchange?: T, due = Infinity) {
    this.exchange = exchange;
    this.due = due;
  }

  /** Stands right before `ends`. */
  join(ends: Slot<T>): void {
    this.later = ends;
    this.#earlier = ends.#earlier;
    ends.#earlier.later = this;
    ends.#earlier = this;
  }

  /** Does nothing the second time. */
  leave(): void {
    this.#earlier.later = this.later;
    this.later.#earlier = this.#earlier;
    this.later = this;
    this.#earlier = this;
  }
}
