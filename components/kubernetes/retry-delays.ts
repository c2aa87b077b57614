import type { Clock } from '../../src/fx/index.ts';
import type { Random } from '../random/index.ts';

const [firstMs, longestMs, forgetAfterMs] = [800, 30_000, 120_000];

/**
 * The delays between attempts of a reflector, as client-go's: 800 ms doubling to 30 s, each up to twice as long by chance, so that agents
 * do not return all at once. Two minutes without a failure begin anew.
 */
export class RetryDelays {
  readonly #clock: Clock;
  readonly #random: Random;
  #nextMs = firstMs;
  #failedAt = -Infinity;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The API server answers: the next delay is the shortest. */
  restart(): void {
    this.#nextMs = firstMs;
  }

  /** Counts a failure. @returns milliseconds to wait for it */
  next(): number {
    const now = this.#clock.monotonic();
    if (now - this.#failedAt > forgetAfterMs) this.#nextMs = firstMs;
    const delayMs = this.#nextMs * (1 + this.#random.next());
    this.#nextMs = Math.min(this.#nextMs * 2, longestMs);
    this.#failedAt = now;
    return delayMs;
  }
}
