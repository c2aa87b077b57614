import type { MetricPoint } from '../../datadog-client/index.ts';

/** What is known of a metric, whoever keeps it. Times are in seconds since the epoch. */
export interface DatadogMetric {
  /** `namespace/name`. */
  readonly id: string;
  /** As it was written; {@link resolved} is what Datadog is asked. */
  readonly query: string;
  /** Undefined while a template in it cannot be resolved, or a duration be read; then {@link error} says why. */
  readonly resolved: string | undefined;
  /** The metric of Datadog that the object was made for; empty when somebody wrote the object. */
  readonly externalMetricName: string;
  /** Seconds; 0: none of its own. */
  readonly maxAge: number;
  readonly timeWindow: number;
  readonly isAlwaysActive: boolean;
  /** Whether somebody reads it; only then it is queried. */
  readonly isActive: boolean;
  /** Whether anybody has looked for readers yet. */
  readonly knowsReaders: boolean;
  /** Whether the last query gave a value that is fresh. */
  readonly isValid: boolean;
  /** An object that nobody has read for long, and that was made by us: to be deleted. */
  readonly isDeleted: boolean;
  readonly value: number;
  /** When Datadog measured the value; 0: never. */
  readonly dataTime: number;
  readonly updateTime: number;
  /** `hpa:<namespace>/<name>` and `wpa:...`, sorted. */
  readonly references: readonly string[];
  readonly error: string | undefined;
  /** Failures in a row, and the time before which it is not queried again. */
  readonly retries: number;
  readonly retryAfter: number;
  readonly safeguards: Safeguards;
}

/** What readers get while there is no valid value. */
interface Safeguards {
  readonly fallbackValue: number | undefined;
  /** Seconds. */
  readonly lastKnownGood: number;
  readonly allowedNamespaces: readonly string[];
}

export function idOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** Its last value; of time 0 where it never had one. */
export function pointOf({ value, dataTime }: DatadogMetric): MetricPoint {
  return { value, timestamp: dataTime };
}

export function withPoint(metric: DatadogMetric, { value, timestamp }: MetricPoint): DatadogMetric {
  return { ...metric, value, dataTime: timestamp };
}

/** A metric that an autoscaler asks for and nobody has written an object for. */
export function madeFor(parts: Pick<DatadogMetric, 'id' | 'query' | 'externalMetricName' | 'references'>, now: number): DatadogMetric {
  return {
    ...parts,
    resolved: parts.query,
    maxAge: 0,
    timeWindow: 0,
    isAlwaysActive: false,
    isActive: true,
    knowsReaders: true,
    isValid: false,
    isDeleted: false,
    value: 0,
    dataTime: 0,
    updateTime: now,
    error: undefined,
    retries: 0,
    retryAfter: 0,
    safeguards: { fallbackValue: undefined, lastKnownGood: 0, allowedNamespaces: [] },
  };
}

/** Whether the value is too old to be served. @param grace seconds beyond its greatest age */
export function isStale(
  { maxAge, dataTime }: DatadogMetric,
  limits: { readonly maxAge: number; readonly grace: number; readonly now: number },
): boolean {
  return limits.now - dataTime > (maxAge || limits.maxAge) + limits.grace;
}

/** Read by somebody, and not asked for since: neither did that give a value, nor did it fail. */
export function isNew({ isActive, isValid, error, resolved }: DatadogMetric): boolean {
  return isActive && !isValid && error === undefined && resolved !== undefined;
}
