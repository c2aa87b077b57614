import { systemClock } from '../../src/fx/system.ts';
import type { Clock } from '../../src/fx/index.ts';

/** Real time, so many times as fast: for delays of minutes in a test whose network is real. */
export function fastClock(times: number): Clock {
  return {
    now: () => systemClock.now() * times,
    monotonic: () => systemClock.monotonic() * times,
    after: (ms, callback) => systemClock.after(ms / times, callback),
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  };
}
