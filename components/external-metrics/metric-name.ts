import { createHash } from 'node:crypto';

/** Namespace and name of an object. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** A metric name that begins like a reference to a DatadogMetric, and is none. */
export class MetricNameError extends Error {
  override readonly name = 'MetricNameError';

  constructor(metric: string) {
    super(`ExternalMetric does not follow DatadogMetric format: ${metric}`);
  }
}

const part = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const reference = new RegExp(`^datadogmetric@(${part}):(${part})$`);

/**
 * The DatadogMetric that a metric's name refers to, whatever its case; `undefined` for a metric of Datadog itself.
 *
 * @throws MetricNameError
 */
export function referenceIn(metric: string): ObjectName | undefined {
  const lower = metric.toLowerCase();
  if (!lower.startsWith('datadogmetric@')) return undefined;
  const [, namespace, name] = reference.exec(lower) ?? [];
  if (namespace === undefined || name === undefined) throw new MetricNameError(metric);
  return { namespace, name };
}

interface QueryParts {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `external_metrics.aggregator`. */
  readonly aggregator: string;
  /** `external_metrics_provider.rollup`, in seconds. */
  readonly rollup: number;
}

/** The query that stands for a metric of Datadog and labels. */
export function autogenQuery({ metric, labels, aggregator, rollup }: QueryParts): string {
  const tags = Object.entries(labels).map(([key, value]) => `${key}:${value}`);
  return `${aggregator}:${metric}{${tags.length === 0 ? '*' : tags.toSorted().join(',')}}.rollup(${rollup})`;
}

/** The name of the DatadogMetric that is made for a query. */
export function autogenName(query: string): string {
  return `dcaautogen-${createHash('sha256').update(query).digest('hex').slice(0, 38)}`;
}
