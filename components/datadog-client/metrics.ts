import type { Clock } from '../../src/fx/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { Result } from './answer.ts';
import { QueryError, type QueryFailure } from './index.ts';
import { Minimum, type RateLimit } from './rate-limit.ts';

/** How requests end, in the words of the Go agent's metric. */
const statuses: Readonly<Record<QueryFailure, string>> = {
  'invalid-query': 'unprocessable_entity_error',
  'no-data': 'success',
  'rate-limit': 'rate_limit_error',
  forbidden: 'other_http_error',
  'bad-response': 'response_error',
  unavailable: 'unknown_error',
};

/** Two refresh periods at the usual 30 s. */
const minimumForgottenMs = 60_000;
const leading = { join_leader: 'true' };
const path = { endpoint: '/api/v1/query', ...leading };

interface ClientMetrics {
  readonly request: (failure: QueryFailure | undefined) => void;
  readonly result: (result: Result) => void;
  readonly rateLimit: (limit: RateLimit) => void;
}

/** Metrics under the names that the Datadog integration for the cluster agent collects. */
export function clientMetrics(telemetry: Telemetry, clock: Clock): ClientMetrics {
  const requests = telemetry.counter({
    subsystem: '',
    name: 'datadog_requests',
    help: 'Requests to Datadog, by how they ended',
    labels: ['status', 'join_leader'],
  });
  const perMetric = (name: string, help: string) =>
    telemetry.gauge({ subsystem: 'external_metrics', name, help, labels: ['metric', 'join_leader'] });
  const values = perMetric('processed_value', 'Value of the metric when it was last read');
  const delays = perMetric('delay_seconds', 'How old the value was when it was read, in seconds');
  const ofLimit = (name: string, help: string) =>
    telemetry.gauge({ subsystem: 'rate_limit_queries', name, help, labels: ['endpoint', 'join_leader'] });
  const limits = {
    limit: ofLimit('limit', 'Requests that Datadog allows in a period'),
    period: ofLimit('period', 'Length of the period in seconds'),
    reset: ofLimit('reset', 'Seconds until the next period'),
    remaining: ofLimit('remaining', 'Requests that remain in this period'),
  };
  const leastRemaining = ofLimit('remaining_min', 'The least that remained of late');
  const minimum = new Minimum(minimumForgottenMs, clock);
  return {
    request: (failure) => requests.add({ status: failure === undefined ? 'success' : statuses[failure], ...leading }),
    result: ({ outcome, label }) => {
      if (label === undefined || outcome instanceof QueryError) return;
      values.set({ metric: label, ...leading }, outcome.value);
      delays.set({ metric: label, ...leading }, clock.now() / 1000 - outcome.timestamp);
    },
    rateLimit: (limit) => {
      for (const [name, gauge] of Object.entries(limits)) {
        const value = limit[name as keyof RateLimit];
        if (value !== undefined) gauge.set(path, value);
      }
      leastRemaining.set(path, minimum.add(limit.remaining));
    },
  };
}
