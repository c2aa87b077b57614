import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CertificateAuthority } from '../../src/certificates/index.ts';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { TestClient } from '../cluster/support/client.ts';
import { settingsFor } from './agent.ts';
import { agentRoles, readerRoles, user } from './roles.ts';
import { always, defineMetric, defineMetrics, grant, pathOf, valueIn } from './world.ts';

const patience = { timeout: 60_000, interval: 20 };
const leaseSeconds = 8;
const program = join(import.meta.dirname, 'replica.ts');
const path = pathOf('datadogmetric@default:queue');
const serving = new CertificateAuthority('serving-ca');
const query = 'avg:queue.length{*}';

let opened: AsyncDisposableStack;
let cluster: Cluster;
let datadog: Datadog;
let folder: string;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  cluster = opened.adopt(await startCluster(), (each) => each.stop());
  datadog = opened.adopt(await startDatadog(), (each) => each.stop());
  folder = opened.adopt(await mkdtemp(join(tmpdir(), 'replicas-')), (each) => rm(each, { recursive: true }));
  const admin = clientAs('admin', cluster.url, cluster.ca);
  await grant(admin, [...agentRoles(['agent-a', 'agent-b']), ...readerRoles(user('jane'))]);
  await defineMetrics(admin);
  await defineMetric(admin, { name: 'queue', query, annotations: always });
});
afterEach(() => opened.disposeAsync());

function clientAs(name: string, url: string, ca: string): TestClient {
  const groups = name === 'admin' ? ['system:masters'] : [];
  const { certificate = '', key = '' } = cluster.clientFor({ user: name, groups });
  return opened.adopt(new TestClient({ url, ca, cert: certificate, key }), (each) => each.close());
}

interface Replica {
  readonly child: ChildProcess;
  /** What it said so far. */
  readonly said: readonly string[];
  /** What jane reads of it. */
  read(): Promise<string>;
}

async function startReplica(name: string): Promise<Replica> {
  const [kubeconfig, certDir] = [join(folder, `${name}.kubeconfig`), join(folder, name)];
  await mkdir(certDir, { recursive: true });
  const { certificate, key } = serving.issue({ commonName: 'localhost', hosts: ['localhost'] });
  await writeFile(join(certDir, 'apiserver.crt'), certificate);
  await writeFile(join(certDir, 'apiserver.key'), key);
  await writeFile(kubeconfig, cluster.clientFor({ user: name }).kubeconfig);
  const settings = {
    ...settingsFor(datadog, { port: 0, certDir }),
    kubernetes_kubeconfig_path: kubeconfig,
    leader_election: true,
    leader_lease_duration: leaseSeconds,
  };
  const child = spawn(process.execPath, [program, name, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  opened.defer(() => void child.kill('SIGKILL'));
  const said: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(...text.trim().split('\n')));
  await expect.poll(() => said.find((each) => each.startsWith('port ')), patience).toBeDefined();
  const port = said.find((each) => each.startsWith('port '))?.slice(5) ?? '';
  const jane = clientAs('jane', `https://localhost:${port}`, serving.certificate);
  return { child, said, read: async () => valueIn((await jane.get(path)).body) };
}

const load = (value: number): void =>
  datadog.set(query, (_, to) => [
    [to - 20_000, value],
    [to, 1000],
  ]);

it('reads go on while the leader is dead, and the next one asks Datadog', { timeout: 240_000 }, async () => {
  load(5);
  const a = await startReplica('agent-a');
  await expect.poll(() => a.said, patience).toContain('leads');
  const b = await startReplica('agent-b');
  await expect.poll(() => b.read(), patience).toBe('5');

  const answers = new Set<string>();
  const reading = new AbortController();
  const reader = (async () => {
    while (!reading.signal.aborted) {
      answers.add(await b.read());
      await sleep(10);
    }
  })();
  a.child.kill('SIGKILL');
  load(7);
  await expect.poll(() => b.said, patience).toContain('leads');
  await expect.poll(() => answers, patience).toContain('7');

  const again = await startReplica('agent-a');
  await expect.poll(() => again.read(), patience).toBe('7');
  reading.abort();
  await reader;
  expect([...answers]).toEqual(['5', '7']);
  expect(again.said).not.toContain('leads');
});
