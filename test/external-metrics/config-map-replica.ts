import { batchedDatadogClient } from '../../components/datadog-client/batched.ts';
import { fakeEventRecorder } from '../../components/events/fake.ts';
import type { KubernetesEvent } from '../../components/events/index.ts';
import { configMapProvider } from '../../components/external-metrics/config-map-provider.ts';
import { ExternalMetricsProvider, MetricInventory } from '../../components/external-metrics/index.ts';
import { parseSelector } from '../../components/external-metrics/selector.ts';
import type { JsonObject } from '../../components/kubernetes/index.ts';
import { informers } from '../../components/kubernetes/informers.ts';
import { workqueues } from '../../components/kubernetes/workqueue.ts';
import { fakeElection, type FakeElection } from '../../components/leader-election/fake.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import type { Logged } from '../../components/log/fake.ts';
import { fakeOwnPod } from '../../components/own-pod/fake.ts';
import { Scrubber } from '../../components/scrubber/index.ts';
import { StatusProvider } from '../../components/status/index.ts';
import { many, supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import type { Datadog } from '../../src/testkit/datadog/index.ts';
import { kubernetesAs, type Identity } from '../kubernetes/support.ts';
import { providerSettings } from './agent.ts';

const configMaps = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
export const target = { resource: configMaps, namespace: 'default', name: 'datadog-custom-metrics' };
const scrubber = supply(Scrubber, { text: (text) => text, data: (value) => value, remember() {} });
export const query = 'avg:nginx.requests{app:web}.rollup(30)';
export const soon = { timeout: 20_000, interval: 50 };

/** What a test may want otherwise; by default the replica leads. */
export interface Replica {
  readonly election?: FakeElection;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** An autoscaler and the metrics that it reads. */
export interface Wish {
  readonly name?: string;
  readonly metrics?: readonly (readonly [metric: string, labels?: Readonly<Record<string, string>>])[];
}

interface Surroundings extends Replica {
  readonly datadog: Datadog;
  readonly events?: KubernetesEvent[];
  readonly logged?: Logged[];
}

/** A replica that keeps its metrics in a ConfigMap, and refreshes them every second. */
export function replicaOn(identity: Identity, { datadog, events, logged = [], election = fakeElection(), config = {} }: Surroundings) {
  const settings = { ...providerSettings(datadog, 'ConfigMap'), ...config };
  const list = [
    ...kubernetesAs(identity, { config: settings, logged }),
    informers,
    workqueues,
    supply(LeaderElection, election),
    fakeEventRecorder(events),
    fakeOwnPod(),
    scrubber,
    batchedDatadogClient,
    configMapProvider,
  ] as const;
  const lookup = (name: string): unknown => (settings as Readonly<Record<string, unknown>>)[name];
  const requires = { provider: ExternalMetricsProvider, inventory: MetricInventory, status: many(StatusProvider) };
  return testApp(list, { requires, settings: lookup });
}
type Needs = Awaited<ReturnType<typeof replicaOn>>['needs'];

/** An autoscaler of external metrics; by default of the metric that {@link query} asks for. */
export const autoscaler = (version: string, { name = 'web', metrics = [['nginx.requests', { app: 'web' }]] }: Wish = {}): JsonObject => ({
  apiVersion: `autoscaling/${version}`,
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    maxReplicas: 5,
    metrics: metrics.map(([metric, matchLabels]) => ({
      type: 'External',
      external: { metric: { name: metric, selector: { matchLabels } }, target: { type: 'Value', value: '10' } },
    })),
  },
});

/** What a reader gets: values, or why there are none. */
export const values = ({ provider }: Needs, metric = 'nginx.requests', labels = 'app=web'): unknown => {
  try {
    const found = provider.read({ namespace: 'default', metric, selector: parseSelector(labels) });
    return [found].flat().map((each) => ('value' in each ? each.value : each));
  } catch (error) {
    return (error as Error).message;
  }
};

export const problem = async ({ inventory }: Needs): Promise<string | undefined> => (await inventory.list())[0]?.problem;
