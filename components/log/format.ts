import { rfc3339Time, zonedTime } from '../go-time/index.ts';
import type { LogRecord } from './index.ts';

/** Turns a record into a line. */
export type Format = (record: LogRecord) => string;

/** The name of the logger in each line, as the Go cluster agent has it. */
const loggerName = 'CLUSTER';

/** `2006-01-02 15:04:05 UTC | CLUSTER | INFO | (file:line in function) | key:value | message` */
export function textFormat(date: (at: number) => string): Format {
  return (record) => `${date(record.at)} | ${undatedText(record)}`;
}

/** The same without its date, which syslog adds itself. */
export function undatedText({ level, file, line, function: called, context, message }: LogRecord): string {
  const pairs = context.map(([key, value]) => `${key}:${value}`).join(',');
  return `${loggerName} | ${level.toUpperCase()} | (${file}:${line} in ${called}) | ${pairs === '' ? '' : `${pairs} | `}${message}`;
}

/** One JSON object, its keys in the Go agent's order; the line number is a text, context comes last. */
export function jsonFormat(date: (at: number) => string): Format {
  return ({ at, level, file, line, function: called, message, context }) => {
    const own = {
      agent: loggerName.toLowerCase(),
      time: date(at),
      level: level.toUpperCase(),
      file,
      line: String(line),
      func: called,
      msg: message,
    };
    // Given twice: first for the order of the keys, last so that no context takes the place of what is ours.
    return JSON.stringify({ ...own, ...Object.fromEntries(context), ...own });
  };
}

/** The form of the object that the Go agent hands to syslog. */
export function undatedJson({ level, file, line, message }: LogRecord): string {
  return JSON.stringify({ agent: loggerName.toLowerCase(), level: level.toUpperCase(), relfile: file, line: String(line), msg: message });
}

/** Local time as Go prints it with `2006-01-02 15:04:05 MST`, or as RFC 3339 says. Remembers the last second. */
export function dateFormat({ rfc3339 }: { readonly rfc3339: boolean }): (at: number) => string {
  const format = rfc3339 ? rfc3339Time : zonedTime;
  let second = Number.NaN;
  let text = '';
  return (at) => {
    const now = Math.floor(at / 1000);
    if (now !== second) {
      second = now;
      text = format(at);
    }
    return text;
  };
}
