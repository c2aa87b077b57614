import { setting, type } from '../config/index.ts';

const key = (name: string): string => `external_metrics_provider.${name}`;

export const externalMetricsSettings = {
  enabled: setting(key('enabled'), { type: type.boolean, default: false, description: 'Serve the external metrics API' }),
  port: setting(key('port'), { type: type.port, default: 8443, description: 'Port of the external metrics API' }),
  config: setting(key('config'), {
    type: type.map,
    default: {},
    description: 'Flags of the API server by name, without their dashes: secure-port, tls-cert-file, ...',
  }),
  useDatadogMetricCrd: setting(key('use_datadogmetric_crd'), {
    type: type.boolean,
    default: false,
    description: 'Keep metrics in DatadogMetric objects instead of one ConfigMap',
  }),
  autogen: setting(key('enable_datadogmetric_autogen'), {
    type: type.boolean,
    default: true,
    description: 'Make a DatadogMetric for each metric of an autoscaler that refers to none',
  }),
  autogenSelector: setting(key('autoscaler_autogen_label_selector'), {
    type: type.text,
    default: '',
    description: 'Label selector of the autoscalers for which DatadogMetrics are made; empty: all',
  }),
  wpaController: setting(key('wpa_controller'), { type: type.boolean, default: false, description: 'Serve WatermarkPodAutoscalers too' }),
  refreshPeriod: setting(key('refresh_period'), {
    type: type.integer,
    default: 30,
    description: 'Seconds between two queries of a metric',
  }),
  maxAge: setting(key('max_age'), { type: type.integer, default: 120, description: 'Seconds after which a value is too old' }),
  validityPeriod: setting(key('query_validity_period'), {
    type: type.integer,
    default: 30,
    description: 'Seconds for which a value is served beyond its greatest age',
  }),
  maxTimeWindow: setting(key('max_time_window'), {
    type: type.integer,
    default: 86_400,
    description: 'Longest window of a query in seconds',
  }),
  bucketSize: setting(key('bucket_size'), { type: type.integer, default: 300, description: 'Shortest window of a query in seconds' }),
  rollup: setting(key('rollup'), { type: type.integer, default: 30, description: 'Seconds that made queries roll up' }),
  aggregator: setting('external_metrics.aggregator', {
    type: type.choice('avg', 'sum', 'max', 'min'),
    default: 'avg',
    description: 'How made queries aggregate',
  }),
  namespaceCheck: setting(key('check_datadogmetric_namespace'), {
    type: type.boolean,
    default: false,
    description: 'Let autoscalers read only DatadogMetrics of their own namespace, and those that allow it by annotation',
  }),
  delegates: setting(key('delegates'), {
    type: type.any,
    default: [],
    description:
      'Other external metrics servers, and the prefixes of their metrics: a list of {prefix, service: namespace/name or url, ca_file, token_file, insecure_skip_verify}',
  }),
  numWorkers: setting(key('num_workers'), { type: type.integer, default: 2, description: 'DatadogMetrics that are synchronized at once' }),
  splitBatchesWithBackoff: setting(key('split_batches_with_backoff'), {
    type: type.boolean,
    default: false,
    description: 'Wait before a metric that failed is queried again: twice as long each time, half an hour at most',
  }),
  localCopyRefreshRate: setting(key('local_copy_refresh_rate'), {
    type: type.integer,
    default: 30,
    description: 'ConfigMap mode: half the seconds after which a copy that could not be renewed is no longer served',
  }),
  configMapName: setting('hpa_configmap_name', {
    type: type.text,
    default: 'datadog-custom-metrics',
    description: 'ConfigMap mode: the ConfigMap that metrics are kept in',
  }),
  gcPeriod: setting('hpa_watcher_gc_period', {
    type: type.integer,
    default: 300,
    description: 'ConfigMap mode: seconds between two searches for metrics of autoscalers that are gone',
  }),
} as const;
