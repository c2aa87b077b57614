import { createServer } from 'node:net';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Workload } from '../../src/sandbox/workload.ts';
import { startCluster } from '../../src/testkit/cluster/index.ts';
import { TestClient } from '../cluster/support/client.ts';
import { spawnAgent, type Agent } from './process.ts';

const found = (agent: Agent, pattern: RegExp): string =>
  pattern.exec(agent.output)?.[1] ?? expect.fail(`no ${pattern} in:\n${agent.output}`);

/** A client with the kubeconfig that the sandbox gives to people. */
async function administrator(path: string): Promise<TestClient> {
  const { clusters, users } = parse(await readFile(path, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
    users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
  };
  const plain = (text: string): string => Buffer.from(text, 'base64').toString();
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  const { 'client-certificate-data': certificate, 'client-key-data': key } = users[0].user;
  return new TestClient({ url: server, ca: plain(ca), cert: plain(certificate), key: plain(key) });
}

describe('the sandbox', { timeout: 120_000 }, () => {
  it('runs the agent, says what to try, and leaves nothing behind', async () => {
    // Somebody may have the port already; then the agent takes another, and says so.
    const squatter = createServer();
    const isMine = await once(squatter.listen(5005), 'listening').then(
      () => true,
      () => false,
    );
    await using agent = spawnAgent(['start', '--sandbox'], { DD_API_KEY: 'of somebody else', DD_SITE: 'nowhere.example.com' });
    await agent.until(() => agent.output.includes('Cluster ID:') && agent.output.includes('started leading'));
    expect(agent.output).toContain('Note: port 5005 is taken; the agent listens on ');
    const folder = found(agent, /status -c (\S+)/);
    expect(agent.output).toMatch(/in a browser +https:\/\/localhost:\d+\/ui#token=[0-9a-f]{64}\n/);
    expect(agent.output).not.toContain('| ERROR |');

    const client = await administrator(found(agent, /KUBECONFIG=(\S+)/));
    const id = found(agent, /Cluster ID: ([0-9a-f-]{36})/);
    const named = async (path: string) => (await client.get(path)).body as Record<string, Record<string, unknown>>;
    expect(await named('/api/v1/namespaces/datadog/configmaps/datadog-cluster-id')).toMatchObject({ data: { id } });
    expect(await named('/apis/coordination.k8s.io/v1/namespaces/datadog/leases/datadog-leader-election')).toMatchObject({
      spec: { holderIdentity: 'datadog-cluster-agent-sandbox' },
    });
    const events = async () => JSON.stringify(await named('/api/v1/namespaces/datadog/events'));
    await expect.poll(events, { timeout: 30_000 }).toContain('datadog-cluster-agent-sandbox became leader');
    client.close();

    await using status = spawnAgent(['status', '-c', folder]);
    expect(await status.gone).toBe(0);
    expect(status.output).toContain('\n  hostname: node-a-sandbox\n  hostname provider: container\n');

    agent.signal('SIGINT');
    expect(await agent.gone).toBe(0);
    expect(agent.output).toContain('See ya!');
    expect(existsSync(folder)).toBe(false);
    if (isMine) await once(squatter.close(), 'close');
  });

  it.each([
    { args: [], temporary: '/dev/null', code: 1, message: /^Error: the sandbox has no place for its files: .*set TMPDIR/ },
    {
      args: ['-c', '/nowhere'],
      temporary: tmpdir(),
      code: 2,
      message: /^Error: --sandbox brings a configuration of its own: leave out -c/,
    },
  ])('says of $args, with its files in $temporary, what is wrong, and ends', async ({ args, temporary, code, message }) => {
    await using agent = spawnAgent(['start', '--sandbox', ...args], { TMPDIR: temporary });
    expect(await agent.gone).toBe(code);
    expect(agent.errors).toMatch(message);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves nothing behind after %s in its first instants', async (signal) => {
    const temporary = await mkdtemp(join(tmpdir(), 'first-instants-'));
    const folders = async () => (await readdir(temporary)).filter((name) => name.startsWith('cluster-agent-sandbox-'));
    await using agent = spawnAgent(['start', '--sandbox'], { TMPDIR: temporary });
    await agent.until(async () => (await folders()).length > 0);
    agent.signal(signal);
    expect(await agent.gone).toBe(0);
    expect(await folders()).toEqual([]);
    await rm(temporary, { recursive: true });
  });
});

describe('its workload', () => {
  const readyPods = (cluster: Awaited<ReturnType<typeof startCluster>>, name: string): number =>
    cluster.objects.list({ apiVersion: 'v1', kind: 'Pod' }).filter(({ metadata }) => metadata.labels?.['app'] === name).length;

  it('changes all the time, and its objects always agree', async () => {
    const cluster = await startCluster();
    try {
      let state = 1;
      const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
      const workload = new Workload(cluster.objects, random);
      workload.seed();
      const sizes = new Set<number>();
      for (let step = 0; step < 300; step += 1) {
        workload.step();
        for (const deployment of cluster.objects.list({ apiVersion: 'apps/v1', kind: 'Deployment' })) {
          const { name = '', namespace = '' } = deployment.metadata;
          const { replicas } = deployment['spec'] as { replicas: number };
          expect(readyPods(cluster, name)).toBe(replicas);
          const endpoints = cluster.objects.get({ apiVersion: 'v1', kind: 'Endpoints', namespace, name }) ?? expect.fail('no endpoints');
          const { addresses } = (endpoints['subsets'] as unknown as [{ addresses: readonly { targetRef: { name: string } }[] }])[0];
          for (const { targetRef } of addresses)
            expect(cluster.objects.get({ apiVersion: 'v1', kind: 'Pod', namespace, name: targetRef.name })).toBeDefined();
          expect(addresses).toHaveLength(replicas);
          if (name === 'web') sizes.add(replicas);
        }
      }
      expect(sizes.size).toBeGreaterThan(3);
    } finally {
      await cluster.stop();
    }
  });
});
