import type { Clock } from '../../src/fx/index.ts';
import type { Random } from '../random/index.ts';
import type { Secret } from '../secrets/index.ts';
import { readAnswer, wordsMax, type Result } from './answer.ts';
import type { Connections, HttpAnswer } from './http.ts';
import { QueryError, type MetricQuery, type QueryFailure } from './index.ts';
import { rateLimitIn, retryAfterIn, type RateLimit } from './rate-limit.ts';

/** Where queries go, read anew for each request so that changed keys count at once. */
export interface Access {
  readonly url: string;
  readonly apiKey: Secret;
  readonly appKey: Secret;
}

interface Parts {
  readonly access: () => Access;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly random: Random;
  readonly onRateLimit: (limit: RateLimit) => void;
}

const shortestIntervalMs = 30_000;
const longestIntervalMs = 30 * 60_000;
/** For failures that may pass by themselves: how long a request is tried again. */
const retryForMs = 3000;
const firstRetryMs = 500;

type Status = 'unknown' | 'ok' | 'failed';

/** One place that answers queries, and how it has been doing. */
export class Endpoint {
  readonly #parts: Parts;
  #status: Status = 'unknown';
  #lastSuccess: number | undefined;
  #lastFailure: number | undefined;
  #lastError: string | undefined;
  #retryIntervalMs = shortestIntervalMs;
  /** Of the monotonic clock: until then it is passed over. */
  #restingUntil = -Infinity;
  #limitedUntil = -Infinity;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Without the name and password of a proxy in front of Datadog, which may stand in the setting. */
  get url(): string {
    return this.#parts.access().url.replace(/\/\/[^/]*@/, '//');
  }
  get status(): Status {
    return this.#status;
  }
  /** Milliseconds since the epoch. */
  get lastSuccess(): number | undefined {
    return this.#lastSuccess;
  }
  get lastFailure(): number | undefined {
    return this.#lastFailure;
  }
  /** Why the last failure was one. */
  get lastError(): string | undefined {
    return this.#lastError;
  }
  /** For so many milliseconds it is asked last after a failure. */
  get retryIntervalMs(): number {
    return this.#retryIntervalMs;
  }
  /** Has failed lately: others are asked first. */
  get isResting(): boolean {
    return this.#parts.clock.monotonic() < this.#restingUntil;
  }

  /**
   * Asks a batch.
   *
   * @returns a result for each query, in their order
   * @throws QueryError when the batch as a whole has no answer
   */
  async ask(batch: readonly MetricQuery[], signal: AbortSignal): Promise<readonly Result[]> {
    try {
      const results = await this.#ask(batch, signal);
      this.#succeeded();
      return results;
    } catch (error) {
      if (error instanceof QueryError && isItsOwnFault(error.failure)) this.#failed(error);
      throw error;
    }
  }

  async #ask(batch: readonly MetricQuery[], signal: AbortSignal): Promise<readonly Result[]> {
    const { clock, access, onRateLimit } = this.#parts;
    if (clock.monotonic() < this.#limitedUntil) throw new QueryError('rate-limit', limited);
    const answer = await this.#send(access(), batch, signal);
    const limit = rateLimitIn(answer.headers);
    if (answer.status < 300 && limit !== undefined) onRateLimit(limit);
    if (answer.status === 429) {
      const waitMs = retryAfterIn(answer.headers, clock);
      if (waitMs !== undefined) this.#limitedUntil = clock.monotonic() + waitMs;
      throw new QueryError('rate-limit', limited);
    }
    if (answer.status >= 300) throw new QueryError(failureOf(answer.status), refusalOf(answer));
    return readAnswer(jsonOf(answer.body), batch);
  }

  /** The answer, whatever it is, without keys in it: part of it may end up where many can read it. */
  async #send({ url, apiKey, appKey }: Access, batch: readonly MetricQuery[], signal: AbortSignal): Promise<HttpAnswer> {
    const request = requestOf(url, batch, this.#parts.clock);
    if (request === undefined) throw new QueryError('unavailable', noUrl(this.url));
    if (apiKey.isEmpty || appKey.isEmpty) throw new QueryError('forbidden', missingKeys);
    const redacted = (message: string): string =>
      [apiKey, appKey].reduce((text, key) => text.replaceAll(key.reveal(), '********'), message);
    try {
      const answer = await this.#get(request, headersOf({ apiKey, appKey }), signal);
      return { ...answer, statusText: redacted(answer.statusText), body: redacted(answer.body) };
    } catch (error) {
      signal.throwIfAborted();
      throw new QueryError('unavailable', redacted(`Datadog cannot be reached: ${error instanceof Error ? error.message : String(error)}`));
    }
  }

  /** Failures of the network and of the service are tried again for a short while; a refusal is final. */
  async #get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    const { connections, clock, random } = this.#parts;
    const giveUpAt = clock.monotonic() + retryForMs;
    for (let delayMs = firstRetryMs; ; delayMs *= 1.5) {
      const tried = await connections.get(url, headers, signal).catch((error: unknown) => ({ error }));
      const isOver = clock.monotonic() + delayMs > giveUpAt;
      if (!('error' in tried) && (tried.status < 500 || isOver)) return tried;
      if ('error' in tried && isOver) throw tried.error;
      await clock.sleep(delayMs * (0.5 + random.next()), signal);
    }
  }

  #succeeded(): void {
    this.#status = 'ok';
    this.#lastSuccess = this.#parts.clock.now();
    this.#restingUntil = -Infinity;
    this.#retryIntervalMs = Math.max(shortestIntervalMs, this.#retryIntervalMs / 2);
  }

  #failed({ message }: QueryError): void {
    const { clock } = this.#parts;
    this.#lastFailure = clock.now();
    this.#lastError = message;
    // Requests that run side by side fail together, and that is one failure.
    if (this.#status === 'failed' && this.isResting) return;
    if (this.#status === 'failed') this.#retryIntervalMs = Math.min(longestIntervalMs, this.#retryIntervalMs * 2);
    this.#status = 'failed';
    this.#restingUntil = clock.monotonic() + this.#retryIntervalMs;
  }
}

const limited = 'Datadog API rate limit exceeded';
const missingKeys =
  'missing the api/app key pair to query Datadog: set api_key and app_key, or external_metrics_provider.api_key and .app_key';

/** Whether another endpoint may do better; a wrong query is wrong everywhere. */
export function isItsOwnFault(failure: QueryFailure): boolean {
  return failure !== 'invalid-query' && failure !== 'no-data';
}

function noUrl(text: string): string {
  return `"${text}" is no URL that queries can go to: begin external_metrics_provider.endpoint with https://, or look at site`;
}

function requestOf(base: string, batch: readonly MetricQuery[], clock: Clock): URL | undefined {
  const url = URL.parse(`${base.replace(/\/+$/, '')}/api/v1/query`);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const to = Math.trunc(clock.now() / 1000);
  url.searchParams.set('from', String(to - (batch[0]?.windowSeconds ?? 0)));
  url.searchParams.set('query', batch.map(({ query }) => query).join(','));
  url.searchParams.set('to', String(to));
  return url;
}

function headersOf({ apiKey, appKey }: Pick<Access, 'apiKey' | 'appKey'>): Readonly<Record<string, string>> {
  return {
    'dd-api-key': apiKey.reveal(),
    'dd-application-key': appKey.reveal(),
    'user-agent': 'Datadog-Cluster-Agent',
    accept: 'application/json',
  };
}

function failureOf(status: number): QueryFailure {
  if (status === 401 || status === 403) return 'forbidden';
  if (status === 400 || status === 422) return 'invalid-query';
  return status >= 500 ? 'unavailable' : 'bad-response';
}

/** Datadog's own words, without the rest of a page that some proxy may have sent. */
function refusalOf({ status, statusText, body }: HttpAnswer): string {
  const advice = status === 403 ? '; the application key needs the permission timeseries_query' : '';
  return `API error ${status} ${statusText}: ${body.trim().slice(0, wordsMax)}${advice}`;
}

function jsonOf(body: string): unknown {
  if (body.trim() === '') return {};
  try {
    return JSON.parse(body);
  } catch {
    throw new QueryError('bad-response', `Datadog API response is no JSON: ${body.trim().slice(0, 80)}`);
  }
}
