import { token } from '../../src/fx/index.ts';

export { datadogClientSettings } from './settings.ts';

/** A query over a window that ends now. */
export interface MetricQuery {
  /** As Datadog takes it: `avg:nginx.net.request_per_s{*}.rollup(30)`. */
  readonly query: string;
  /** Seconds. */
  readonly windowSeconds: number;
}

/** The value of a query: its last but one point, because the last one may still be incomplete. */
export interface MetricPoint {
  readonly value: number;
  /** When Datadog measured it, in seconds since the epoch. */
  readonly timestamp: number;
}

/** Why a query has no value. */
export type QueryFailure =
  /** The query itself is wrong: empty, unbalanced, several at once, too long, or refused by Datadog (400, 422). */
  | 'invalid-query'
  /** Datadog has no point in the window that can be read, or several series for one query. */
  | 'no-data'
  | 'rate-limit'
  /** Keys are missing, wrong, or lack a permission (401, 403). */
  | 'forbidden'
  /** Datadog answered something that is no answer to the question. */
  | 'bad-response'
  /** Datadog cannot be reached, or fails (5xx). */
  | 'unavailable';

export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly failure: QueryFailure;

  /** @param message without keys: they are redacted from whatever Datadog answers */
  constructor(failure: QueryFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

export interface QueryOptions<Q extends MetricQuery> {
  readonly signal: AbortSignal;
  /** Milliseconds that the requests are spread over. Default 0: they are sent at once. */
  readonly spreadMs?: number;
  /** Called with each answer as soon as it is there. */
  readonly onOutcome?: (query: Q, outcome: MetricPoint | QueryError) => void;
}

/** Asks Datadog for values of metrics. */
export interface DatadogClient {
  /**
   * Asks many queries in as few requests as the limits allow. Each gets its own answer: one that fails harms no other.
   * Rejects only with the signal's reason.
   */
  query<Q extends MetricQuery>(queries: readonly Q[], options: QueryOptions<Q>): Promise<ReadonlyMap<Q, MetricPoint | QueryError>>;
}
export const DatadogClient = token<DatadogClient>()('datadog-client');
