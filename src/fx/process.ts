import { cancelling, longestDelayMs } from './clock.ts';
import { token } from './token.ts';

/** What a component may know of the process it runs in; a component, so that tests own environment, signals and exit. */
export interface Process {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly argv: readonly string[];
  /** Listens for an operating-system signal until the returned function is called. */
  onSignal(signal: NodeJS.Signals, listener: () => void): () => void;
  /** Keeps the process alive though it has nothing to do, until the returned function is called: signals alone do not. */
  keepAlive(): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Writes text to standard error, synchronously, so that last words are not lost. */
  warn(text: string): void;
  /** Calls back after `ms` milliseconds of real time if the process is still alive; does not itself keep it alive. */
  ifStillAliveAfter(ms: number, callback: () => void): () => void;
}
export const Process = token<Process>()('fx.process');

export const systemProcess: Process = {
  env: process.env,
  argv: process.argv,
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => process.off(signal, listener);
  },
  keepAlive: () => cancelling(setInterval(() => {}, longestDelayMs)),
  exit: (code) => process.exit(code),
  warn: (text) => process.stderr.write(text),
  ifStillAliveAfter: (ms, callback) => cancelling(setTimeout(callback, ms).unref()),
};
