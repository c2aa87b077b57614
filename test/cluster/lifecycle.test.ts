import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startCluster } from '../../src/testkit/cluster/index.ts';
import { TestClient } from './support/client.ts';

/** What keeps the process alive, but for what is due in this very turn. */
function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'Immediate')
    .toSorted();
}

/** What came on top of `before`; the test runner's own may go meanwhile. */
function added(before: readonly string[]): string[] {
  const rest = [...before];
  return resources().filter((name) => {
    const index = rest.indexOf(name);
    if (index !== -1) rest.splice(index, 1);
    return index === -1;
  });
}

it('leaves no timer, socket or handle behind, whatever was going on', async () => {
  const warm = await startCluster();
  await warm.stop();
  // The warm-up's handles must not count as having been there.
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  const before = resources();
  const cluster = await startCluster();
  const { token = '' } = cluster.clientFor({ user: 'a', groups: ['system:masters'], with: 'token' });
  const client = new TestClient({ url: cluster.url, ca: cluster.ca, token });
  const watch = await client.watch('/api/v1/pods?watch=true&allowWatchBookmarks=true');
  cluster.faults.add({ kind: 'hang', when: ({ verb }) => verb === 'list' });
  cluster.faults.add({ kind: 'latency', milliseconds: 60_000, when: ({ verb }) => verb === 'get' });
  const hanging = client.get('/api/v1/nodes').catch(() => 'cut');
  const late = client.get('/api/v1/nodes/a').catch(() => 'cut');
  const service = {
    service: { namespace: 'default', name: 'nobody' },
    group: 'x.example.com',
    version: 'v1',
    groupPriorityMinimum: 1,
    versionPriority: 1,
  };
  await client.post('/apis/apiregistration.k8s.io/v1/apiservices', { metadata: { name: 'v1.x.example.com' }, spec: service });
  await cluster.stop();
  await cluster.stop();
  expect(await watch.next()).toBeUndefined();
  expect([await hanging, await late]).toEqual(['cut', 'cut']);
  client.close();
  // The client's own ends of the connections close in their own time.
  for (let turn = 0; turn < 100 && added(before).length > 0; turn += 1) await nextTurn();
  expect(added(before)).toEqual([]);
});

it('says which port is taken', async () => {
  const cluster = await startCluster();
  await expect(startCluster({ port: Number(new URL(cluster.url).port) })).rejects.toThrow(/EADDRINUSE/);
  await cluster.stop();
});

it('knows its service accounts, and asks for credentials that prove something', async () => {
  const cluster = await startCluster();
  const { token = '' } = cluster.clientFor({ serviceAccount: 'robot', namespace: 'default' });
  const client = new TestClient({ url: cluster.url, ca: cluster.ca, token });
  expect((await client.get('/api/v1/pods')).body).toMatchObject({
    message:
      'pods is forbidden: User "system:serviceaccount:default:robot" cannot list resource "pods" in API group "" at the cluster scope',
  });
  const liar = new TestClient({ url: cluster.url, ca: cluster.ca, token: 'lie' });
  expect((await liar.get('/api/v1/pods')).body).toMatchObject({ code: 401, reason: 'Unauthorized' });
  const nobody = new TestClient({ url: cluster.url, ca: cluster.ca });
  expect((await nobody.get('/api/v1/pods')).body).toMatchObject({
    message: expect.stringContaining('User "system:anonymous" cannot list'),
  });
  for (const made of [client, liar, nobody]) made.close();
  await cluster.stop();
});
