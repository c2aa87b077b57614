import type { Scrubber } from '../scrubber/index.ts';
import type { CallSite } from './call-site.ts';
import type { Fields, Level, LogRecord } from './index.ts';

export interface Said {
  readonly at: number;
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields | undefined;
  readonly where: CallSite;
}

/** What was said, as it may be shown. */
export function scrubbedRecord({ at, level, message, fields, where }: Said, scrubber: Scrubber): LogRecord {
  return { at, level, message: scrubber.text(message), context: fields === undefined ? [] : contextOf(fields, scrubber), ...where };
}

/** Characters, about. */
export function sizeOf({ message, context }: LogRecord): number {
  return context.reduce((size, [key, value]) => size + key.length + value.length, message.length);
}

/** Errors become text first: what is in their messages and causes is found there, not under a key. */
function contextOf(fields: Fields, scrubber: Scrubber): readonly (readonly [string, string])[] {
  const plain = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? errorText(value) : value]));
  return Object.entries(scrubber.data(plain) as Fields).map(([key, value]) => [key, valueText(value)]);
}

function errorText(error: Error): string {
  const messages = [error.message || error.name];
  const seen = new Set<unknown>([error]);
  for (
    let { cause } = error;
    cause !== undefined && cause !== null && !seen.has(cause);
    cause = cause instanceof Error ? cause.cause : undefined
  ) {
    seen.add(cause);
    const message = cause instanceof Error ? cause.message : valueText(cause);
    // Many errors repeat the message of their cause already.
    if (!messages.at(-1)?.includes(message)) messages.push(message);
  }
  return messages.join(': ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value); // a circle, or a bigint
  }
}
