import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExternalMetricsServer } from '../../components/external-metrics/index.ts';
import { fakeElection } from '../../components/leader-election/fake.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import { supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { arrayAt, numberAt, textAt, type Json } from '../../src/testkit/cluster/json.ts';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { subjects, type Server } from '../cluster/support/servers.ts';
import { kubernetesAs } from '../kubernetes/support.ts';
import { externalMetrics, settingsFor } from './agent.ts';
import { account, agentRoles, readerRoles } from './roles.ts';
import { availability, create, defineMetric, defineMetrics, grant, pathsOf, publish, until } from './world.ts';

const able = subjects().filter(({ hasControllers }) => hasControllers);
const patience = { timeout: 45_000, interval: 200 };
const { deployments, autoscalers, metrics } = pathsOf('default');

const found = able.length === 0 ? 'no kube-controller-manager in KUBEBUILDER_ASSETS' : 'a kube-controller-manager';
process.stdout.write(`the real autoscaler ${able.length === 0 ? 'is not tried' : 'is tried'}: there is ${found}\n`);

it(`finds ${found}`, () => {
  expect(able.map(({ inProcess, reachesUs }) => !inProcess && reachesUs)).toEqual(able.map(() => true));
});

describe.each(able)('the autoscaler of $name', (subject) => {
  let server: Server;
  let datadog: Datadog;
  const opened = new AsyncDisposableStack();

  beforeAll(async () => {
    server = opened.adopt(await subject.start({ controllers: true }), (each) => each.stop());
    datadog = opened.adopt(await startDatadog(), (each) => each.stop());
    const certDir = opened.adopt(await mkdtemp(join(tmpdir(), 'external-metrics-')), (each) => rm(each, { recursive: true }));
    await defineMetrics(server.admin);
    await grant(server.admin, [...agentRoles(['agent']), ...readerRoles(account('kube-system', 'horizontal-pod-autoscaler'))]);
    const config = settingsFor(datadog, { port: 0, certDir });
    const list = [
      ...kubernetesAs(server.accessFor('agent'), { config }),
      supply(LeaderElection, fakeElection()),
      ...externalMetrics(),
    ] as const;
    const agent = opened.use(await testApp(list, { requires: { server: ExternalMetricsServer }, settings: (key) => config[key] }));
    await until(() => agent.needs.server.port > 0, true);
    await publish(server.admin, agent.needs.server.port);
    await until(() => availability(server.admin), 'True: Passed');
  });
  afterAll(() => opened.disposeAsync());

  /** A workload of one replica, and an autoscaler that gives each of them ten of a metric to do. */
  const autoscale = async (name: string, metric: Json): Promise<void> => {
    const labels = { app: name };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'nginx' }] } };
    const spec = { replicas: 1, selector: { matchLabels: labels }, template };
    await create(server.admin, deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec });
    await create(server.admin, autoscalers, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas: 1,
        maxReplicas: 5,
        metrics: [{ type: 'External', external: { metric, target: { type: 'AverageValue', averageValue: '10' } } }],
      },
    });
  };
  const replicas = async (name: string): Promise<number | undefined> =>
    numberAt((await server.admin.get(`${deployments}/${name}`)).body, 'spec', 'replicas');
  const load = (query: string, value: number): void =>
    datadog.set(query, (_, to) => [
      [to - 20_000, value],
      [to, 1000],
    ]);

  it('scales a workload up and down with a DatadogMetric', { timeout: 120_000 }, async () => {
    load('avg:queue.length{*}', 35);
    await defineMetric(server.admin, { name: 'queue', query: 'avg:queue.length{*}' });
    await autoscale('worker', { name: 'datadogmetric@default:queue' });
    await expect.poll(() => replicas('worker'), patience).toBe(4);
    load('avg:queue.length{*}', 12);
    await expect.poll(() => replicas('worker'), patience).toBe(2);
    const { body } = await server.admin.get(`${metrics}/queue`);
    expect(textAt(body, 'status', 'autoscalerReferences')).toBe('hpa:default/worker');
  });

  it('scales a workload with a metric of Datadog for which a DatadogMetric is made', { timeout: 120_000 }, async () => {
    load('avg:nginx.requests{service:web}.rollup(30)', 25);
    await autoscale('web', { name: 'nginx.requests', selector: { matchLabels: { service: 'web' } } });
    await expect.poll(() => replicas('web'), patience).toBe(3);
    load('avg:nginx.requests{service:web}.rollup(30)', 5);
    await expect.poll(() => replicas('web'), patience).toBe(1);
    const { body } = await server.admin.get(metrics);
    const made = arrayAt(body, 'items').filter((each) => textAt(each, 'spec', 'externalMetricName') === 'nginx.requests');
    expect(made.map((each) => textAt(each, 'metadata', 'name'))).toEqual([expect.stringMatching(/^dcaautogen-[0-9a-f]{38}$/)]);
  });
});
