import { supply } from '../../src/fx/index.ts';
import { Log } from './index.ts';

/** A log that writes nothing: for commands whose output is read by programs. */
export const silentLog = supply(Log, {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  critical: () => {},
  writes: () => false,
  flush: async () => {},
});
