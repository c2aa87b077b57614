import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeEventRecorder } from '../../components/events/fake.ts';
import { configMapProvider } from '../../components/external-metrics/config-map-provider.ts';
import { ExternalMetricsServer } from '../../components/external-metrics/index.ts';
import { fakeElection } from '../../components/leader-election/fake.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import { supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { numberAt, textAt } from '../../src/testkit/cluster/json.ts';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { subjects, type Server } from '../cluster/support/servers.ts';
import { kubernetesAs } from '../kubernetes/support.ts';
import { externalMetrics, settingsFor } from './agent.ts';
import { account, agentRoles, readerRoles } from './roles.ts';
import { availability, create, grant, pathOf, pathsOf, publish, until } from './world.ts';

const patience = { timeout: 45_000, interval: 200 };
const { deployments, autoscalers } = pathsOf('default');
const query = 'avg:nginx.requests{service:web}.rollup(30)';
const rbac = 'rbac.authorization.k8s.io';

/** What the chart grants for this mode besides. */
const rights = [
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'agent-configmap' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['datadog-custom-metrics'], verbs: ['get', 'update'] }],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'agent-configmap' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'agent-configmap' },
    subjects: [{ apiGroup: rbac, kind: 'User', name: 'agent' }],
  },
];

describe.each(subjects().filter(({ reachesUs }) => reachesUs))('metrics in a ConfigMap, through $name', (subject) => {
  let server: Server;
  let datadog: Datadog;
  const opened = new AsyncDisposableStack();

  beforeAll(async () => {
    server = opened.adopt(await subject.start({ controllers: subject.hasControllers }), (each) => each.stop());
    datadog = opened.adopt(await startDatadog(), (each) => each.stop());
    const certDir = opened.adopt(await mkdtemp(join(tmpdir(), 'external-metrics-')), (each) => rm(each, { recursive: true }));
    await grant(server.admin, [...agentRoles(['agent']), ...readerRoles(account('kube-system', 'horizontal-pod-autoscaler')), ...rights]);
    const config = {
      ...settingsFor(datadog, { port: 0, certDir }),
      'external_metrics_provider.use_datadogmetric_crd': false,
      'external_metrics_provider.local_copy_refresh_rate': 2,
    };
    const list = [
      ...kubernetesAs(server.accessFor('agent'), { config }),
      supply(LeaderElection, fakeElection()),
      fakeEventRecorder(),
      configMapProvider,
      ...externalMetrics(),
    ] as const;
    const lookup = (key: string): unknown => (config as Readonly<Record<string, unknown>>)[key];
    const agent = opened.use(await testApp(list, { requires: { server: ExternalMetricsServer }, settings: lookup }));
    await until(() => agent.needs.server.port > 0, true);
    await publish(server.admin, agent.needs.server.port);
    if (subject.hasControllers) await until(() => availability(server.admin), 'True: Passed');
  });
  afterAll(() => opened.disposeAsync());

  const load = (value: number): void =>
    datadog.set(query, (_, to) => [
      [to - 20_000, value],
      [to, 1000],
    ]);
  const replicas = async (): Promise<number | undefined> =>
    numberAt((await server.admin.get(`${deployments}/web`)).body, 'spec', 'replicas');
  const read = async (selector: string): Promise<string> =>
    JSON.stringify((await server.admin.get(`${pathOf('nginx.requests')}?labelSelector=${encodeURIComponent(selector)}`)).body);

  beforeAll(async () => {
    load(25);
    const labels = { service: 'web' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'nginx' }] } };
    await create(server.admin, deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    });
    const metric = { name: 'nginx.requests', selector: { matchLabels: labels } };
    await create(server.admin, autoscalers, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 5,
        metrics: [{ type: 'External', external: { metric, target: { type: 'AverageValue', averageValue: '10' } } }],
      },
    });
  });

  it('are read as the Go agent answers', async () => {
    await expect.poll(() => read('service=web'), patience).toContain('"value":"25"');
    const { body } = await server.admin.get(`${pathOf('nginx.requests')}?labelSelector=service%3Dweb`);
    expect(body).toEqual({
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
      metadata: {},
      items: [
        { metricName: 'nginx.requests', metricLabels: { service: 'web' }, timestamp: expect.stringMatching(/^\d{4}-.*Z$/), value: '25' },
      ],
    });
    expect((await server.admin.get(pathOf('unknown'))).body).toMatchObject({ items: [] });
    expect((await server.admin.get(`${pathOf('nginx.requests')}?labelSelector=service%3Ddb`)).body).toMatchObject({ items: [] });
  });

  if (subject.hasControllers)
    it('scale a workload up and down', { timeout: 120_000 }, async () => {
      load(35);
      await expect.poll(replicas, patience).toBe(4);
      load(12);
      await expect.poll(replicas, patience).toBe(2);
      const { body } = await server.admin.get('/api/v1/namespaces/default/configmaps/datadog-custom-metrics');
      expect(JSON.parse(textAt(body, 'data', 'external_metric-horizontal-default-web-nginx.requests'))).toMatchObject({ valid: true });
    });

  it('are an error while the ConfigMap could not be read for too long', async () => {
    const binding = `/apis/${rbac}/v1/clusterrolebindings/agent-configmap`;
    expect((await server.admin.delete(binding)).status).toBe(200);
    await expect.poll(() => read('service=web'), patience).toContain('external metrics invalid');
    const { status, body } = await server.admin.get(pathOf('nginx.requests'));
    expect({ status, body }).toEqual({
      status: 500,
      body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'external metrics invalid', code: 500 },
    });
    await grant(server.admin, rights.slice(1));
    await expect.poll(() => read('service=web'), patience).toMatch(/"value":"\d+"/);
  });
});
