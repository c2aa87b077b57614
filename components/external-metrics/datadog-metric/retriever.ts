import { QueryError, type DatadogClient, type MetricPoint, type MetricQuery } from '../../datadog-client/index.ts';
import { utcTime } from '../../go-time/index.ts';
import type { Random } from '../../random/index.ts';
import { inSlices } from '../in-slices.ts';
import { newerOf } from '../newer.ts';
import { isStale, pointOf, withPoint, type DatadogMetric } from './metric.ts';
import type { MetricStore } from './store.ts';

/** Seconds, all of them. */
export interface RetrieverOptions {
  readonly maxAge: number;
  readonly maxTimeWindow: number;
  readonly bucketSize: number;
  /** A metric that fails is asked after a delay that doubles. */
  readonly hasBackoff: boolean;
}

interface Parts {
  readonly store: MetricStore;
  readonly client: DatadogClient;
  readonly random: Random;
  readonly options: RetrieverOptions;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

/** Several metrics may ask the same. */
interface SharedQuery extends MetricQuery {
  readonly ids: string[];
}

/** Seconds: the first failure asks for a delay of twice that, or half of it. */
const baseDelay = 30;
const longestDelay = 1800;

/** Fetches the values of metrics that are read. */
export class Retriever {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Asks for each of the metrics once, spread over a time, and puts each answer into the store when it comes. */
  async refresh(
    metrics: Iterable<DatadogMetric>,
    { signal, spreadMs }: { readonly signal: AbortSignal; readonly spreadMs: number },
  ): Promise<void> {
    const queries = await this.#queriesFor(metrics);
    const onOutcome = (query: SharedQuery, outcome: MetricPoint | QueryError): void => {
      for (const id of query.ids) this.#apply(id, query.query, outcome);
    };
    await this.#parts.client.query(queries, { signal, spreadMs, onOutcome });
  }

  /** The queries of those that are due. */
  async #queriesFor(metrics: Iterable<DatadogMetric>): Promise<readonly SharedQuery[]> {
    const queries = new Map<string, SharedQuery>();
    await inSlices(metrics, (metric) => {
      const { id, resolved: query, isActive } = metric;
      if (!isActive || query === undefined || this.#isWaiting(metric)) return;
      const windowSeconds = this.#windowOf(metric);
      const shared = queries.get(`${windowSeconds} ${query}`) ?? { query, windowSeconds, ids: [] };
      shared.ids.push(id);
      queries.set(`${windowSeconds} ${query}`, shared);
    });
    return [...queries.values()];
  }

  /** No longer than the longest delay, should the clock be set back meanwhile. */
  #isWaiting({ retryAfter }: DatadogMetric): boolean {
    const left = retryAfter - this.#parts.now();
    return this.#parts.options.hasBackoff && left > 0 && left <= longestDelay;
  }

  #windowOf({ timeWindow, maxAge }: DatadogMetric): number {
    const { maxAge: shortest, bucketSize, maxTimeWindow } = this.#parts.options;
    return Math.trunc(Math.min(maxTimeWindow, Math.max(timeWindow || maxAge, shortest, bucketSize)));
  }

  /** The metric may have changed while Datadog was asked: what was asked for another query is not for this one. */
  #apply(id: string, query: string, outcome: MetricPoint | QueryError): void {
    const metric = this.#parts.store.get(id);
    if (metric?.resolved !== query || !metric.isActive) return;
    this.#parts.store.set(outcome instanceof QueryError ? this.#failed(metric, outcome) : this.#answered(metric, outcome), 'retriever');
  }

  #answered(metric: DatadogMetric, point: MetricPoint): DatadogMetric {
    const now = this.#parts.now();
    const updated = { ...withPoint(metric, newerOf(point, pointOf(metric), now)), updateTime: now, retries: 0, retryAfter: 0 };
    if (!isStale(updated, { maxAge: this.#parts.options.maxAge, grace: 0, now })) return { ...updated, isValid: true, error: undefined };
    return { ...updated, isValid: false, error: `Query returned outdated result, check MaxAge setting, query: ${metric.resolved ?? ''}` };
  }

  #failed(metric: DatadogMetric, error: QueryError): DatadogMetric {
    const now = this.#parts.now();
    const retries = error.failure === 'rate-limit' ? metric.retries : metric.retries + 1;
    const retryAfter = error.failure === 'rate-limit' ? metric.retryAfter : now + this.#delayAfter(retries);
    return { ...metric, isValid: false, updateTime: now, error: this.#sentence(metric, error, retryAfter), retries, retryAfter };
  }

  #delayAfter(retries: number): number {
    const delay = baseDelay * 2 ** retries;
    return delay >= longestDelay ? longestDelay : delay * (0.5 + this.#parts.random.next() / 2);
  }

  #sentence({ resolved = '' }: DatadogMetric, { failure, message }: QueryError, retryAfter: number): string {
    const retry = this.#parts.options.hasBackoff ? `, will retry after ${utcTime(retryAfter * 1000)}` : '';
    if (failure === 'rate-limit') return 'Global error: Datadog API rate limit exceeded';
    if (failure === 'invalid-query' || failure === 'no-data') return `Invalid metric error: ${message}, query was: ${resolved}${retry}`;
    return `Global error (all queries) from backend: ${message}${retry}`;
  }
}
