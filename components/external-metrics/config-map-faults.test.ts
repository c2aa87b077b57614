import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { autoscaler, query, replicaOn, soon, values, type Replica } from '../../test/external-metrics/config-map-replica.ts';
import { fakeElection, type FakeElection } from '../leader-election/fake.ts';
import type { Logged } from '../log/fake.ts';

describe('configMapProvider while the API server fails', () => {
  let cluster: Cluster;
  let datadog: Datadog;
  let value = 5;

  beforeEach(async () => {
    cluster = await startCluster();
    datadog = await startDatadog();
    value = 5;
    datadog.set(query, (_, to) => [[to, value]]);
    cluster.objects.put({
      ...autoscaler('v2'),
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'default' },
    });
  });
  afterEach(async () => {
    await datadog.stop();
    await cluster.stop();
  });
  const replica = (config: Replica['config'] = {}, more: Pick<Parameters<typeof replicaOn>[1], 'logged' | 'election'> = {}) =>
    replicaOn(cluster.clientFor({ user: 'admin', groups: ['system:masters'] }), { datadog, config, ...more });
  const isOfConfigMaps = ({ plural }: { readonly plural: string }): boolean => plural === 'configmaps';

  it('serves its copy, says so in the status, and goes on by itself', async () => {
    await using tested = await replica();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const fault = cluster.faults.add({ kind: 'refuse', code: 500, message: 'etcd is gone', when: isOfConfigMaps });
    value = 6;
    const [section] = tested.needs.status.filter(({ name }) => name === 'Custom Metrics Server');
    await expect
      .poll(() => section?.json({ verbose: false }), soon)
      .toMatchObject({ custommetrics: { External: { ListError: expect.stringContaining('etcd is gone') } } });
    expect(values(tested.needs)).toEqual([5]);
    fault.remove();
    await expect.poll(() => values(tested.needs), soon).toEqual([6]);
  });

  it('serves nothing once its copy is too old', async () => {
    await using tested = await replica({ 'external_metrics_provider.local_copy_refresh_rate': 1 });
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const fault = cluster.faults.add({ kind: 'refuse', code: 500, when: isOfConfigMaps });
    await expect.poll(() => values(tested.needs), soon).toBe('external metrics invalid');
    fault.remove();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
  });

  const mayNotWrite = {
    kind: 'refuse',
    code: 403,
    when: ({ plural, verb }: { readonly plural: string; readonly verb: string }) => plural === 'configmaps' && verb === 'update',
  } as const;
  const toldOf = (logged: readonly Logged[]): string[] =>
    logged.flatMap(({ level, message }) => (level !== 'debug' && /ConfigMap|work on a key/.test(message) ? [level] : []));

  it('tries again with each refresh, and no sooner, while it must not write, and says so once', async () => {
    const logged: Logged[] = [];
    await using tested = await replica({}, { logged });
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const fault = cluster.faults.add(mayNotWrite);
    value = 6;
    const [section] = tested.needs.status.filter(({ name }) => name === 'Custom Metrics Server');
    await expect.poll(() => fault.hits, soon).toBeGreaterThan(4);
    expect(await section?.json({ verbose: false })).toMatchObject({ custommetrics: { External: { WriteError: expect.any(String) } } });
    expect(await section?.text({ verbose: false })).toMatch(/^ {2}Error: PUT /m);
    expect(values(tested.needs)).toEqual([5]);
    fault.remove();
    await expect.poll(() => values(tested.needs), soon).toEqual([6]);
    await expect.poll(() => toldOf(logged), soon).toEqual(['error', 'info']);
  });

  it('takes the end of its lead for no end of the trouble', async () => {
    const [logged, election]: [Logged[], FakeElection] = [[], fakeElection()];
    await using tested = await replica({}, { logged, election });
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    cluster.faults.add(mayNotWrite);
    value = 6;
    const [section] = tested.needs.status.filter(({ name }) => name === 'Custom Metrics Server');
    await expect.poll(() => section?.text({ verbose: false }), soon).toContain('Error');
    election.elect({ kind: 'other', identity: 'agent-1' });
    await expect.poll(() => section?.text({ verbose: false }), soon).not.toContain('Error');
    expect(toldOf(logged)).toEqual(['error']);
  });

  it('begins when it can', async () => {
    const fault = cluster.faults.add({ kind: 'refuse', code: 503 });
    await using tested = await replica();
    const [section] = tested.needs.status.filter(({ name }) => name === 'Custom Metrics Server');
    await expect.poll(() => section?.json({ verbose: false }), soon).toMatchObject({ custommetrics: { StoreError: expect.any(String) } });
    expect(values(tested.needs)).toBe('external metrics invalid');
    fault.remove();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
  });

  it('loses no value to somebody who writes at the same moment', async () => {
    await using tested = await replica();
    await expect.poll(() => values(tested.needs), soon).toEqual([5]);
    const fault = cluster.faults.add({ kind: 'refuse', code: 409, when: ({ verb }) => verb === 'update', times: 4 });
    value = 7;
    await expect.poll(() => values(tested.needs), soon).toEqual([7]);
    expect(fault.hits).toBe(4);
  });
});
