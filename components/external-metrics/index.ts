import { token } from '../../src/fx/index.ts';
import type { MetricPoint } from '../datadog-client/index.ts';

export { datadogMetricDefinition } from './crd/datadogmetric.ts';
export { externalMetricsSettings } from './settings.ts';

/** One value of a metric. */
export interface ExternalMetricValue {
  readonly metricName: string;
  /** Null on the wire where there are none, as the Go agent has it. */
  readonly metricLabels: Readonly<Record<string, string>> | undefined;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly value: number;
  /** The value as another server spelled it, which is handed on as it is: a number may have lost digits. */
  readonly quantity?: string;
}

/** What a reader of a metric asks for. */
export interface MetricRequest {
  /** The namespace of the autoscaler that asks. */
  readonly namespace: string;
  /** As it stands in the path: `datadogmetric@ns:name`, or a Datadog metric's name. */
  readonly metric: string;
  readonly selector: LabelSelector;
}

/** A parsed label selector. */
export interface LabelSelector {
  readonly requirements: readonly {
    readonly key: string;
    readonly operator: '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';
    readonly values: readonly string[];
  }[];
  matches(labels: Readonly<Record<string, string>>): boolean;
  /** As it was written, normalised as Kubernetes does. */
  toString(): string;
}

/** Why a metric cannot be read, as its reader sees it. */
export class MetricError extends Error {
  override readonly name = 'MetricError';
  /** Kubernetes' reason; `InternalError` in CRD mode, none in ConfigMap mode, `Forbidden` by the namespace check. */
  readonly reason: 'InternalError' | 'Forbidden' | undefined;

  constructor(reason: MetricError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Another server was asked for the metric, and gave none: its answer, or what kept it from answering. */
export class DelegateError extends Error {
  override readonly name = 'DelegateError';
  /** The HTTP status for the reader. */
  readonly code: number;
  /** Kubernetes' reason. */
  readonly reason: string;

  /** @param message names the server */
  constructor(message: string, { code, reason }: { readonly code: number; readonly reason: string }) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** Knows the values of external metrics. Reads are look-ups in memory, on every replica. */
export interface ExternalMetricsProvider {
  /** @throws MetricError; DelegateError where another server serves the metric */
  read(request: MetricRequest): readonly ExternalMetricValue[] | Promise<readonly ExternalMetricValue[]>;
}
export const ExternalMetricsProvider = token<ExternalMetricsProvider>()('external-metrics-provider');

/** The external metrics API itself. */
export interface ExternalMetricsServer {
  /** The port that it listens on; 0 while it does not. */
  readonly port: number;
}
export const ExternalMetricsServer = token<ExternalMetricsServer>()('external-metrics-server');

/** What an autoscaler wants a metric to be: in all, or on average for each replica. */
export interface MetricTarget {
  readonly type: 'Value' | 'AverageValue';
  /** As Kubernetes writes numbers: `500m`. */
  readonly quantity: string;
}

/** How many there may be of what an autoscaler scales, and how many there are; undefined: nobody has counted yet. */
export interface Replicas {
  readonly min: number;
  readonly max: number;
  readonly current: number | undefined;
}

/** An autoscaler that reads a metric. */
export interface MetricUser {
  /** `hpa:<namespace>/<name>`, or `wpa:...`. */
  readonly reference: string;
  readonly target: MetricTarget | undefined;
  readonly replicas: Replicas;
  /** What it would scale to by this metric alone, now; undefined where that cannot be told. */
  readonly desired: number | undefined;
}

/** One metric as `cluster-agent external-metrics` shows it. */
export interface InventoryEntry extends MetricPoint {
  /** `datadogmetric@namespace:name`, or the metric's name in ConfigMap mode. Its value is the last one that is known; timestamp 0: none. */
  readonly metric: string;
  readonly query: string;
  /** Values before that one, newest first. */
  readonly earlier: readonly MetricPoint[];
  /** What a read gives now: the value, or what stands in for it; undefined: an error. */
  readonly served: number | undefined;
  readonly isActive: boolean;
  readonly isValid: boolean;
  /** Why it has no valid value; empty when it has. */
  readonly problem: string;
  /** Who reads it, as the leader has noted: `hpa:<namespace>/<name>`. */
  readonly references: readonly string[];
  /** The same as this replica sees it, sorted. */
  readonly users: readonly MetricUser[];
}

/** Every metric that this replica knows. */
export interface MetricInventory {
  list(): Promise<readonly InventoryEntry[]>;
}
export const MetricInventory = token<MetricInventory>()('metric-inventory');

/** What `GET /external-metrics` answers. */
export interface InventoryReport {
  /** Seconds since the epoch. */
  readonly now: number;
  /** Why there are no metrics; empty when nothing is wrong. */
  readonly problem: string;
  readonly metrics: readonly InventoryEntry[];
}
