import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { subjects, type Server } from '../../test/cluster/support/servers.ts';
import {
  autoscaler,
  problem,
  query,
  replicaOn,
  soon,
  target,
  values,
  type Replica,
  type Wish,
} from '../../test/external-metrics/config-map-replica.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import type { KubernetesEvent } from '../events/index.ts';
import { Kubernetes, type KubeObject, type Resource } from '../kubernetes/index.ts';
import { fakeElection } from '../leader-election/fake.ts';
import type { Logged } from '../log/fake.ts';

const roles = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'clusterroles', namespaced: false };
const definitions = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', namespaced: false };
const watermarks = { group: 'datadoghq.com', version: 'v1alpha1', plural: 'watermarkpodautoscalers', namespaced: true };
const watermarkDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'watermarkpodautoscalers.datadoghq.com' },
  spec: {
    group: watermarks.group,
    scope: 'Namespaced',
    names: { plural: watermarks.plural, singular: 'watermarkpodautoscaler', kind: 'WatermarkPodAutoscaler' },
    versions: [
      {
        name: watermarks.version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
const bindings = { ...roles, plural: 'clusterrolebindings' };
const key = 'external_metric-horizontal-default-web-nginx.requests';
const masters = ['system:masters'];
/** What the chart grants for this mode, and not a verb more. */
const rules = [
  { apiGroups: [''], resources: ['configmaps'], resourceNames: [target.name], verbs: ['get', 'update'] },
  { apiGroups: [''], resources: ['configmaps', 'events'], verbs: ['create'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list', 'watch'] },
  { apiGroups: ['datadoghq.com'], resources: ['watermarkpodautoscalers'], verbs: ['get', 'list', 'watch'] },
  { nonResourceURLs: ['*'], verbs: ['get'] },
];

describe.each(subjects())('configMapProvider on $name', (subject) => {
  let server: Server;
  let autoscalers: Resource;
  let datadog: Datadog;
  let value = 5;
  let events: KubernetesEvent[] = [];
  let logged: Logged[] = [];

  const admin = async (work: (kubernetes: Kubernetes) => Promise<unknown>): Promise<void> => {
    await using tested = await testApp(kubernetesAs(server.accessFor('admin', masters)), { requires: { kubernetes: Kubernetes } });
    await work(tested.needs.kubernetes);
  };

  beforeAll(async () => {
    server = await subject.start();
    await admin(async (kubernetes) => {
      const named = { group: 'autoscaling', plural: 'horizontalpodautoscalers' };
      const newest = await kubernetes.discover({ ...named, version: 'v2' });
      // Kubernetes before 1.23.
      autoscalers = newest ?? { ...named, version: 'v2beta2', namespaced: true };
      const group = 'rbac.authorization.k8s.io';
      await kubernetes.create({ resource: roles }, { kind: 'ClusterRole', apiVersion: `${group}/v1`, metadata: { name: 'agent' }, rules });
      const subjectsOf = [{ kind: 'User', apiGroup: group, name: 'agent' }];
      const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'agent' };
      const binding = { kind: 'ClusterRoleBinding', apiVersion: `${group}/v1`, metadata: { name: 'agent' }, subjects: subjectsOf, roleRef };
      await kubernetes.create({ resource: bindings }, binding);
    });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    value = 5;
    events = [];
    logged = [];
    datadog = await startDatadog();
    const points = (_: number, to: number): [number, number][] => [
      [to - 20_000, value],
      [to, value + 100],
    ];
    datadog.set(query, points);
  });
  afterEach(async () => {
    await datadog.stop();
    await admin(async (kubernetes) => {
      for (const { metadata } of (await kubernetes.list(autoscalers)).items)
        await kubernetes.delete({ resource: autoscalers, namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
      await kubernetes.delete(target).catch(() => {});
    });
  });

  const replica = (options: Replica = {}) => replicaOn(server.accessFor('agent'), { datadog, events, logged, ...options });
  const autoscale = (wish?: Wish): Promise<void> =>
    admin((kubernetes) => kubernetes.create({ resource: autoscalers, namespace: 'default' }, autoscaler(autoscalers.version, wish)));
  const write = (data: Readonly<Record<string, string>>): Promise<void> =>
    admin((kubernetes) => kubernetes.create(target, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: target.name }, data }));
  const stored = async (): Promise<KubeObject | undefined> => {
    let found: KubeObject | undefined;
    await admin(async (kubernetes) => (found = await kubernetes.get(target).catch(() => undefined)));
    return found;
  };
  const data = async (): Promise<Readonly<Record<string, unknown>>> => {
    const texts = (await stored())?.['data'] ?? {};
    return Object.fromEntries(Object.entries(texts as Record<string, string>).map(([name, text]) => [name, JSON.parse(text) as unknown]));
  };
  it('serves what an autoscaler wants, keeps it in the ConfigMap as the Go agent does, and follows it', async () => {
    await using tested = await replica();
    await autoscale();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const object = await stored();
    expect(object?.metadata.annotations).toEqual({
      'custom-metrics.datadoghq.com/last-updated': expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(await data()).toEqual({
      [key]: {
        metricName: 'nginx.requests',
        labels: { app: 'web' },
        ts: expect.any(Number),
        reference: { type: 'horizontal', name: 'web', namespace: 'default', uid: expect.stringMatching(/.{8}/) },
        value: 5,
        valid: true,
      },
    });
    value = 8;
    await expect.poll(() => values(tested.needs), soon).toEqual([8]);
    expect(values(tested.needs, 'NGINX.requests')).toEqual([8]);
    expect(values(tested.needs, 'nginx.unknown')).toEqual([]);
    const users = [{ reference: 'hpa:default/web', target: { type: 'Value', quantity: '10' }, replicas: { min: 1, max: 5 } }];
    await expect.poll(async () => (await tested.needs.inventory.list())[0]?.earlier.length, soon).toBeGreaterThan(0);
    expect(await tested.needs.inventory.list()).toMatchObject([
      { query, isValid: true, references: ['hpa:default/web'], served: 8, users },
    ]);
  });

  it('says once in an event that an autoscaler is handled, also over a change of leader', async () => {
    {
      await using tested = await replica();
      await autoscale();
      await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    }
    await using next = await replica();
    value = 6;
    await expect.poll(() => values(next.needs), soon).toEqual([6]);
    expect(events).toMatchObject([
      {
        type: 'Normal',
        reason: 'Autoscaler is now handled by the Cluster-Agent',
        message: '',
        about: {
          apiVersion: expect.stringMatching(/^autoscaling\/v2/),
          kind: 'HorizontalPodAutoscaler',
          namespace: 'default',
          name: 'web',
        },
      },
    ]);
  });

  it('makes the ConfigMap when there is nothing to keep, and again when somebody deletes it', async () => {
    await using tested = await replica();
    await expect.poll(() => stored(), soon).toMatchObject({ metadata: { name: target.name } });
    await autoscale();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    await admin((kubernetes) => kubernetes.delete(target));
    await expect.poll(() => data(), soon).toMatchObject({ [key]: { valid: true } });
  });

  it('follows an autoscaler that wants something else, and forgets one that is deleted', async () => {
    await using tested = await replica();
    datadog.set('avg:redis.keys{*}.rollup(30)', (_, to) => [[to, 2]]);
    await autoscale();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const web = { resource: autoscalers, namespace: 'default', name: 'web' };
    await admin(async (kubernetes) => {
      const { spec } = autoscaler(autoscalers.version, { metrics: [['redis.keys']] });
      await kubernetes.patch(web, { spec }, { type: 'merge' });
    });
    await expect.poll(() => values(tested.needs, 'redis.keys', ''), soon).toEqual([2]);
    expect(values(tested.needs)).toEqual([]);
    await admin((kubernetes) => kubernetes.delete(web));
    await expect.poll(() => data(), soon).toEqual({});
    await expect.poll(() => values(tested.needs, 'redis.keys', ''), soon).toEqual([]);
  });

  it('keeps several label sets of one metric apart, and serves what autoscalers share once', async () => {
    await using tested = await replica();
    datadog.set('avg:nginx.requests{app:web,zone:a}.rollup(30)', (_, to) => [[to, 7]]);
    await autoscale({
      metrics: [
        ['nginx.requests', { app: 'web' }],
        ['nginx.requests', { app: 'web', zone: 'a' }],
      ],
    });
    await autoscale({ name: 'other' });
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    await expect.poll(() => values(tested.needs, 'nginx.requests', 'app=web,zone=a'), soon).toEqual([7]);
    expect(values(tested.needs, 'nginx.requests', 'app=web')).toEqual([5]);
    expect(values(tested.needs, 'nginx.requests', 'app in (web)')).toEqual([5, 7]);
    await expect
      .poll(async () => Object.keys(await data()).toSorted(), soon)
      .toEqual(['external_metric-horizontal-default-other-nginx.requests', key, expect.stringMatching(/^further_metric-[0-9a-f]{40}$/)]);
  });

  it('refuses names that Datadog does not have, and says why once', async () => {
    await using tested = await replica();
    await autoscale({ metrics: [['datadogmetric@default:queue'], ['nginx.requests', { app: 'web' }]] });
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    value = 6;
    await expect.poll(() => values(tested.needs), soon).toEqual([6]);
    expect(values(tested.needs, 'datadogmetric@default:queue', '')).toEqual([]);
    expect(logged.filter(({ message }) => message === 'an autoscaler wants a metric that is not served')).toMatchObject([
      { level: 'warn', fields: { autoscaler: 'hpa:default/web', why: expect.stringContaining('use_datadogmetric_crd') } },
    ]);
  });

  it.each([
    { what: 'is down', fault: { kind: 'refuse', code: 503 } },
    { what: 'limits the rate', fault: { kind: 'refuse', code: 429, resetSeconds: 1 } },
    { what: 'refuses the keys', fault: { kind: 'refuse', code: 403 } },
    { what: 'talks rubbish', fault: { kind: 'garbage' } },
    { what: 'hangs up', fault: { kind: 'cut' } },
  ] as const)('serves nothing while Datadog $what, and recovers by itself', async ({ fault }) => {
    await using tested = await replica();
    await autoscale();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const active = datadog.faults.add(fault);
    await expect.poll(() => values(tested.needs), soon).toEqual([]);
    await expect.poll(() => data(), soon).toMatchObject({ [key]: { valid: false, value: 5 } });
    active.remove();
    value = 9;
    await expect.poll(() => values(tested.needs), soon).toEqual([9]);
  });

  it('serves no value that is too old, and says so', async () => {
    await using tested = await replica();
    datadog.set(query, (_, to) => [[to - 130_000, 3]]);
    await autoscale();
    await expect.poll(() => data(), soon).toMatchObject({ [key]: { valid: false } });
    expect(values(tested.needs)).toEqual([]);
    await expect.poll(() => problem(tested.needs), soon).toMatch(/^the last value was measured 1\d\d s ago, and may be 120 s old/);
  });

  it('shows how old the last value is, and none where there never was one', async () => {
    await using tested = await replica();
    await autoscale({ metrics: [['nginx.requests', { app: 'web' }], ['nginx.unknown']] });
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const measured = (await tested.needs.inventory.list()).find((each) => each.isValid)?.timestamp ?? 0;
    datadog.set(query, () => []);
    await expect
      .poll(() => tested.needs.inventory.list(), soon)
      .toMatchObject([
        { metric: 'nginx.requests', isValid: false, value: 5, timestamp: expect.any(Number) },
        { metric: 'nginx.unknown', isValid: false, timestamp: 0 },
      ]);
    const { timestamp } = (await tested.needs.inventory.list())[0] ?? { timestamp: 0 };
    expect(timestamp).toBeGreaterThanOrEqual(measured);
    expect(Date.now() / 1000 - timestamp).toBeGreaterThan(15);
  });

  it('tells on the leader why a metric has no value, and on followers who can', async () => {
    await using leader = await replica();
    await using follower = await replica({ election: fakeElection({ kind: 'other', identity: 'agent-1' }) });
    await autoscale();
    await expect.poll(() => values(follower.needs), soon).toEqual([5]);
    datadog.faults.add({ kind: 'refuse', code: 403 });
    await expect.poll(() => problem(leader.needs), soon).toContain('the application key needs the permission timeseries_query');
    await expect.poll(() => problem(follower.needs), soon).toContain('the leader can say why');
    datadog.faults.clear();
    await expect.poll(() => problem(leader.needs), soon).toBe('');
    datadog.set(query, undefined);
    await expect.poll(() => problem(leader.needs), soon).toContain('no serie returned for this query');
  });

  it('lets followers serve what the leader writes, and take over when they lead', async () => {
    const election = fakeElection({ kind: 'other', identity: 'agent-1' });
    await using follower = await replica({ election });
    {
      await using leader = await replica();
      await autoscale();
      await expect.poll(() => values(leader.needs), soon).toEqual([5]);
      await expect.poll(() => values(follower.needs), soon).toEqual([5]);
    }
    expect(values(follower.needs)).toEqual([5]);
    value = 9;
    election.elect({ kind: 'self' });
    await expect.poll(() => values(follower.needs), soon).toEqual([9]);
  });

  it('drops what is no metric, keeps what is not ours, and removes metrics of autoscalers that are gone', async () => {
    const gone = { metricName: 'a', labels: null, ts: 1, reference: { type: 'horizontal', name: 'x', namespace: 'y', uid: 'z' } };
    const texts = { 'external_metric-broken': 'x', 'external_metric-y-x-a': '{"metricName":"a","hpa":{}}', 'notes.txt': 'mine' };
    await write({ ...texts, 'external_metric-horizontal-y-x-a': JSON.stringify({ ...gone, value: 1, valid: true }) });
    await using tested = await replica();
    await autoscale();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    await expect.poll(async () => Object.keys((await stored())?.['data'] ?? {}).toSorted(), soon).toEqual([key, 'notes.txt']);
    expect(logged.filter(({ message }) => message.includes('hold no metric'))).toMatchObject([
      { fields: { keys: ['external_metric-broken', 'external_metric-y-x-a'] } },
    ]);
  });

  it('serves the ConfigMap without keeping it when a period is not positive', async () => {
    const wire = { metricName: 'a', labels: null, ts: 1, reference: { type: 'horizontal', name: 'x', namespace: 'y', uid: 'z' } };
    await write({ 'external_metric-horizontal-y-x-a': JSON.stringify({ ...wire, value: 4, valid: true }) });
    await using tested = await replica({ config: { hpa_watcher_gc_period: 0 } });
    await expect.poll(() => values(tested.needs, 'a', ''), soon).toEqual([4]);
    expect(logged).toContainEqual({
      level: 'error',
      message: 'tickers must be strictly positive in the autoscalersController [GC: 0 s, Refresh: 1 s]',
      fields: {},
    });
  });

  it('tells of itself in the status', async () => {
    await using tested = await replica();
    await autoscale();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const section = tested.needs.status.find(({ name }) => name === 'Custom Metrics Server');
    expect(await section?.json({ verbose: false })).toMatchObject({
      custommetrics: {
        Cmname: 'default/datadog-custom-metrics',
        External: { Total: 1, Valid: 1, Metrics: [{ metricName: 'nginx.requests', valid: true }] },
      },
    });
    expect(await section?.text({ verbose: false })).toContain(
      '  * Horizontal Pod Autoscaler: default/web\n    Metric name: nginx.requests\n',
    );
  });

  it('serves WatermarkPodAutoscalers, and does without them where there are none', async () => {
    const reference = { type: 'watermark', name: 'w', namespace: 'default', uid: 'u' };
    const kept = 'external_metric-watermark-default-w-a';
    await write({ [kept]: JSON.stringify({ metricName: 'a', labels: null, ts: 1, reference, value: 4, valid: true }) });
    await autoscale();
    const config = { 'external_metrics_provider.wpa_controller': true };
    {
      await using before = await replica({ config });
      await expect.poll(() => values(before.needs), soon).toEqual([5]);
      expect(Object.keys(await data())).toContain(kept);
    }
    await admin(async (kubernetes) => {
      await kubernetes.create({ resource: definitions }, watermarkDefinition);
      const external = { metricName: 'nginx.requests', metricSelector: { matchLabels: { app: 'web' } }, highWatermark: '9' };
      const object = {
        apiVersion: 'datadoghq.com/v1alpha1',
        kind: 'WatermarkPodAutoscaler',
        metadata: { name: 'api' },
        spec: { metrics: [{ type: 'External', external }] },
      };
      await expect
        .poll(() => kubernetes.create({ resource: watermarks, namespace: 'default' }, object).then(() => 'made', String), soon)
        .toBe('made');
    });
    await using after = await replica({ config });
    await expect
      .poll(async () => Object.keys(await data()).toSorted(), soon)
      .toEqual([key, 'external_metric-watermark-default-api-nginx.requests']);
    await expect.poll(() => values(after.needs), soon).toEqual([5]);
    expect(events.map(({ about }) => about.kind)).toContain('WatermarkPodAutoscaler');
  });
});
