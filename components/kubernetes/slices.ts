import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/fx/index.ts';

/** Of the 50 ms that the event loop may be held at most. */
const sliceMs = 10;
const itemsBetweenLooks = 64;

/** Sees every item, however many there are, without holding the event loop for long. Ends early when the signal is aborted. */
export async function inSlices<T>(items: Iterable<T>, see: (item: T) => void, { clock, signal }: SliceOptions): Promise<void> {
  let until = clock.monotonic() + sliceMs;
  let seen = 0;
  for (const item of items) {
    if (signal.aborted) return;
    see(item);
    seen += 1;
    if (seen % itemsBetweenLooks !== 0 || clock.monotonic() < until) continue;
    await turn();
    until = clock.monotonic() + sliceMs;
  }
}

interface SliceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}
