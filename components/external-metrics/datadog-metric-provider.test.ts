import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { fakeProcess, testApp } from '../../src/fx/testing.ts';
import { supply } from '../../src/fx/index.ts';
import { subjects, type Server } from '../../test/cluster/support/servers.ts';
import { providerSettings } from '../../test/external-metrics/agent.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import { fakeClusterName } from '../cluster-id/fake.ts';
import { ClusterName } from '../cluster-id/index.ts';
import { batchedDatadogClient } from '../datadog-client/batched.ts';
import { informers } from '../kubernetes/informers.ts';
import { hasReason, Informers, Kubernetes, type KubeObject } from '../kubernetes/index.ts';
import { recordingTelemetry } from '../kubernetes/test-support.ts';
import { workqueues } from '../kubernetes/workqueue.ts';
import { fakeElection, type FakeElection } from '../leader-election/fake.ts';
import { LeaderElection } from '../leader-election/index.ts';
import type { Logged } from '../log/fake.ts';
import { fakeOwnPod } from '../own-pod/fake.ts';
import { rulesScrubber } from '../scrubber/rules.ts';
import { annotations, datadogMetrics } from './datadog-metric/object.ts';
import { datadogMetricProvider } from './datadog-metric-provider.ts';
import { ExternalMetricsProvider, MetricInventory } from './index.ts';
import { parseSelector } from './selector.ts';

const definitions = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', namespaced: false };
const autoscalers = { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers', namespaced: true };
const query = 'avg:queue.length{*}';
const masters = ['system:masters'];

interface Replica {
  readonly election?: FakeElection;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly clusterName?: ReturnType<typeof fakeClusterName>;
  readonly telemetry?: ReturnType<typeof recordingTelemetry>;
  readonly logged?: Logged[];
}

describe.each(subjects())('datadogMetricProvider on $name', (subject) => {
  let server: Server;
  let datadog: Datadog;
  let value = 5;

  beforeAll(async () => {
    server = await subject.start();
    const definition = parse(await readFile(new URL('crd/datadogmetrics.yaml', import.meta.url), 'utf8')) as KubeObject;
    await using admin = await testApp(kubernetesAs(server.accessFor('admin', masters)), { requires: { kubernetes: Kubernetes } });
    await admin.needs.kubernetes.create({ resource: definitions }, definition);
    await vi.waitFor(() => admin.needs.kubernetes.list(datadogMetrics), { timeout: 20_000 });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    value = 5;
    datadog = await startDatadog();
    datadog.set(query, (_, to) => [
      [to - 20_000, value],
      [to, value + 100],
    ]);
  });
  afterEach(async () => {
    await datadog.stop();
    await using admin = await testApp(kubernetesAs(server.accessFor('admin', masters)), { requires: { kubernetes: Kubernetes } });
    for (const resource of [datadogMetrics, autoscalers])
      for (const { metadata } of (await admin.needs.kubernetes.list(resource)).items)
        await admin.needs.kubernetes.delete({ resource, namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
  });

  const replica = ({ config = {}, env = {}, logged = [], ...given }: Replica = {}) => {
    const { election = fakeElection(), clusterName = fakeClusterName('prod'), telemetry = recordingTelemetry() } = given;
    const settings = { ...providerSettings(datadog, 'DatadogMetric'), ...config };
    const list = [
      ...kubernetesAs(server.accessFor('admin', masters), { config: settings, telemetry, logged }),
      informers,
      workqueues,
      supply(LeaderElection, election),
      fakeOwnPod(),
      clusterName,
      rulesScrubber,
      batchedDatadogClient,
      datadogMetricProvider,
    ] as const;
    const lookup = (key: string): unknown => (settings as Readonly<Record<string, unknown>>)[key];
    const requires = { kubernetes: Kubernetes, informers: Informers, provider: ExternalMetricsProvider, inventory: MetricInventory };
    return testApp(list, { requires, settings: lookup, process: fakeProcess({ env }) });
  };
  type Needs = Awaited<ReturnType<typeof replica>>['needs'];

  const target = { resource: datadogMetrics, namespace: 'default', name: 'queue' };
  const write = (kubernetes: Kubernetes, spec: object = { query }, marks: Readonly<Record<string, string>> = {}): Promise<KubeObject> =>
    kubernetes.create(target, {
      apiVersion: 'datadoghq.com/v1alpha1',
      kind: 'DatadogMetric',
      metadata: { name: 'queue', annotations: marks },
      spec,
    });
  const autoscale = (kubernetes: Kubernetes, metric: string, matchLabels: Readonly<Record<string, string>> = {}): Promise<KubeObject> =>
    kubernetes.create(
      { resource: autoscalers, namespace: 'default' },
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'web' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          maxReplicas: 5,
          metrics: [
            { type: 'External', external: { metric: { name: metric, selector: { matchLabels } }, target: { type: 'Value', value: '10' } } },
          ],
        },
      },
    );
  const read = async ({ provider }: Needs, metric = 'datadogmetric@default:queue', labels = ''): Promise<unknown> => {
    try {
      const [first] = await provider.read({ namespace: 'default', metric, selector: parseSelector(labels) });
      return first?.value;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const conditions = async ({ kubernetes }: Needs): Promise<Readonly<Record<string, string>>> => {
    const { status } = (await kubernetes.get(target)) as { status?: { conditions?: { type: string; status: string }[] } };
    return Object.fromEntries((status?.conditions ?? []).map(({ type, status: holds }) => [type, holds]));
  };
  const soon = { timeout: 20_000, interval: 50 };

  it('serves the value of a metric that an autoscaler refers to, follows it, and tells of it in the status', async () => {
    await using tested = await replica();
    const { needs } = tested;
    await write(needs.kubernetes);
    await autoscale(needs.kubernetes, 'datadogmetric@default:queue');
    await expect.poll(() => read(needs), soon).toBe(5);
    value = 8;
    await expect.poll(() => read(needs), soon).toBe(8);
    await expect.poll(() => conditions(needs), soon).toEqual({ Active: 'True', Valid: 'True', Updated: 'True', Error: 'False' });
    const { status } = await needs.kubernetes.get(target);
    expect(status).toMatchObject({ currentValue: expect.stringMatching(/^[58]$/), autoscalerReferences: 'hpa:default/web' });
    await expect.poll(async () => (await needs.inventory.list())[0]?.earlier.length, soon).toBeGreaterThan(0);
    expect(await needs.inventory.list()).toMatchObject([
      {
        metric: 'datadogmetric@default:queue',
        isValid: true,
        served: expect.any(Number),
        references: ['hpa:default/web'],
        users: [{ reference: 'hpa:default/web', target: { type: 'Value', quantity: '10' }, replicas: { min: 1, max: 5 } }],
      },
    ]);
  });

  it('measures itself under the names that the integration collects', async () => {
    const telemetry = recordingTelemetry();
    await using tested = await replica({ telemetry });
    await write(tested.needs.kubernetes, { query }, { [annotations.alwaysActive]: 'true' });
    const metric = 'external_metrics_datadog_metrics{namespace=default,name=queue,valid=true,active=true,join_leader=true}';
    await expect.poll(() => telemetry.values[metric], soon).toBe(1);
    await expect.poll(() => telemetry.values['external_metrics_processed_value{metric=queue.length{*},join_leader=true}'], soon).toBe(5);
    await expect.poll(() => telemetry.values['external_metrics_retriever_elapsed'], soon).toEqual(expect.any(Array));
    await tested.needs.kubernetes.delete(target);
    await expect.poll(() => telemetry.values[metric], soon).toBeUndefined();
  });

  it('serves what is there when it starts, and what comes later, without waiting for its period', async () => {
    {
      await using admin = await testApp(kubernetesAs(server.accessFor('admin', masters)), { requires: { kubernetes: Kubernetes } });
      await write(admin.needs.kubernetes);
      await autoscale(admin.needs.kubernetes, 'datadogmetric@default:queue');
    }
    await using tested = await replica({ config: { 'external_metrics_provider.refresh_period': 3600 } });
    await expect.poll(() => read(tested.needs), soon).toBe(5);
    await tested.needs.kubernetes.delete(target);
    await expect.poll(() => read(tested.needs), soon).toContain('DatadogMetric not found');
    await write(tested.needs.kubernetes);
    await expect.poll(() => read(tested.needs), soon).toBe(5);
  });

  it('serves no value of a query for another one, and asks for the new one at once', async () => {
    await using tested = await replica({ config: { 'external_metrics_provider.refresh_period': 3600 } });
    await write(tested.needs.kubernetes, { query }, { [annotations.alwaysActive]: 'true' });
    await expect.poll(() => read(tested.needs), soon).toBe(5);
    datadog.set('avg:slow{*}', (_, to) => [[to - 60_000, 42]]);
    await tested.needs.kubernetes.patch(target, { spec: { query: 'avg:slow{*}' } }, { type: 'merge' });
    await expect.poll(() => read(tested.needs), soon).not.toBe(5);
    await expect.poll(() => read(tested.needs), soon).toBe(42);
    await expect.poll(async () => (await tested.needs.kubernetes.get(target))['status'], soon).toMatchObject({ currentValue: '42' });
  });

  it('asks at once for a metric that is read again', async () => {
    await using tested = await replica({ config: { 'external_metrics_provider.refresh_period': 3600 } });
    const { kubernetes } = tested.needs;
    await write(kubernetes);
    for (const expected of [5, 6]) {
      value = expected;
      await autoscale(kubernetes, 'datadogmetric@default:queue');
      await expect.poll(() => read(tested.needs), soon).toBe(expected);
      await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Active: 'True', Valid: 'True' });
      await kubernetes.delete({ resource: autoscalers, namespace: 'default', name: 'web' });
      await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Active: 'False', Valid: 'False' });
    }
  });

  it('waits for no kind of autoscaler that is not installed', async () => {
    await using tested = await replica({ config: { 'external_metrics_provider.wpa_controller': true } });
    await write(tested.needs.kubernetes);
    await autoscale(tested.needs.kubernetes, 'datadogmetric@default:queue');
    await expect.poll(() => read(tested.needs), soon).toBe(5);
  });

  it('does not query what nobody reads, unless the metric says always', async () => {
    await using tested = await replica();
    await write(tested.needs.kubernetes);
    await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Active: 'False', Valid: 'False' });
    expect(datadog.asked).toEqual([]);
    await tested.needs.kubernetes.patch(target, { metadata: { annotations: { [annotations.alwaysActive]: 'true' } } }, { type: 'merge' });
    await expect.poll(() => read(tested.needs), soon).toBe(5);
  });

  it('makes a metric for an autoscaler that names one of Datadog itself', async () => {
    await using tested = await replica();
    const made = 'avg:nginx.net.request_per_s{kube_container_name:nginx}.rollup(30)';
    datadog.set(made, (_, to) => [
      [to - 20_000, 3],
      [to, 4],
    ]);
    await autoscale(tested.needs.kubernetes, 'nginx.net.request_per_s', { kube_container_name: 'nginx' });
    await expect.poll(() => read(tested.needs, 'nginx.net.request_per_s', 'kube_container_name=nginx'), soon).toBe(3);
    const { items } = await tested.needs.kubernetes.list(datadogMetrics);
    expect(items.map(({ metadata, spec }) => [metadata.name, spec])).toEqual([
      ['dcaautogen-9a6e15492f67c189c2541d0a2864a7a7e1779e', { query: made, externalMetricName: 'nginx.net.request_per_s' }],
    ]);
  });

  it('keeps the last value of a metric that it made, though it learns of its readers first', async () => {
    const made = 'avg:nginx.net.request_per_s{*}.rollup(30)';
    datadog.set(made, (_, to) => [[to - 20_000, 3]]);
    {
      await using before = await replica();
      await autoscale(before.needs.kubernetes, 'nginx.net.request_per_s');
      const status = async (): Promise<unknown> => (await before.needs.kubernetes.list(datadogMetrics)).items[0]?.['status'];
      await expect.poll(status, soon).toMatchObject({ currentValue: '3' });
    }
    datadog.faults.add({ kind: 'refuse', code: 403 });
    const named = Promise.withResolvers<string>();
    const telemetry = recordingTelemetry();
    await using tested = await replica({ telemetry, clusterName: supply(ClusterName, { get: () => named.promise }) });
    await expect.poll(() => telemetry.values['workqueue_work_duration_seconds{name=datadogmetrics-readers}'], soon).toBeDefined();
    named.resolve('prod');
    await expect
      .poll(() => tested.needs.inventory.list(), soon)
      .toMatchObject([{ value: 3, problem: expect.stringContaining('API error 403') }]);
  });

  it('tells why there is no value, and recovers by itself', async () => {
    await using tested = await replica();
    await write(tested.needs.kubernetes, { query }, { [annotations.alwaysActive]: '1' });
    const fault = datadog.faults.add({ kind: 'refuse', code: 403 });
    await expect.poll(() => read(tested.needs), soon).toContain('API error 403');
    await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Valid: 'False', Error: 'True' });
    fault.remove();
    await expect.poll(() => read(tested.needs), soon).toBe(5);
    await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Valid: 'True', Error: 'False' });
    expect(await read(tested.needs, 'datadogmetric@default:none')).toBe(
      'DatadogMetric not found for metric name: datadogmetric@default:none, datadogmetricid: default/none',
    );
    expect(await read(tested.needs, 'datadogmetric@nonsense')).toContain('does not follow DatadogMetric format');
  });

  it('serves a fallback while there is no value, where the metric has one', async () => {
    await using tested = await replica();
    datadog.faults.add({ kind: 'refuse', code: 500 });
    await write(tested.needs.kubernetes, { query }, { [annotations.alwaysActive]: 'true', [annotations.fallbackValue]: '7.5' });
    await expect.poll(() => read(tested.needs), soon).toBe(7.5);
  });

  it('says which annotations it cannot read', async () => {
    const logged: Logged[] = [];
    await using tested = await replica({ logged });
    const wrong = { [annotations.fallbackValue]: 'seven', [annotations.lastKnownGood]: '10 minutes', [annotations.alwaysActive]: 'true' };
    await write(tested.needs.kubernetes, { query }, wrong);
    await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Valid: 'True' });
    await tested.needs.kubernetes.patch(target, { metadata: { annotations: { [annotations.lastKnownGood]: '10m' } } }, { type: 'merge' });
    const warned = () => logged.filter(({ level }) => level === 'warn').map(({ fields }) => [fields['annotation'], fields['given']]);
    const fallback = [annotations.fallbackValue, 'seven'];
    await expect.poll(warned, soon).toEqual([fallback, [annotations.lastKnownGood, '10 minutes'], fallback]);
  });

  it('resolves templates, and says which it cannot', async () => {
    await using tested = await replica({ env: { CANARY_TOKEN: 'canary' } });
    datadog.set('avg:a{cluster:prod}', (_, to) => [[to, 2]]);
    await write(tested.needs.kubernetes, { query: 'avg:a{cluster:%%tag_kube_cluster_name%%}' }, { [annotations.alwaysActive]: 'true' });
    await expect.poll(() => read(tested.needs), soon).toBe(2);
    await tested.needs.kubernetes.patch(target, { spec: { query: 'avg:a{%%env_NOT_THERE%%}' } }, { type: 'merge' });
    await expect.poll(() => read(tested.needs), soon).toBe('Cannot resolve query: failed to retrieve env var "NOT_THERE"');
    await tested.needs.kubernetes.patch(target, { spec: { query: 'avg:a{%%env_CANARY_TOKEN%%}' } }, { type: 'merge' });
    await expect.poll(() => read(tested.needs), soon).toContain('holds a secret');
  });

  it('lets followers serve what the leader writes, and take over when they lead', async () => {
    const election = fakeElection({ kind: 'other', identity: 'agent-1' });
    await using follower = await replica({ election });
    {
      await using leader = await replica();
      await write(leader.needs.kubernetes, { query }, { [annotations.alwaysActive]: 'true' });
      await expect.poll(() => read(follower.needs), soon).toBe(5);
    }
    expect(await read(follower.needs)).toBe(5);
    value = 9;
    election.elect({ kind: 'self' });
    await expect.poll(() => read(follower.needs), soon).toBe(9);
  });

  it('takes a newer value of another leader over, instead of an older one back into the status', async () => {
    await using tested = await replica({ config: { 'external_metrics_provider.refresh_period': 3600 } });
    const { kubernetes } = tested.needs;
    await write(kubernetes, { query }, { [annotations.alwaysActive]: 'true' });
    await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Valid: 'True' });
    const { status } = (await kubernetes.get(target)) as { status?: { conditions: { type: string }[] } };
    const lastUpdateTime = `${new Date().toISOString().slice(0, 19)}Z`;
    const written = status?.conditions.map((each) => (each.type === 'Updated' ? { ...each, lastUpdateTime } : each));
    await kubernetes.patch(
      { ...target, subresource: 'status' },
      { status: { currentValue: '77', conditions: written } },
      { type: 'merge' },
    );
    await expect.poll(() => read(tested.needs), soon).toBe(77);
    await kubernetes.patch(target, { metadata: { annotations: { [annotations.fallbackValue]: '1' } } }, { type: 'merge' });
    await expect.poll(() => read(tested.needs), soon).toBe(77);
    expect((await kubernetes.get(target))['status']).toMatchObject({ currentValue: '77' });
  });

  it('keeps readers in other namespaces out, where it is told to', async () => {
    await using tested = await replica({ config: { 'external_metrics_provider.check_datadogmetric_namespace': true } });
    const { needs } = tested;
    await write(needs.kubernetes, { query }, { [annotations.alwaysActive]: 'true' });
    await expect.poll(() => read(needs), soon).toBe(5);
    const elsewhere = { namespace: 'other', metric: 'datadogmetric@default:queue', selector: parseSelector('') };
    expect(() => needs.provider.read(elsewhere)).toThrow('may not be read from namespace other');
    await needs.kubernetes.patch(target, { metadata: { annotations: { [annotations.allowedNamespaces]: 'x,other' } } }, { type: 'merge' });
    await expect.poll(() => [needs.provider.read(elsewhere)].flat(), soon).toMatchObject([{ value: 5 }]);
  });

  it('writes a status only when it has news', async () => {
    await using tested = await replica();
    const at = Date.now() - 10_000;
    datadog.set('avg:still{*}', () => [
      [at, 1],
      [at + 1000, 2],
    ]);
    await write(tested.needs.kubernetes, { query: 'avg:still{*}' }, { [annotations.alwaysActive]: 'true' });
    await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Valid: 'True' });
    const { metadata } = await tested.needs.kubernetes.get(target);
    const asked = datadog.asked.length;
    await expect.poll(() => datadog.asked.length, soon).toBeGreaterThan(asked + 2);
    expect((await tested.needs.kubernetes.get(target)).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it.each([
    ['that nobody reads', {}, 'False'],
    ['that is asked for', { [annotations.alwaysActive]: 'true' }, 'True'],
  ])('writes the status of a new metric %s once', async (_, marks, isActive) => {
    await using tested = await replica({ config: { 'external_metrics_provider.refresh_period': 3600 } });
    const { kubernetes, informers: following } = tested.needs;
    const written: unknown[] = [];
    const objects = following.informer({ resource: datadogMetrics, transform: (object: KubeObject) => object });
    objects.handle({ updated: ({ status }) => void written.push(status) });
    await write(kubernetes, { query }, marks);
    await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Active: isActive, Valid: isActive });
    await expect.poll(() => written.length, soon).toBe(1);
  });

  it('says at start that its label selector is none', async () => {
    const key = 'external_metrics_provider.autoscaler_autogen_label_selector';
    await using tested = await replica({ config: { [key]: 'team in (' } });
    const { failure } = tested.app.report().components.find(({ component }) => component === 'datadog-metric-provider') ?? {};
    expect(String(failure)).toContain(`${key}: "team in (" is no label selector`);
  });

  it('stops in the middle of a refresh without a word', async () => {
    const logged: Logged[] = [];
    {
      const config = { 'external_metrics_provider.refresh_period': 3600, 'external_metrics_provider.chunk_size': 1 };
      await using tested = await replica({ logged, config });
      const { kubernetes } = tested.needs;
      await write(kubernetes, { query }, { [annotations.alwaysActive]: 'true' });
      await expect.poll(() => conditions(tested.needs), soon).toMatchObject({ Valid: 'True' });
      const fault = datadog.faults.add({ kind: 'hang' });
      await kubernetes.patch(target, { spec: { query: 'avg:b{*}' } }, { type: 'merge' });
      await expect.poll(() => fault.hits, soon).toBe(1);
    }
    expect(logged.filter(({ level }) => ['warn', 'error', 'critical'].includes(level))).toEqual([]);
  });

  it('forgets an object that is deleted', async () => {
    await using tested = await replica();
    await write(tested.needs.kubernetes, { query }, { [annotations.alwaysActive]: 'true' });
    await expect.poll(() => read(tested.needs), soon).toBe(5);
    await tested.needs.kubernetes.delete(target);
    await expect.poll(() => read(tested.needs), soon).toContain('DatadogMetric not found');
    const gone = await tested.needs.kubernetes.get(target).catch((error: unknown) => error);
    expect(hasReason(gone, 'NotFound')).toBe(true);
  });
});
