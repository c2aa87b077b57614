import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/fx/index.ts';

/**
 * Far from the 50 ms that the event loop may be held at most: a call that is answered meanwhile waits for several slices, and what is
 * under way when one ends, the collector of garbage and whoever else runs on the machine come on top.
 */
const sliceMs = 2;
const itemsBetweenLooks = 64;

/**
 * The time that may be worked in one turn of the event loop, by all who share it: many of them hold the loop no longer than one does. It
 * begins with the first look in each turn, so whoever has waited for something pays nothing.
 */
export class Slice {
  readonly #clock: Clock;
  #until = 0;
  /** Resolves with the next turn; absent from then on until somebody looks again. */
  #turned: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be waited for between two pieces of work: resolves at once as long as there is time left, and then with the next turn. */
  async pause(): Promise<void> {
    if (!this.#isOver()) return;
    await this.#turned;
    this.#isOver(); // the next slice begins now, not after the next piece
  }

  #isOver(): boolean {
    const now = this.#clock.monotonic();
    if (this.#turned === undefined) {
      this.#until = now + sliceMs;
      this.#turned = turn().then(() => {
        this.#turned = undefined;
      });
    }
    return now >= this.#until;
  }
}

/** Sees every item, however many there are, without holding the event loop for long. Ends early when the signal is aborted. */
export async function inSlices<T>(items: Iterable<T>, see: (item: T) => void, { clock, signal }: SliceOptions): Promise<void> {
  const slice = new Slice(clock);
  const left = items[Symbol.iterator]();
  for (let seen = 0; !signal.aborted; seen += 1) {
    // Before an item is taken: one that is gone when the turn has come must not be seen any more.
    if (seen % itemsBetweenLooks === 0) await slice.pause();
    const next = left.next();
    if (next.done === true || signal.aborted) return;
    see(next.value);
  }
}

interface SliceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}
