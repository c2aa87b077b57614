import type { KubeObject, Resource } from '../../kubernetes/index.ts';

export const datadogMetrics: Resource = { group: 'datadoghq.com', version: 'v1alpha1', plural: 'datadogmetrics', namespaced: true };
export const kind = { apiVersion: 'datadoghq.com/v1alpha1', kind: 'DatadogMetric' };

export const conditionTypes = ['Active', 'Valid', 'Updated', 'Error'] as const;
export type ConditionType = (typeof conditionTypes)[number];

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False';
  /** RFC 3339, whole seconds. */
  readonly lastTransitionTime: string;
  readonly lastUpdateTime: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface MetricStatus {
  readonly currentValue: string;
  readonly autoscalerReferences?: string;
  readonly conditions: readonly Condition[];
}

const prefix = 'external-metrics.datadoghq.com/';

/** What people say of a metric beside its query. The last three are ours: the Go agent ignores them. */
export const annotations = {
  alwaysActive: `${prefix}always-active`,
  /** A number that is served while there is no valid value. */
  fallbackValue: `${prefix}fallback-value`,
  /** How long the last valid value is served while there is no newer one: a Go duration. */
  lastKnownGood: `${prefix}last-known-good`,
  /** Namespaces, separated by commas, whose autoscalers may read the metric besides its own; `*`: all. */
  allowedNamespaces: `${prefix}allowed-namespaces`,
} as const;

/** What is kept of a DatadogMetric. */
export interface MetricObject {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string | undefined;
    readonly resourceVersion: string | undefined;
  };
  readonly query: string;
  /** Of Datadog; empty unless the object was made for an autoscaler. */
  readonly externalMetricName: string;
  /** Go durations; empty: none. */
  readonly maxAge: string;
  readonly timeWindow: string;
  readonly annotations: Readonly<Partial<Record<keyof typeof annotations, string>>>;
  /** Without conditions as long as nobody has written one. */
  readonly status: MetricStatus;
}

/** A condition of a status; without anything in it where nobody has written it. */
export function conditionIn({ conditions }: MetricStatus, type: ConditionType): Partial<Condition> {
  return conditions.find((each) => each.type === type) ?? {};
}

/** Keeps of an object what this agent looks at. Whatever has not the type that it should have counts as absent. */
export function metricObject({ metadata, spec, status }: KubeObject): MetricObject {
  const given = record(spec);
  const marks = metadata.annotations ?? {};
  const kept = Object.entries(annotations).flatMap(([name, key]) => (marks[key] === undefined ? [] : [[name, marks[key]] as const]));
  return {
    metadata: {
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
    },
    query: text(given['query']),
    externalMetricName: text(given['externalMetricName']),
    maxAge: text(given['maxAge']),
    timeWindow: text(given['timeWindow']),
    annotations: Object.fromEntries(kept),
    status: metricStatus(record(status)),
  };
}

function metricStatus(status: Readonly<Record<string, unknown>>): MetricStatus {
  const conditions = Array.isArray(status['conditions']) ? status['conditions'] : [];
  return {
    currentValue: text(status['currentValue']),
    autoscalerReferences: text(status['autoscalerReferences']),
    conditions: conditions.map(record).flatMap((each) => condition(each) ?? []),
  };
}

function condition(given: Readonly<Record<string, unknown>>): Condition | undefined {
  const type = conditionTypes.find((each) => each === given['type']);
  if (type === undefined) return undefined;
  const times = { lastTransitionTime: text(given['lastTransitionTime']), lastUpdateTime: text(given['lastUpdateTime']) };
  const [reason, message] = [text(given['reason']), text(given['message'])];
  const words = { ...(reason === '' ? {} : { reason }), ...(message === '' ? {} : { message }) };
  return { type, status: given['status'] === 'True' ? 'True' : 'False', ...times, ...words };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
