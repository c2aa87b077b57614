import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testApp } from '../../src/fx/testing.ts';
import { startCluster, type Cluster, type JsonObject } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import { helmRoles } from '../../test/leader-election/helm-roles.ts';
import type { Logged } from '../log/fake.ts';
import { fakeOwnPod } from '../own-pod/fake.ts';
import { configMapClusterId } from './config-map.ts';
import { ClusterId } from './index.ts';

const at = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'datadog-cluster-id' };
const requires = { clusterId: ClusterId };

let cluster: Cluster;
let uid: string;
beforeEach(async () => {
  cluster = await startCluster();
  for (const object of helmRoles(['agent', 'other'])) cluster.objects.put(object);
  uid = cluster.objects.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' })?.metadata.uid ?? '';
});
afterEach(() => cluster.stop());

const agent = (user = 'agent', logged: Logged[] = []) =>
  testApp([...kubernetesAs(cluster.clientFor({ user }), { logged }), fakeOwnPod(), configMapClusterId], { requires });
const put = (rest: JsonObject) =>
  cluster.objects.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: at.name, labels: { a: 'b' } }, ...rest });
const stored = () => cluster.objects.get(at)?.['data'];

describe('the cluster id', () => {
  it('is the UID of kube-system, written where it is missing, and asked for once', async () => {
    await using tested = await agent();
    const { clusterId } = tested.needs;
    expect(uid).toHaveLength(36);
    expect(await clusterId.get()).toBe(uid);
    expect(stored()).toEqual({ id: uid });
    const { requests } = cluster.traffic('agent');
    expect(await clusterId.get()).toBe(uid);
    expect(cluster.traffic('agent').requests).toBe(requests);
  });

  it('is what stands there if it has 36 characters', async () => {
    const id = 'x'.repeat(36);
    put({ data: { id } });
    await using tested = await agent();
    expect(await tested.needs.clusterId.get()).toBe(id);
    expect(stored()).toEqual({ id });
  });

  it.each<[string, JsonObject]>([
    ['no data', {}],
    ['null data', { data: null }],
    ['no id', { data: { other: 'x' } }],
    ['a short id', { data: { id: 'short', other: 'x' } }],
    ['an empty id', { data: { id: '' } }],
    ['an id with 36 characters of more bytes', { data: { id: 'é'.repeat(36) } }],
  ])('is written over %s, and the rest is kept', async (_what, rest) => {
    put(rest);
    await using tested = await agent();
    expect(await tested.needs.clusterId.get()).toBe(uid);
    expect(stored()).toEqual({ ...(rest['data'] as JsonObject | null | undefined), id: uid });
    expect(cluster.objects.get(at)?.metadata.labels).toEqual({ a: 'b' });
  });

  it('is the same for replicas that create it together', async () => {
    await using first = await agent();
    await using second = await agent('other');
    const slow = cluster.faults.add({ kind: 'latency', milliseconds: 50 });
    const ids = await Promise.all([first.needs.clusterId.get(), second.needs.clusterId.get(), first.needs.clusterId.get()]);
    slow.remove();
    expect(ids).toEqual([uid, uid, uid]);
  });

  it.each([['create'], ['update']])('is read again when another was faster to %s it', async (verb) => {
    if (verb === 'update') put({ data: { id: 'short' } });
    const fault = cluster.faults.add({ kind: 'refuse', code: 409, user: 'agent', times: 1, when: (request) => request.verb === verb });
    await using tested = await agent();
    expect(await tested.needs.clusterId.get()).toBe(uid);
    expect(fault.hits).toBe(1);
    expect(stored()).toEqual({ id: uid });
  });

  it.each([['create'], ['update']])('is written all the same when the API server is too busy for the first %s', async (verb) => {
    if (verb === 'update') put({ data: { id: 'short' } });
    cluster.faults.add({ kind: 'refuse', code: 429, user: 'agent', times: 1, when: (request) => request.verb === verb });
    await using tested = await agent();
    expect(await tested.needs.clusterId.get()).toBe(uid);
    expect(stored()).toEqual({ id: uid });
  });

  it('is not known without the right to read it; the error says what is missing, and a later call tries again', async () => {
    await using tested = await agent('stranger');
    const { clusterId } = tested.needs;
    await expect(clusterId.get()).rejects.toThrow(/cannot get resource "configmaps".*ConfigMap default\/datadog-cluster-id/);
    for (const object of helmRoles(['stranger'])) cluster.objects.put(object);
    expect(await clusterId.get()).toBe(uid);
  });

  it('is known without the right to write it, with a warning', async () => {
    const logged: Logged[] = [];
    for (const object of helmRoles(['agent'])) {
      const rules = object['rules'] as { verbs: string[] }[] | undefined;
      cluster.objects.put(rules === undefined ? object : { ...object, rules: rules.map((rule) => ({ ...rule, verbs: ['get'] })) });
    }
    await using tested = await agent('agent', logged);
    expect(await tested.needs.clusterId.get()).toBe(uid);
    expect(stored()).toBeUndefined();
    expect(logged.map(({ message }) => message)).toEqual(['the cluster id cannot be written down for others']);
  });

  it('is not waited for longer than the caller wants', async () => {
    const hang = cluster.faults.add({ kind: 'hang', user: 'agent' });
    await using tested = await agent();
    const controller = new AbortController();
    const asked = tested.needs.clusterId.get(controller.signal);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    hang.remove();
  });
});
