import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../src/testkit/cluster/index.ts';
import { arrayAt, at, objectAt, textAt } from '../../src/testkit/cluster/json.ts';
import { TestClient } from './support/client.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

let cluster: Cluster;
let clients: TestClient[] = [];

function client(user: string): TestClient {
  const { certificate = '', key = '' } = cluster.clientFor({ user, groups: ['system:masters'] });
  const made = new TestClient({ url: cluster.url, ca: cluster.ca, cert: certificate, key });
  clients.push(made);
  return made;
}

beforeEach(async () => {
  cluster = await startCluster();
});

afterEach(async () => {
  for (const made of clients) made.close();
  clients = [];
  await cluster.stop();
});

it('refuses whom it is told to, as often as it is told to', async () => {
  const fault = cluster.faults.add({ kind: 'refuse', code: 429, retryAfterSeconds: 7, user: 'a', times: 1 });
  const refused = await client('a').get(MAPS);
  expect(refused.body).toMatchObject({ code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 7 } });
  expect(refused.headers['retry-after']).toBe('7');
  expect((await client('a').get(MAPS)).status).toBe(200);
  expect((await client('b').get(MAPS)).status).toBe(200);
  expect(fault.hits).toBe(1);
});

it('answers what no API server says, whole, cut, or without an end', async () => {
  const page = { kind: 'garble', type: 'text/html', text: '<html>' } as const;
  cluster.faults.add({ ...page, code: 502, user: 'whole' });
  expect(await client('whole').get(MAPS)).toMatchObject({ status: 502, text: '<html>', headers: { 'content-type': 'text/html' } });
  cluster.faults.add({ ...page, ending: 'cut', user: 'cut' });
  await expect(client('cut').get(MAPS)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  cluster.faults.add({ kind: 'garble', text: '{}\n', ending: 'never', user: 'endless' });
  const endless = await client('endless').watch(MAPS);
  for (let line = 0; line < 100_000; line += 1) expect(await endless.next()).toEqual({});
  endless.close();
});

it('delays, and adds delays up', async () => {
  cluster.faults.add({ kind: 'latency', milliseconds: 30 });
  cluster.faults.add({ kind: 'latency', milliseconds: 30, when: ({ plural }) => plural === 'configmaps' });
  const started = performance.now();
  await client('a').get(MAPS);
  expect(performance.now() - started).toBeGreaterThanOrEqual(55);
});

it('hangs until the fault is removed', async () => {
  const fault = cluster.faults.add({ kind: 'hang', when: ({ verb }) => verb === 'create' });
  const a = client('a');
  const pending = a.post(MAPS, { metadata: { name: 'late' } });
  expect((await a.get(`${MAPS}/late`)).status).toBe(404);
  fault.remove();
  expect((await pending).status).toBe(201);
});

it('leaves a watch half open, and cuts it when the network notices', async () => {
  const a = client('a');
  const watch = await a.watch(`${MAPS}?watch=true&resourceVersion=${cluster.objects.revision}`);
  const fault = cluster.faults.add({ kind: 'half-open', user: 'a' });
  await client('b').post(MAPS, { metadata: { name: 'unseen' } });
  fault.remove();
  expect(await watch.next()).toBeUndefined();
  expect((await a.get(`${MAPS}/unseen`)).status).toBe(200);
});

it('ends watches, cleanly or not', async () => {
  for (const how of ['end', 'reset'] as const) {
    const watch = await client(how).watch(`${MAPS}?watch=true&resourceVersion=${cluster.objects.revision}`);
    const fault = cluster.faults.add({ kind: 'cut-watches', how, user: how });
    expect(await watch.next()).toBeUndefined();
    fault.remove();
  }
});

it('expires running watches', async () => {
  const watch = await client('a').watch(`${MAPS}?watch=true&resourceVersion=${cluster.objects.revision}`);
  cluster.faults.add({ kind: 'expired' }).remove();
  expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  expect(await watch.next()).toBeUndefined();
});

it('answers a compacted version with 410, in watches and in continued lists', async () => {
  const a = client('a');
  for (const name of ['x', 'y', 'z']) await a.post(MAPS, { metadata: { name } });
  const page = await a.get(`${MAPS}?limit=1`);
  const before = cluster.objects.revision;
  await a.delete(`${MAPS}/x`);
  cluster.objects.compact();
  const watch = await a.watch(`${MAPS}?watch=true&resourceVersion=${before}`);
  expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  const next = await a.get(`${MAPS}?limit=1&continue=${textAt(page.body, 'metadata', 'continue')}`);
  expect(next.body).toMatchObject({ code: 410, reason: 'Expired' });
  const rest = await a.get(`${MAPS}?continue=${textAt(next.body, 'metadata', 'continue')}`);
  expect(arrayAt(rest.body, 'items').length).toBeGreaterThan(0);
});

it('partitions one client from the server', async () => {
  const a = client('a');
  await a.get(MAPS);
  const fault = cluster.faults.add({ kind: 'partition', user: 'a' });
  await expect(a.get(MAPS)).rejects.toThrow(/hang up|ECONNRESET|disconnected/);
  expect((await client('b').get(MAPS)).status).toBe(200);
  fault.remove();
  expect((await a.get(MAPS)).status).toBe(200);
});

it('runs its clock ahead', async () => {
  cluster.faults.add({ kind: 'clock-skew', milliseconds: 3_600_000 });
  const { body } = await client('a').post(MAPS, { metadata: { name: 'future' } });
  expect(Date.parse(textAt(body, 'metadata', 'creationTimestamp')) - Date.now()).toBeGreaterThan(3_500_000);
});

it('sends bookmarks on demand, and the initial ones where they are asked for', async () => {
  const a = client('a');
  await a.post(MAPS, { metadata: { name: 'm' } });
  const watch = await a.watch(
    `${MAPS}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dm`,
  );
  expect(await watch.next()).toMatchObject({ type: 'ADDED' });
  expect(await watch.next()).toMatchObject({
    type: 'BOOKMARK',
    object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
  });
  cluster.sendBookmarks();
  expect(objectAt(await watch.next(), 'object', 'metadata')['resourceVersion']).toBe(String(cluster.objects.revision));
  watch.close();
});

it('counts connections and requests', async () => {
  const a = client('counted');
  for (let count = 0; count < 5; count += 1) await a.get(MAPS);
  expect(cluster.traffic('counted')).toEqual({ connections: 1, requests: 5 });
});

it('collects what belongs to a deleted object, as the delete asks', async () => {
  const a = client('a');
  const owned = async (owner: string): Promise<void> => {
    const { body } = await a.post(MAPS, { metadata: { name: owner } });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: textAt(body, 'metadata', 'uid') }];
    await a.post(MAPS, { metadata: { name: `${owner}-child`, ownerReferences } });
  };
  for (const owner of ['plain', 'orphan', 'foreground']) await owned(owner);
  await a.delete(`${MAPS}/plain`);
  await a.delete(`${MAPS}/orphan`, { propagationPolicy: 'Orphan' });
  await a.delete(`${MAPS}/foreground`, { propagationPolicy: 'Foreground' });
  const left = await a.get(MAPS);
  expect(arrayAt(left.body, 'items').map((item) => textAt(item, 'metadata', 'name'))).toEqual(['kube-root-ca.crt', 'orphan-child']);
  expect(at(arrayAt(left.body, 'items')[1], 'metadata', 'ownerReferences')).toBeUndefined();
});
