import { fakeClusterName } from '../../components/cluster-id/fake.ts';
import { AgentVersion } from '../../components/agent-version/index.ts';
import { batchedDatadogClient } from '../../components/datadog-client/batched.ts';
import { apiServerAuth } from '../../components/delegated-auth/api-server.ts';
import { aggregatedServer, externalMetricsFlags } from '../../components/external-metrics/aggregated-server.ts';
import { datadogMetricProvider } from '../../components/external-metrics/datadog-metric-provider.ts';
import { informers } from '../../components/kubernetes/informers.ts';
import { workqueues } from '../../components/kubernetes/workqueue.ts';
import { fakeOwnPod } from '../../components/own-pod/fake.ts';
import { Scrubber } from '../../components/scrubber/index.ts';
import { supply } from '../../src/fx/index.ts';
import type { Datadog } from '../../src/testkit/datadog/index.ts';

/** Everything that serves external metrics in a pod of that name, above a Kubernetes client and an election. */
export const externalMetrics = (pod = 'agent-0') =>
  [
    supply(AgentVersion, { major: 7, minor: 60, patch: 1, pre: '', meta: '', commit: 'abcdef01' }),
    supply(Scrubber, { text: (text) => text, data: (value) => value, remember() {} }),
    informers,
    workqueues,
    fakeOwnPod(pod),
    fakeClusterName('prod'),
    batchedDatadogClient,
    externalMetricsFlags,
    apiServerAuth,
    datadogMetricProvider,
    aggregatedServer,
  ] as const;

interface Served {
  /** On loopback; 0: a free one. */
  readonly port: number;
  /** Where its certificate is put. */
  readonly certDir: string;
}

type Asked = Pick<Datadog, 'url' | 'apiKey' | 'appKey'>;

/** Settings of a provider that asks this Datadog, every second. */
export function providerSettings(datadog: Asked, mode: 'DatadogMetric' | 'ConfigMap'): Readonly<Record<string, unknown>> {
  return {
    'external_metrics_provider.enabled': true,
    'external_metrics_provider.use_datadogmetric_crd': mode === 'DatadogMetric',
    'external_metrics_provider.refresh_period': 1,
    'external_metrics_provider.endpoint': datadog.url,
    api_key: datadog.apiKey,
    app_key: datadog.appKey,
  };
}

/** Settings of an agent that serves DatadogMetrics. */
export function settingsFor(datadog: Asked, { port, certDir }: Served): Readonly<Record<string, unknown>> {
  return {
    ...providerSettings(datadog, 'DatadogMetric'),
    'external_metrics_provider.port': port,
    'external_metrics_provider.config': { 'bind-address': '127.0.0.1', 'cert-dir': certDir },
  };
}
