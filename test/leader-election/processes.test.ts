import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';
import { helmRoles } from './helm-roles.ts';

const patience = { timeout: 60_000, interval: 20 };
const leaseSeconds = 8;
const program = join(import.meta.dirname, 'replica.ts');

let cluster: Cluster;
let folder: string;
let children: ChildProcess[];
beforeEach(async () => {
  cluster = await startCluster();
  for (const object of helmRoles(['agent-a', 'agent-b'])) cluster.objects.put(object);
  folder = await mkdtemp(join(tmpdir(), 'replicas-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await cluster.stop();
  await rm(folder, { recursive: true });
});

async function replica(name: string): Promise<{ readonly child: ChildProcess; readonly said: string[] }> {
  const kubeconfig = join(folder, name);
  await writeFile(kubeconfig, cluster.clientFor({ user: name }).kubeconfig);
  const env = { ...process.env, DD_POD_NAME: name };
  const child = spawn(process.execPath, [program, kubeconfig, String(leaseSeconds)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const said: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(...text.trim().split('\n')));
  return { child, said };
}

it('a process that stood still knows that it lost, and the next takes over from one that was killed', { timeout: 240_000 }, async () => {
  const a = await replica('agent-a');
  await expect.poll(() => a.said, patience).toContain('leads');
  const b = await replica('agent-b');
  await expect.poll(() => cluster.traffic('agent-b').requests, patience).toBeGreaterThan(0);

  a.child.kill('SIGSTOP');
  await expect.poll(() => b.said, patience).toContain('leads');
  const saidBefore = a.said.length;
  a.child.kill('SIGCONT');
  await expect.poll(() => a.said.slice(saidBefore, saidBefore + 2), patience).toEqual(['woke, leading: false', 'follows']);

  b.child.kill('SIGKILL');
  await expect.poll(() => a.said.slice(saidBefore), patience).toContain('leads');

  a.child.kill('SIGTERM');
  const [code] = (await once(a.child, 'close')) as [number | null];
  expect(code).toBe(0);
  expect(a.said.filter((line) => !line.startsWith('woke')).slice(-2)).toEqual(['leads', 'follows']);
  const lock = cluster.objects.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'lock' });
  expect(JSON.parse(lock?.metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'] ?? '')).toMatchObject({ holderIdentity: '' });
});
