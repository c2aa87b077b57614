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
  let second = Number.NaN;
  let text = '';
  return (at) => {
    const now = Math.floor(at / 1000);
    if (now !== second) {
      second = now;
      text = rfc3339 ? rfc3339Date(new Date(at)) : zonedDate(new Date(at));
    }
    return text;
  };
}

function zonedDate(date: Date): string {
  return `${dayOf(date)} ${timeOf(date)} ${zoneOf(date)}`;
}

function rfc3339Date(date: Date): string {
  return `${dayOf(date)}T${timeOf(date)}${date.getTimezoneOffset() === 0 ? 'Z' : offsetOf(date, ':')}`;
}

function dayOf(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function timeOf(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The zone's abbreviation; where the locale knows none, its offset, as Go does for zones without a name. */
function zoneOf(date: Date): string {
  if (date.getTimezoneOffset() === 0) return 'UTC';
  for (const locale of ['en-US', 'en-GB']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date);
    const zone = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]+$/.test(zone)) return zone;
  }
  return offsetOf(date, '');
}

function offsetOf(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const hours = two(Math.trunc(Math.abs(minutes) / 60));
  return `${minutes < 0 ? '-' : '+'}${hours}${separator}${two(Math.abs(minutes) % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
