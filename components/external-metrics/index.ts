import { token } from '../../src/fx/index.ts';

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

/** Knows the values of external metrics. Reads are look-ups in memory, on every replica. */
export interface ExternalMetricsProvider {
  /** @throws MetricError */
  read(request: MetricRequest): readonly ExternalMetricValue[] | Promise<readonly ExternalMetricValue[]>;
}
export const ExternalMetricsProvider = token<ExternalMetricsProvider>()('external-metrics-provider');

/** The external metrics API itself. */
export interface ExternalMetricsServer {
  /** The port that it listens on; 0 while it does not. */
  readonly port: number;
}
export const ExternalMetricsServer = token<ExternalMetricsServer>()('external-metrics-server');

/** One metric as `cluster-agent external-metrics` shows it. */
export interface InventoryEntry {
  /** `datadogmetric@namespace:name`, or the metric's name in ConfigMap mode. */
  readonly metric: string;
  readonly query: string;
  readonly value: number;
  /** When Datadog measured the value, in seconds since the epoch; 0: never. */
  readonly timestamp: number;
  readonly isActive: boolean;
  readonly isValid: boolean;
  /** Why a read gives no valid value; empty when it does. */
  readonly problem: string;
  /** Who reads it: `hpa:<namespace>/<name>`. */
  readonly references: readonly string[];
}

/** Every metric that this replica knows. */
export interface MetricInventory {
  list(): readonly InventoryEntry[];
}
export const MetricInventory = token<MetricInventory>()('metric-inventory');
