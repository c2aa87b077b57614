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

/** What a component may know of the process it runs in; a component, so that tests own environment, signals and exit. */
export interface Process {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly argv: readonly string[];
  /** Listens for an operating-system signal until the returned function is called; keeps the process alive meanwhile. */
  onSignal(signal: NodeJS.Signals, listener: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Writes text to standard error, synchronously, so that last words are not lost. */
  warn(text: string): void;
  /** Calls back after `ms` milliseconds of real time if the process is still alive; does not itself keep it alive. */
  ifStillAliveAfter(ms: number, callback: () => void): () => void;
}
export const Process = token<Process>()('fx.process');

/** Longer delays overflow Node's timers, which then fire at once. */
const longestDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => cancelling(setTimeout(callback, Math.min(ms, longestDelayMs))),
  sleep: (ms, signal) => sleepFor(Math.min(ms, longestDelayMs), undefined, { signal }).catch(() => signal?.throwIfAborted()),
};

export const systemProcess: Process = {
  env: process.env,
  argv: process.argv,
  onSignal(signal, listener) {
    // A listener alone does not keep a process alive that has nothing else to do.
    const alive = setInterval(() => {}, longestDelayMs);
    process.on(signal, listener);
    return () => {
      clearInterval(alive);
      process.off(signal, listener);
    };
  },
  exit: (code) => process.exit(code),
  warn: (text) => process.stderr.write(text),
  ifStillAliveAfter: (ms, callback) => cancelling(setTimeout(callback, ms).unref()),
};

/** What a timer is taken back with. */
const cancelling = (timer: NodeJS.Timeout) => (): void => clearTimeout(timer);
