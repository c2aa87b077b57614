import { supply, type Component } from '../../src/fx/index.ts';
import { levels, Log, type Fields, type Level } from './index.ts';

export interface Logged {
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
}

/**
 * A log for tests that keeps what it is told, at every level.
 *
 * @param logged where messages are kept: give an array of your own to look at them
 */
export function fakeLog(logged: Logged[] = []): Component<'log', never> {
  return supply(Log, recordingLog(logged));
}

/** The same as a value, for tests that build without an app. */
export function recordingLog(logged: Logged[] = []): Log {
  const writing =
    (level: Level) =>
    (message: string, fields: Fields = {}) =>
      void logged.push({ level, message, fields });
  const byLevel = Object.fromEntries(levels.map((level) => [level, writing(level)])) as Pick<Log, Level>;
  return { ...byLevel, writes: () => true, flush: async () => {} };
}
