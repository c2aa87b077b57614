import { setTimeout as sleepFor } from 'node:timers/promises';
import { token } from './token.ts';

/** Time as a component: everything that waits or measures asks it, so that tests turn the clock instead of sleeping. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch; may jump. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. Use it to measure. */
  monotonic(): number;
  /** Calls back once after `ms` milliseconds, unless the returned function is called first. */
  after(ms: number, callback: () => void): () => void;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as that is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
export const Clock = token<Clock>()('fx.clock');

/** Longer delays overflow Node's timers, which then fire at once. */
export const longestDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => cancelling(setTimeout(callback, Math.min(ms, longestDelayMs))),
  async sleep(ms, signal) {
    await sleepFor(Math.min(ms, longestDelayMs), undefined, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  },
};

/** What a timer is taken back with. */
export const cancelling =
  (timer: NodeJS.Timeout): (() => void) =>
  () =>
    clearTimeout(timer);
