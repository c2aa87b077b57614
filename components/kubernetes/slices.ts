import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/fx/index.ts';

/**
 * Far from the 50 ms that the event loop may be held at most: a call that is answered meanwhile waits for several slices, and what is
 * under way when one ends, the collector of garbage and whoever else runs on the machine come on top.
 */
const sliceMs = 2;
const itemsBetweenLooks = 64;

/** The time until the event loop has to turn, for all who work in it by turns: many of them hold it no longer than one does. */
export class Slice {
  readonly #clock: Clock;
  #until: number;
  #next: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#until = clock.monotonic() + sliceMs;
  }

  get isOver(): boolean {
    return this.#clock.monotonic() >= this.#until;
  }

  /** Lets the event loop turn. Resolves when the next slice begins, for all who wait for it at once. */
  next(): Promise<void> {
    this.#next ??= turn().then(() => {
      this.#next = undefined;
      this.#until = this.#clock.monotonic() + sliceMs;
    });
    return this.#next;
  }
}

/** Sees every item, however many there are, without holding the event loop for long. Ends early when the signal is aborted. */
export async function inSlices<T>(items: Iterable<T>, see: (item: T) => void, { clock, signal }: SliceOptions): Promise<void> {
  const slice = new Slice(clock);
  let seen = 0;
  for (const item of items) {
    if (signal.aborted) return;
    see(item);
    seen += 1;
    if (seen % itemsBetweenLooks === 0 && slice.isOver) await slice.next();
  }
}

interface SliceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}
