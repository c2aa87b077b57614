import { QueryError, type DatadogClient, type MetricPoint, type MetricQuery } from '../../datadog-client/index.ts';
import { autogenQuery } from '../metric-name.ts';
import { newerOf } from '../newer.ts';
import type { Entry } from './entry.ts';

export interface QueryForm {
  /** `external_metrics.aggregator`. */
  readonly aggregator: string;
  /** Seconds. */
  readonly rollup: number;
}

/** What Datadog said, by query. */
export type Outcomes = ReadonlyMap<string, MetricPoint | QueryError>;

/** The query that gives the value of an entry. Autoscalers that want the same metric share it. */
export function queryOf({ metric, labels }: Pick<Entry, 'metric' | 'labels'>, form: QueryForm): string {
  return autogenQuery({ metric, labels, ...form });
}

interface FetchOptions {
  readonly signal: AbortSignal;
  readonly windowSeconds: number;
  /** Milliseconds that the requests are spread over. */
  readonly spreadMs: number;
}

/** Asks each query once. @throws the signal's reason */
export async function fetched(client: DatadogClient, queries: Iterable<string>, options: FetchOptions): Promise<Outcomes> {
  const { signal, windowSeconds, spreadMs } = options;
  const asked = [...new Set(queries)].map((query): MetricQuery => ({ query, windowSeconds }));
  const outcomes = await client.query(asked, { signal, spreadMs });
  return new Map([...outcomes].map(([{ query }, outcome]) => [query, outcome]));
}

/**
 * An entry with what Datadog said of it. A failure, or a value that is too old, makes it invalid, and keeps its value for
 * people to see.
 *
 * @param maxAge seconds @param now seconds since the epoch
 */
export function withOutcome(
  entry: Entry,
  outcome: MetricPoint | QueryError | undefined,
  { maxAge, now }: { readonly maxAge: number; readonly now: number },
): Entry {
  if (outcome === undefined) return entry;
  if (outcome instanceof QueryError) return { ...entry, isValid: false, timestamp: Math.trunc(now) };
  const { value, timestamp } = entry.isValid ? newerOf(outcome, entry, now) : outcome;
  if (now - timestamp > maxAge) return { ...entry, isValid: false, timestamp: Math.trunc(now) };
  return { ...entry, value, timestamp, isValid: true };
}

/** Why an outcome gives no valid value; empty where it does. */
export function problemOf(outcome: MetricPoint | QueryError, { maxAge, now }: { readonly maxAge: number; readonly now: number }): string {
  if (outcome instanceof QueryError) return outcome.message;
  const age = Math.trunc(now - outcome.timestamp);
  return age > maxAge ? `the last value was measured ${age} s ago, and may be ${maxAge} s old: see external_metrics_provider.max_age` : '';
}
