import type { MetricPoint } from '../../datadog-client/index.ts';
import { MetricError, type ExternalMetricsProvider, type ExternalMetricValue, type MetricRequest } from '../index.ts';
import { MetricNameError } from '../metric-name.ts';
import { isStale, pointOf, type DatadogMetric } from './metric.ts';
import { identify, type AutogenOptions } from './references.ts';
import type { MetricStore } from './store.ts';

/** In seconds: how old a value may be, and for how much longer it is served. */
export interface Limits {
  readonly maxAge: number;
  readonly grace: number;
}

interface Parts {
  readonly store: MetricStore;
  readonly autogen: () => AutogenOptions;
  readonly limits: Limits;
  /** Whether an autoscaler may read only the DatadogMetrics of its own namespace, and those that allow it to. */
  readonly isNamespaced: boolean;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

/** Reads metrics out of the store, on every replica. */
export class MetricReader implements ExternalMetricsProvider {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  read(request: MetricRequest): readonly ExternalMetricValue[] {
    const metric = this.#find(request);
    const { value, timestamp } = this.#valueOf(metric);
    return [{ metricName: request.metric.toLowerCase(), metricLabels: undefined, timestamp, value }];
  }

  #find({ metric: wanted, namespace, selector }: MetricRequest): DatadogMetric {
    const labels = Object.fromEntries(
      selector.requirements.filter(({ operator }) => operator === '=').map(({ key, values: [value = ''] }) => [key, value]),
    );
    const named = identify({ metric: wanted, labels }, this.#parts.autogen());
    if (named === undefined) throw new MetricError('InternalError', new MetricNameError(wanted).message);
    const metric = this.#parts.store.get(named.id);
    if (metric === undefined)
      throw new MetricError('InternalError', `DatadogMetric not found for metric name: ${wanted}, datadogmetricid: ${named.id}`);
    if (this.#parts.isNamespaced && !mayRead(namespace, metric))
      throw new MetricError(
        'Forbidden',
        `DatadogMetric ${metric.id} may not be read from namespace ${namespace}: its annotation external-metrics.datadoghq.com/allowed-namespaces does not name it`,
      );
    return metric;
  }

  #valueOf(metric: DatadogMetric): MetricPoint {
    const { limits, now } = this.#parts;
    const point = served(metric, limits, now());
    if (point !== undefined) return point;
    if (!metric.isValid) throw new MetricError('InternalError', metric.error ?? 'DatadogMetric is invalid, missing error details');
    const date = new Date(metric.dataTime * 1000).toISOString();
    throw new MetricError('InternalError', `DatadogMetric is stale, last updated: ${date}. Check datadog-cluster-agent logs for errors`);
  }
}

/**
 * A valid value; else the last good one or a fallback, where the metric has such safeguards.
 *
 * @param now seconds since the epoch
 */
export function served(metric: DatadogMetric, limits: Limits, now: number): MetricPoint | undefined {
  if (metric.isValid && !isStale(metric, { ...limits, now })) return pointOf(metric);
  const { lastKnownGood, fallbackValue } = metric.safeguards;
  if (lastKnownGood > 0 && metric.dataTime > 0 && now - metric.dataTime <= lastKnownGood) return pointOf(metric);
  return fallbackValue === undefined ? undefined : { value: fallbackValue, timestamp: Math.trunc(now) };
}

/** What was made for an autoscaler is everybody's who asks for the same. */
function mayRead(namespace: string, { id, externalMetricName, safeguards: { allowedNamespaces } }: DatadogMetric): boolean {
  return (
    externalMetricName !== '' || id.startsWith(`${namespace}/`) || allowedNamespaces.includes(namespace) || allowedNamespaces.includes('*')
  );
}
