import type { Process } from '../system.ts';

/** A process that is not the test's own. */
export interface FakeProcess extends Process {
  /** Delivers a signal to whoever listens; tells whether anybody did. */
  signal(name: NodeJS.Signals): boolean;
  /** The codes that it was asked to exit with. */
  readonly exits: readonly number[];
  /** What was written to standard error. */
  readonly warnings: readonly string[];
  /** Lets the grace period pass: calls what was to happen if the process was still alive. */
  outlive(): void;
}

export function fakeProcess({ env = {}, argv = ['node', 'test'] }: Partial<Pick<Process, 'env' | 'argv'>> = {}): FakeProcess {
  const listeners = new Map<string, Set<() => void>>();
  const exits: number[] = [];
  const warnings: string[] = [];
  const waiting = new Set<() => void>();
  return {
    env,
    argv,
    exits,
    warnings,
    onSignal(name, listener) {
      const known = listeners.get(name) ?? new Set();
      listeners.set(name, known.add(listener));
      return () => void known.delete(listener);
    },
    signal(name) {
      const called = [...(listeners.get(name) ?? [])];
      for (const listener of called) listener();
      return called.length > 0;
    },
    exit: (code) => void exits.push(code),
    warn: (text) => void warnings.push(text),
    ifStillAliveAfter(_ms, callback) {
      waiting.add(callback);
      return () => void waiting.delete(callback);
    },
    outlive() {
      for (const callback of waiting) callback();
    },
  };
}
