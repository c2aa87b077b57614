import { token } from '../../src/fx/index.ts';
import type { levels } from './settings.ts';

export { levels, logFileOf, logSettings } from './settings.ts';

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
  /** Resolves when everything logged so far has been handed to the operating system, or its sink has failed, or after 3 s. */
  flush(): Promise<void>;
}
export const Log = token<Log>()('log');

/** One message with everything that a line is made of, scrubbed. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: Level;
  readonly message: string;
  readonly context: readonly (readonly [key: string, value: string])[];
  /** Where it was logged: the file from the root of the project. */
  readonly file: string;
  readonly line: number;
  readonly function: string;
}

/** A record as it is written, without the end of the line. */
export interface LogLine {
  readonly level: Level;
  readonly text: string;
}

/** Where lines go. The log keeps a bounded queue for each sink, so that one that is stuck holds up nobody. */
export interface LogSink {
  /** Named in the message that says what is lost: `console`, `file`, `syslog`. */
  readonly name: string;
  /** A form of its own; absent: the agent's line, text or JSON as configured. */
  format?(record: LogRecord): string;
  /** The next call comes when this one has settled. After a rejection all of them are given again, later. */
  write(lines: readonly LogLine[]): Promise<void>;
}
/** A group: contribute with `provides: many(LogSink)`. */
export const LogSink = token<LogSink>()('log-sink');
