import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ExternalMetricsServer } from '../../components/external-metrics/index.ts';
import { fakeElection } from '../../components/leader-election/fake.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import { supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { arrayAt, textAt } from '../../src/testkit/cluster/json.ts';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { subjects, type Server } from '../cluster/support/servers.ts';
import { kubernetesAs } from '../kubernetes/support.ts';
import { externalMetrics, settingsFor } from './agent.ts';
import { agentRoles } from './roles.ts';
import { always, defineMetric, defineMetrics, grant, pathOf, pathsOf, publish, soon, until, valueIn } from './world.ts';

const path = pathOf('datadogmetric@default:queue');
const object = `${pathsOf('default').metrics}/queue`;
const query = 'avg:queue.length{*}';

let server: Server;
let datadog: Datadog;
let opened: AsyncDisposableStack;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  const [inProcess] = subjects();
  if (inProcess === undefined) throw new Error('there is no in-process server');
  server = opened.adopt(await inProcess.start(), (each) => each.stop());
  datadog = await startDatadog();
  opened.defer(() => datadog.stop());
  await defineMetrics(server.admin);
  await grant(server.admin, agentRoles(['agent']));
  await defineMetric(server.admin, { name: 'queue', query, annotations: always });
});
afterEach(() => opened.disposeAsync());

const agentWith = async (settings: Readonly<Record<string, unknown>> = {}) => {
  const certDir = opened.adopt(await mkdtemp(join(tmpdir(), 'external-metrics-')), (each) => rm(each, { recursive: true }));
  const config: Readonly<Record<string, unknown>> = { ...settingsFor(datadog, { port: 0, certDir }), ...settings };
  const list = [
    ...kubernetesAs(server.accessFor('agent'), { config }),
    supply(LeaderElection, fakeElection()),
    ...externalMetrics(),
  ] as const;
  return opened.use(await testApp(list, { requires: { server: ExternalMetricsServer }, settings: (key) => config[key] }));
};

async function startAgent(settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const agent = await agentWith(settings);
  await until(() => agent.needs.server.port > 0, true);
  await publish(server.admin, agent.needs.server.port);
}

const load = (value: number): void =>
  datadog.set(query, (_, to) => [
    [to - 1000, value],
    [to, 1000],
  ]);
const read = async (): Promise<string> => valueIn((await server.admin.get(path)).body);
const status = async () => {
  const { body } = await server.admin.get(object);
  const of = (type: string) => arrayAt(body, 'status', 'conditions').find((each) => textAt(each, 'type') === type);
  const measured = textAt(of('Updated'), 'lastUpdateTime');
  return { value: textAt(body, 'status', 'currentValue'), measured, isValid: textAt(of('Valid'), 'status') };
};

type Fault = Parameters<Datadog['faults']['add']>[0];
const adding = (fault: Fault) => async () => {
  const added = datadog.faults.add(fault);
  return async () => added.remove();
};

/** Each makes something go wrong, and returns what ends it. */
const faults = {
  refused: adding({ kind: 'refuse', code: 403 }),
  limited: adding({ kind: 'refuse', code: 429, resetSeconds: 1 }),
  garbage: adding({ kind: 'garbage' }),
  broken: adding({ kind: 'cut' }),
  down: async () => {
    const port = Number(new URL(datadog.url).port);
    await datadog.stop();
    return async () => void (datadog = await startDatadog({ port }));
  },
} satisfies Record<string, () => Promise<() => Promise<void>>>;

it.each([
  ['refused', 'API error 403 Forbidden'],
  ['limited', 'Internal error occurred: Global error: Datadog API rate limit exceeded'],
  ['garbage', 'Datadog API response is no JSON'],
  ['broken', 'Datadog cannot be reached'],
  ['down', 'Datadog cannot be reached'],
] as const)('keeps the last value while Datadog is %s, tells why it is not served, and goes on by itself', async (fault, why) => {
  load(5);
  await startAgent();
  await expect.poll(read, soon).toBe('5');
  await expect.poll(async () => (await status()).isValid, soon).toBe('True');
  const repair = await faults[fault]();
  await expect.poll(read, soon).toContain(why);
  await expect.poll(async () => (await status()).isValid, soon).toBe('False');
  const kept = await status();
  expect(kept.value).toBe('5');
  expect(Date.parse(kept.measured)).toBeGreaterThan(0);
  await repair();
  load(6);
  await expect.poll(read, soon).toBe('6');
  await expect.poll(status, soon).toMatchObject({ value: '6', isValid: 'True' });
});

it('serves the last value while Datadog is slow', async () => {
  load(5);
  await startAgent();
  await expect.poll(read, soon).toBe('5');
  const slow = datadog.faults.add({ kind: 'latency', milliseconds: 1500 });
  load(6);
  const answers = new Set<string>();
  while (slow.hits < 3 || !answers.has('6')) {
    answers.add(await read());
    await sleep(20);
  }
  expect([...answers]).toEqual(['5', '6']);
});

it('serves no value for longer than it may while Datadog says nothing', async () => {
  load(5);
  const ages = { max_age: 3, rollup: 1, query_validity_period: 2 };
  await startAgent(Object.fromEntries(Object.entries(ages).map(([name, seconds]) => [`external_metrics_provider.${name}`, seconds])));
  await expect.poll(read, soon).toBe('5');
  const silence = datadog.faults.add({ kind: 'hang' });
  await expect.poll(read, soon).toMatch(/DatadogMetric is stale, last updated: .*Check datadog-cluster-agent logs for errors$/);
  silence.remove();
  load(6);
  await expect.poll(read, soon).toBe('6');
});

it('says which setting names a port that is taken, and listens once it is free', async () => {
  const other = createServer().listen(0, '0.0.0.0');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const agent = await agentWith({ 'external_metrics_provider.port': port });
  const lastErrors = () => agent.app.report().components.flatMap(({ jobs }) => jobs.map(({ lastError }) => String(lastError)));
  await expect
    .poll(lastErrors, soon)
    .toContainEqual(expect.stringMatching(/port \d+ .*EADDRINUSE.*free it, or set external_metrics_provider\.port/));
  other.close();
  await until(() => agent.needs.server.port, port);
});
