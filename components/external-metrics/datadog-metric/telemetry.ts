import type { Telemetry } from '../../telemetry/index.ts';
import type { DatadogMetric } from './metric.ts';

const names = ['namespace', 'name', 'valid', 'active', 'join_leader'] as const;
type Labels = Readonly<Record<(typeof names)[number], string>>;

/** One series for each metric, which says whether it is valid and active. */
export function metricGauge(telemetry: Telemetry): (id: string, metric: DatadogMetric | undefined) => void {
  const gauge = telemetry.gauge({
    subsystem: 'external_metrics',
    name: 'datadog_metrics',
    help: 'DatadogMetrics, and whether they are valid and active',
    labels: names,
  });
  const shown = new Map<string, Labels>();
  return (id, metric) => {
    const before = shown.get(id);
    if (metric !== undefined && before?.valid === String(metric.isValid) && before.active === String(metric.isActive)) return;
    if (before !== undefined) gauge.remove(before);
    shown.delete(id);
    if (metric === undefined) return;
    const [namespace = '', name = ''] = id.split('/');
    const labels = { namespace, name, valid: String(metric.isValid), active: String(metric.isActive), join_leader: 'true' };
    gauge.set(labels, 1);
    shown.set(id, labels);
  };
}

/** How long the leader takes to ask for all metrics: most of it is meant, because the queries are spread. */
export function refreshHistogram(telemetry: Telemetry): (seconds: number) => void {
  const elapsed = telemetry.histogram({
    subsystem: 'external_metrics',
    name: 'retriever_elapsed',
    help: 'Seconds from the first query of a refresh to its last answer',
    buckets: [0.5, 1, 5, 10, 20, 30, 60, 120, 300],
  });
  return (seconds) => elapsed.observe({}, seconds);
}
