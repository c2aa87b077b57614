import { token } from '../../src/fx/index.ts';

/** From the least to the most severe. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;
export type Level = (typeof levels)[number];

/** Context of a message, shown as `key:value` pairs; an `error` shows its message and causes. */
export type Fields = Readonly<Record<string, unknown>>;

/** The agent's log. Everything that goes through it is scrubbed. Never throws, never blocks. */
export interface Log {
  trace(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  critical(message: string, fields?: Fields): void;
  /** Whether messages of a level are written at all; ask before preparing costly fields. */
  writes(level: Level): boolean;
  /** Resolves when everything logged so far has been handed to the operating system. */
  flush(): Promise<void>;
}
export const Log = token<Log>()('log');
