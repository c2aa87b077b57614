/** How the Go agent writes times: people and tools read ours in the same places. */

/** A moment as status pages have it: `2018-01-05 11:25:15.123 UTC (1515151515123)`, with local time before it where that is another. */
export function unixTime(at: number): string {
  const date = new Date(Math.round(at));
  const utc = `${day(date, 'UTC')} ${time(date, 'UTC')}${fraction(date)} UTC`;
  if (date.getTimezoneOffset() === 0) return `${utc} (${date.getTime()})`;
  return `${day(date)} ${time(date)}${fraction(date)} ${zone(date)} / ${utc} (${date.getTime()})`;
}

/** Local time as `2006-01-02 15:04:05 MST`. */
export function zonedTime(at: number): string {
  const date = new Date(at);
  return `${day(date)} ${time(date)} ${zone(date)}`;
}

/** Local time as `2006-01-02T15:04:05Z07:00`. */
export function rfc3339Time(at: number): string {
  const date = new Date(at);
  return `${day(date)}T${time(date)}${date.getTimezoneOffset() === 0 ? 'Z' : offset(date, ':')}`;
}

/** UTC as `2006-01-02T15:04:05Z`: Go's `metav1.Time`, as which Kubernetes' objects have times. */
export function utcTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

type Zone = 'UTC' | 'local';

function day(date: Date, of: Zone = 'local'): string {
  return of === 'UTC' ? date.toISOString().slice(0, 10) : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function time(date: Date, of: Zone = 'local'): string {
  return of === 'UTC' ? date.toISOString().slice(11, 19) : `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Go's `.999`: no trailing zeros. */
function fraction(date: Date): string {
  const digits = String(date.getMilliseconds()).padStart(3, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

/** The zone's abbreviation; where no locale knows one, its offset, as Go does for zones without a name. */
function zone(date: Date): string {
  if (date.getTimezoneOffset() === 0) return 'UTC';
  for (const locale of ['en-US', 'en-GB']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]+$/.test(name)) return name;
  }
  return offset(date, '');
}

function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.trunc(distance / 60))}${separator}${two(distance % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
