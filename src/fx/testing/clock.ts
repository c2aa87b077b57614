import type { Clock } from '../system.ts';

/** Time that stands still until a test turns it. */
export interface ManualClock extends Clock {
  /** Moves time on and fires what falls due, in order, letting everything that follows from one timer happen before the next. */
  advance(ms: number): Promise<void>;
  /** How many timers wait. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** @param startMs what `now` and `monotonic` begin with. Default 0. */
export function manualClock(startMs = 0): ManualClock {
  let time = startMs;
  const timers = new Set<Timer>();
  const next = (until: number): Timer | undefined => [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = { at: time + Math.max(0, ms), callback };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  return {
    now: () => time,
    monotonic: () => time,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        });
        const abort = (): void => {
          cancel();
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', abort, { once: true });
        if (signal?.aborted === true) abort();
      }),
    async advance(ms) {
      const until = time + ms;
      await turn();
      for (let due = next(until); due !== undefined; due = next(until)) {
        timers.delete(due);
        time = Math.max(time, due.at);
        due.callback();
        await turn();
      }
      time = until;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Lets the event loop go round once, so that everything which is ready happens. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
