import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/fx/system.ts';
import { testApp } from '../../../src/fx/testing.ts';
import { startCluster, type Cluster } from '../../../src/testkit/cluster/index.ts';
import { subjects, type Server } from '../../../test/cluster/support/servers.ts';
import { kubernetesAs, type Identity } from '../../../test/kubernetes/support.ts';
import { hasReason, Kubernetes, type KubeObject } from '../../kubernetes/index.ts';
import { recordingLog, type Logged } from '../../log/fake.ts';
import { bytesMax } from './contents.ts';
import { entryOf, type Entry } from './entry.ts';
import { ConfigMapStore } from './store.ts';

const configMaps = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
const target = { resource: configMaps, namespace: 'default', name: 'datadog-custom-metrics' };
const { signal } = new AbortController();

const entry = (metric: string, name = 'web'): Entry =>
  entryOf({ kind: 'hpa', namespace: 'default', name, uid: 'u1', metric, labels: {}, value: 5, timestamp: 100, isValid: true });
const metricsOf = ({ entries }: { readonly entries: readonly Entry[] }): readonly string[] =>
  entries.map(({ metric }) => metric).toSorted();

async function storesOn(identity: Identity) {
  const tested = await testApp(kubernetesAs(identity), { requires: { kubernetes: Kubernetes } });
  const { kubernetes } = tested.needs;
  const logged: Logged[] = [];
  const parts = { kubernetes, log: recordingLog(logged), clock: systemClock, random: { next: Math.random }, name: target.name };
  const store = (): ConfigMapStore => new ConfigMapStore({ ...parts, namespace: () => Promise.resolve('default') });
  return { tested, kubernetes, logged, store, [Symbol.asyncDispose]: () => tested.stop() };
}

describe.each(subjects())('ConfigMapStore on $name', (subject) => {
  let server: Server;
  const admin = (): Identity => server.accessFor('admin', ['system:masters']);

  beforeAll(async () => {
    server = await subject.start();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await using on = await storesOn(admin());
    await on.kubernetes.delete(target).catch(() => {});
  });
  const write = (kubernetes: Kubernetes, more: object): Promise<KubeObject> =>
    kubernetes.create(target, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: target.name }, ...more });

  it('loses nothing of what several write at once, nor of what others write', async () => {
    await using on = await storesOn(admin());
    const writer = async (name: string): Promise<void> => {
      const store = on.store();
      for (let at = 0; at < 15; at += 1) await store.update((entries) => [...entries, entry(`${name}${at}`)], signal);
    };
    const stranger = async (): Promise<void> => {
      for (let at = 0; at < 15; at += 1)
        try {
          await on.kubernetes.patch(target, { data: { [`note${at}`]: 'mine' } }, { type: 'merge' });
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error;
          at -= 1;
        }
    };
    await Promise.all([writer('a'), writer('b'), stranger()]);
    expect((await on.store().read(signal)).entries).toHaveLength(30);
    const { data } = (await on.kubernetes.get(target)) as { data?: Readonly<Record<string, string>> };
    expect(Object.keys(data ?? {}).filter((key) => key.startsWith('note'))).toHaveLength(15);
  });

  it('writes nothing when there is nothing new, and makes the ConfigMap once', async () => {
    await using on = await storesOn(admin());
    const [first, second] = [on.store(), on.store()];
    expect(await first.read(signal)).toMatchObject({ entries: [], resourceVersion: '' });
    await Promise.all([first, second].map((store) => store.update(() => [entry('a')], signal)));
    const { resourceVersion } = await first.read(signal);
    await second.update((entries) => [...entries], signal);
    await second.update(() => undefined, signal);
    expect((await first.read(signal)).resourceVersion).toBe(resourceVersion);
  });

  it('takes a ConfigMap without data, and leaves what is not ours in it', async () => {
    await using on = await storesOn(admin());
    await write(on.kubernetes, { metadata: { name: target.name, labels: { team: 'x' } }, binaryData: { blob: 'AAAA' } });
    const state = await on.store().update((entries) => [...entries, entry('a')], signal);
    expect(metricsOf(state)).toEqual(['a']);
    expect(await on.kubernetes.get(target)).toMatchObject({ metadata: { labels: { team: 'x' } }, binaryData: { blob: 'AAAA' } });
  });

  it('says what does not fit, once, and writes the rest', async () => {
    await using on = await storesOn(admin());
    const filler = Object.fromEntries(['x', 'y'].map((key) => [key, 'z'.repeat(bytesMax / 2 - 150)]));
    await write(on.kubernetes, { data: filler });
    const store = on.store();
    for (const value of [1, 2])
      expect(metricsOf(await store.update(() => ['a', 'b', 'c', 'd'].map((metric) => ({ ...entry(metric), value })), signal))).toEqual([
        'a',
        'b',
      ]);
    expect(on.logged).toMatchObject([{ level: 'error', fields: { leftOut: 2, bytesMax } }]);
  });

  it('writes no more than etcd takes, however long the names are', async () => {
    await using on = await storesOn(admin());
    const store = on.store();
    const many = Array.from({ length: 3500 }, (_, at) => entry('nginx.net.request_per_s', `${at}-${'x'.repeat(130)}`));
    const { entries } = await store.update(() => many, signal);
    expect(entries.length + store.leftOut).toBe(many.length);
    expect(entries.length).toBeGreaterThan(1500);
    expect((await store.update((known) => known.map((each) => ({ ...each, value: 1 })), signal)).entries).toHaveLength(entries.length);
  });

  it('gives up on what cannot be written', async () => {
    await using on = await storesOn(admin());
    await write(on.kubernetes, { immutable: true, data: {} });
    await expect(on.store().update(() => [entry('a')], signal)).rejects.toThrow('immutable');
  });
});

describe('ConfigMapStore of a failing server', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  it('tries again when others are faster, and says so when they always are', async () => {
    await using on = await storesOn(cluster.clientFor({ user: 'admin', groups: ['system:masters'] }));
    const store = on.store();
    await store.update(() => [entry('a')], signal);
    const fault = cluster.faults.add({ kind: 'refuse', code: 409, when: ({ verb }) => verb === 'update', times: 3 });
    expect(metricsOf(await store.update((entries) => [...entries, entry('b')], signal))).toEqual(['a', 'b']);
    expect(fault.hits).toBe(3);
    const always = cluster.faults.add({ kind: 'refuse', code: 409, when: ({ verb }) => verb === 'update' });
    await expect(store.update(() => [], signal)).rejects.toMatchObject({ code: 409 });
    expect(always.hits).toBe(8);
    always.remove();
    expect(metricsOf(await store.read(signal))).toEqual(['a', 'b']);
  });
});
