import type { Clock } from '../../src/fx/index.ts';

/** What Datadog says of the limits that a path has, in its own units: requests and seconds. */
export interface RateLimit {
  readonly limit: number | undefined;
  readonly period: number | undefined;
  readonly reset: number | undefined;
  readonly remaining: number;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** The limits that an answer tells of; `undefined` when it tells of none. */
export function rateLimitIn(headers: Headers): RateLimit | undefined {
  const number = (name: string): number | undefined => {
    const text = headers[`x-ratelimit-${name}`]?.trim();
    return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
  };
  const remaining = number('remaining');
  if (remaining === undefined) return undefined;
  return { limit: number('limit'), period: number('period'), reset: number('reset'), remaining };
}

/** No limit of Datadog has a longer period. What asks for more, such as a date instead of seconds, must not silence us for years. */
const longestWaitMs = 3_600_000;

/**
 * How long an answer 429 asks to wait, in milliseconds: `Retry-After`, or when the limit is reset, or its whole period. An hour at most.
 */
export function retryAfterIn(headers: Headers, clock: Clock): number | undefined {
  const asked = askedIn(headers, clock);
  return asked === undefined ? undefined : Math.min(asked, longestWaitMs);
}

function askedIn(headers: Headers, clock: Clock): number | undefined {
  const header = headers['retry-after']?.trim();
  if (header !== undefined && /^\d+(?:\.\d+)?$/.test(header)) return Number(header) * 1000;
  const at = header === undefined ? Number.NaN : Date.parse(header);
  if (!Number.isNaN(at)) return Math.max(0, at - clock.now());
  const seconds = [headers['x-ratelimit-reset'], headers['x-ratelimit-period']].find((text) => /^\d+$/.test(text?.trim() ?? ''));
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** The least that remained of the limit, forgotten after a while. */
export class Minimum {
  readonly #forgetAfterMs: number;
  readonly #clock: Clock;
  #value = Infinity;
  #at = -Infinity;

  constructor(forgetAfterMs: number, clock: Clock) {
    this.#forgetAfterMs = forgetAfterMs;
    this.#clock = clock;
  }

  /** @returns the least of late, this one included */
  add(value: number): number {
    const now = this.#clock.monotonic();
    if (value <= this.#value || now - this.#at > this.#forgetAfterMs) [this.#value, this.#at] = [value, now];
    return this.#value;
  }
}
