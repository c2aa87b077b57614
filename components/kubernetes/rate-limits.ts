import type { Clock } from '../../src/fx/index.ts';

/** Delays that double with each failure of an item, from the first to the longest. */
export class ItemBackoff<K> {
  readonly #failures = new Map<K, number>();
  readonly #firstMs: number;
  readonly #longestMs: number;

  constructor({ firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number }) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** Counts a failure. @returns milliseconds to wait for it */
  next(item: K): number {
    const failures = this.failures(item);
    this.#failures.set(item, failures + 1);
    return Math.min(this.#firstMs * 2 ** failures, this.#longestMs);
  }

  failures(item: K): number {
    return this.#failures.get(item) ?? 0;
  }

  forget(item: K): void {
    this.#failures.delete(item);
  }
}

/** A bucket of `burst` tokens that is refilled `perSecond`. Tokens can be taken in advance, for which the taker waits. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }, clock: Clock) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = clock.monotonic();
  }

  /** Takes a token. @returns milliseconds until it is there */
  reserve(): number {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#perMs) - 1;
    this.#filledAt = now;
    return this.#tokens < 0 ? -this.#tokens / this.#perMs : 0;
  }
}
