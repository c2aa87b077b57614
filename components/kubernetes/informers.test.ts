import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { many } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { type Cluster, startCluster } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import type { Logged } from '../log/fake.ts';
import { StatusProvider } from '../status/index.ts';
import { type Informer, type InformerOptions, Informers } from './index.ts';
import { informers } from './informers.ts';
import { recordingTelemetry } from './test-support.ts';

const user = 'agent';
const configMaps: InformerOptions<string> = {
  resource: { group: '', version: 'v1', plural: 'configmaps', namespaced: true },
  namespace: 'default',
  transform: ({ metadata, data }) => `${metadata.name} ${Object.values(data ?? {}).join()}`,
};

let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster({ controllers: false });
});
afterEach(() => cluster.stop());

const put = (name: string, value: string): unknown =>
  cluster.objects.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } });
const remove = (name: string): void => cluster.objects.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name });

async function start({ groups = ['system:masters'], config = {}, clock = manualClock() } = {}) {
  const [logged, telemetry] = [[] as Logged[], recordingTelemetry()];
  const list = [...kubernetesAs(cluster.clientFor({ user, groups }), { config, logged, telemetry }), informers] as const;
  const tested = await testApp(list, { clock, requires: { informers: Informers, status: many(StatusProvider) } });
  return { app: tested.app, needs: tested.needs, stop: () => tested.stop(), clock, logged, telemetry };
}

/** Waits, in real time, for what the network brings. */
async function until(isSo: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 15_000;
  while (!isSo()) {
    if (performance.now() > giveUpAt) throw new Error(`it never happened: ${isSo.toString()}`);
    await new Promise((resolve) => void setTimeout(resolve, 2));
  }
}
const holds = (informer: Informer<string>, ...values: readonly string[]): (() => boolean) => {
  const wanted = values.toSorted().join('; ');
  return () => [...informer.list()].toSorted().join('; ') === wanted;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');

describe('informers', () => {
  it('follow a collection from list to watch, and leave nothing behind when they stop', async () => {
    put('a', '1');
    const { needs, stop, telemetry } = await start();
    const informer = needs.informers.informer(configMaps);
    await informer.synced(AbortSignal.timeout(15_000));
    expect([...informer.list()]).toEqual(['a 1']);
    put('a', '2');
    put('b', '1');
    await until(holds(informer, 'a 2', 'b 1'));
    remove('a');
    await until(holds(informer, 'b 1'));
    expect(telemetry.values).toMatchObject({ 'informer_list_pages{resource=configmaps}': 1 });
    expect(cluster.traffic(user).connections).toBeLessThanOrEqual(2);
    await stop();
  });

  it('are shared by those who ask with the same options', async () => {
    const { needs, stop } = await start();
    const informer = needs.informers.informer(configMaps);
    expect(needs.informers.informer(configMaps)).toBe(informer);
    expect(needs.informers.informer({ ...configMaps })).not.toBe(informer);
    await informer.synced(AbortSignal.timeout(15_000));
    await stop();
  });

  it('go on where they were when the app is started again', async () => {
    put('a', '1');
    const tested = await start();
    const informer = tested.needs.informers.informer(configMaps);
    await informer.synced(AbortSignal.timeout(15_000));
    const { requests } = cluster.traffic(user);
    await tested.app.stop();
    put('a', '2');
    await tested.app.start();
    await until(holds(informer, 'a 2'));
    expect(cluster.traffic(user).requests - requests).toBeLessThanOrEqual(2);
    await tested.stop();
  });

  it('read long lists in pages', async () => {
    for (let count = 0; count < 1200; count += 1) put(`map-${count}`, '');
    const { needs, stop, telemetry } = await start();
    const informer = needs.informers.informer(configMaps);
    await informer.synced(AbortSignal.timeout(15_000));
    expect(informer.size).toBe(1200);
    expect(telemetry.values).toMatchObject({ 'informer_list_pages{resource=configmaps}': 3 });
    await stop();
  });

  it('list anew, without a gap, when their version is gone', async () => {
    put('a', '1');
    put('b', '1');
    const { needs, clock, stop } = await start();
    const informer = needs.informers.informer(configMaps);
    const told: string[] = [];
    informer.handle({
      added: (object) => void told.push(`added ${object}`),
      updated: (object, previous) => void told.push(`updated ${previous} -> ${object}`),
      deleted: (object, isFinalStateUnknown) => void told.push(`deleted ${object}${isFinalStateUnknown ? ' (unknown)' : ''}`),
    });
    await informer.synced(AbortSignal.timeout(15_000));
    const fault = cluster.faults.add({ kind: 'partition', user });
    put('a', '2');
    remove('b');
    put('c', '1');
    cluster.objects.compact();
    fault.remove();
    await until(() => (void clock.advance(1000), told.length === 5));
    expect(told.toSorted()).toEqual(['added a 1', 'added b 1', 'added c 1', 'deleted b 1 (unknown)', 'updated a 1 -> a 2']);
    await stop();
  });

  it('notice a connection that is half open within 45 seconds', async () => {
    const { needs, clock, stop, telemetry } = await start();
    const informer = needs.informers.informer(configMaps);
    await until(() => cluster.traffic(user).requests === 2);
    await informer.synced(AbortSignal.timeout(15_000));
    await new Promise((resolve) => void setTimeout(resolve, 50));
    cluster.faults.add({ kind: 'half-open', user, times: 0 });
    put('a', '1');
    await clock.advance(30_000);
    await until(holds(informer, 'a 1'));
    expect(telemetry.values).toMatchObject({ 'informer_watch_stand_ins{resource=configmaps}': 1 });
    await stop();
  });

  it('tell of what RBAC refuses, once in the log and always in status, and ask again slowly', async () => {
    const { needs, clock, logged, telemetry, stop } = await start({ groups: [] });
    const informer = needs.informers.informer(configMaps);
    const failures = (): number => Number(telemetry.values['informer_failures{resource=configmaps}'] ?? 0);
    await until(() => failures() > 0);
    for (let minutes = 1; minutes <= 3; minutes += 1) {
      await clock.advance(60_000);
      await until(() => failures() > minutes);
    }
    expect(cluster.traffic(user).requests).toBeLessThanOrEqual(5);
    expect(informer.hasSynced).toBe(false);
    const warnings = logged.filter(({ level }) => level === 'warn').map(({ message, fields }) => [message, messageOf(fields['error'])]);
    expect(warnings[0]?.[1]).toContain('cannot list resource "configmaps" in API group "" in the namespace "default"');
    expect(warnings.map(([message]) => message)).toEqual([
      'an informer cannot list or watch; what it knows stays as it is',
      "couldn't sync informer configmaps in 5s",
    ]);
    const texts = (await Promise.all(needs.status.map(async (provider) => provider.text({ verbose: false })))).join('\n');
    expect(texts).toContain('cannot list configmaps in namespace "default"');
    expect(texts).toMatch(/configmaps in default: 0 objects, not synced yet, failing, 0 watch restarts: .*forbidden/);
    await stop();
  });

  it('count those that do not sync in time', async () => {
    const { needs, clock, telemetry, stop } = await start({ config: { kube_cache_sync_timeout_seconds: 7 } });
    cluster.faults.add({ kind: 'hang', user });
    needs.informers.informer(configMaps);
    await clock.advance(6999);
    expect(telemetry.values).not.toHaveProperty('apiserver_cache_sync_timeouts');
    await clock.advance(1);
    expect(telemetry.values).toMatchObject({ apiserver_cache_sync_timeouts: 1 });
    await stop();
  });

  it('show handlers everything again after the configured time', async () => {
    put('a', '1');
    const { needs, clock, stop } = await start({ config: { kubernetes_informers_resync_period: 60 } });
    const informer = needs.informers.informer(configMaps);
    let shown = 0;
    informer.handle({ updated: () => void (shown += 1) });
    await informer.synced(AbortSignal.timeout(15_000));
    await clock.advance(120_000);
    expect(shown).toBe(2);
    await stop();
  });
});
