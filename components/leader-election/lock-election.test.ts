import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { app, component, many } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import { helmRoles } from '../../test/leader-election/helm-roles.ts';
import { Kubernetes } from '../kubernetes/index.ts';
import { recordingTelemetry } from '../kubernetes/test-support.ts';
import type { Logged } from '../log/fake.ts';
import { fakeOwnPod } from '../own-pod/fake.ts';
import { StatusProvider } from '../status/index.ts';
import { alwaysLeader } from './always-leader.ts';
import { LeaderElection } from './index.ts';
import { lockElection } from './lock-election.ts';

const annotation = 'control-plane.alpha.kubernetes.io/leader';
const patience = { timeout: 30_000, interval: 20 };
const requires = { election: LeaderElection, kubernetes: Kubernetes, status: many(StatusProvider) };
const electing = (key: string): unknown => (key === 'leader_election' ? true : undefined);

let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster();
  for (const object of helmRoles(['agent-a', 'agent-b'])) cluster.objects.put(object);
});
afterEach(() => cluster.stop());

interface Given {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly logged?: Logged[];
}

/** A replica that may do what the Helm chart allows. Its lease is short, so that failover takes seconds. */
function replica(name: string, { config = {}, logged = [] }: Given = {}) {
  const telemetry = recordingTelemetry();
  const values = { leader_lease_name: 'lock', leader_lease_duration: 8, 'cluster_agent.kubernetes_service_name': 'agent', ...config };
  const list = [...kubernetesAs(cluster.clientFor({ user: name }), { config: values, logged, telemetry }), fakeOwnPod(name), lockElection];
  return testApp(list, { settings: electing, requires }).then((tested) => Object.assign(tested, { telemetry }));
}

const configMap = () => cluster.objects.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'lock' });
const lease = () => cluster.objects.get({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'default', name: 'lock' });
const record = (): unknown => JSON.parse(configMap()?.metadata.annotations?.[annotation] ?? 'null');
const gauge = (value: boolean) => ({ [`leader_election_is_leader{join_leader=true,is_leader=${value}}`]: 1 });
const gauges = (values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(values).filter(([key]) => key.startsWith('leader_election')));

describe('a replica', { timeout: 60_000 }, () => {
  it('leads from the start to the stop, within the rights that the Helm chart gives', async () => {
    const tested = await replica('agent-a');
    const { election, kubernetes, status } = tested.needs;
    await expect.poll(() => election.isLeader(), patience).toBe(true);
    expect([election.identity, election.leader(), await election.leaderAddress()]).toEqual(['agent-a', { kind: 'self' }, undefined]);
    expect(record()).toMatchObject({ holderIdentity: 'agent-a', leaseDurationSeconds: 8 });
    expect(gauges(tested.telemetry.values)).toEqual(gauge(true));
    const section = status.find(({ name }) => name === 'Leader Election');
    expect(await section?.text({ verbose: false })).toMatch(/^ {2}Leader Election Status: {2}Running\n {2}Leader Name is: agent-a\n/);
    expect(lease()).toBeUndefined();
    expect(kubernetes.denials).toEqual([]);
    await tested.stop();
    expect(election.isLeader()).toBe(false);
    expect(record()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    expect(gauges(tested.telemetry.values)).toEqual(gauge(false));
  });

  it.each([['lease'], ['']])('holds a Lease with leader_election_default_resource=%j, and a ConfigMap stands beside it', async (kind) => {
    await using tested = await replica('agent-a', { config: { leader_election_default_resource: kind } });
    await expect.poll(() => tested.needs.election.isLeader(), patience).toBe(true);
    expect(lease()?.['spec']).toMatchObject({ holderIdentity: 'agent-a' });
    expect(configMap()?.metadata.annotations).toBeUndefined();
    expect(tested.needs.kubernetes.denials).toEqual([]);
  });

  it('follows another, knows its address, and leads when that one stops', async () => {
    const first = await replica('agent-a');
    await expect.poll(() => first.needs.election.isLeader(), patience).toBe(true);
    await using second = await replica('agent-b');
    const told: boolean[] = [];
    const { election } = second.needs;
    election.subscribe((isLeader) => told.push(isLeader));
    await expect.poll(() => election.leader(), patience).toEqual({ kind: 'other', identity: 'agent-a' });
    expect(gauges(second.telemetry.values)).toEqual(gauge(false));
    cluster.objects.put({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'agent', namespace: 'default' },
      subsets: [{ addresses: [{ ip: '10.0.0.7', targetRef: { kind: 'Pod', name: 'agent-a' } }] }],
    });
    await expect.poll(() => election.leaderAddress().catch(() => undefined), patience).toBe('10.0.0.7');
    await first.stop();
    await expect.poll(() => election.isLeader(), patience).toBe(true);
    expect(told).toEqual([true]);
    expect(record()).toMatchObject({ holderIdentity: 'agent-b', leaderTransitions: 1 });
    await expect(election.leaderAddress(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });

  it('starts while the API server is down, and leads once it is up', async () => {
    const logged: Logged[] = [];
    const down = cluster.faults.add({ kind: 'refuse', code: 503, user: 'agent-a' });
    await using tested = await replica('agent-a', { logged });
    const { election, status } = tested.needs;
    await expect.poll(() => down.hits, patience).toBeGreaterThan(2);
    expect([election.isLeader(), election.leader()]).toEqual([false, { kind: 'unknown' }]);
    const section = status.find(({ name }) => name === 'Leader Election');
    expect(await section?.json({ verbose: false })).toMatchObject({ leaderelection: { status: 'Failing' } });
    down.remove();
    await expect.poll(() => election.isLeader(), patience).toBe(true);
    const warnings = logged.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warnings).toEqual(['the lock of the leader election cannot be read or written; trying on']);
  });

  it('runs on without the right to the lock, and says which is missing', async () => {
    await using tested = await replica('stranger');
    await expect
      .poll(() => tested.needs.kubernetes.denials, patience)
      .toContainEqual(expect.objectContaining({ verb: 'get', resource: 'configmaps', name: 'lock' }));
    expect(tested.needs.election.isLeader()).toBe(false);
  });

  it('goes on when a subscriber throws', async () => {
    const logged: Logged[] = [];
    const told: boolean[] = [];
    const subscriber = component({
      name: 'subscriber',
      requires: { election: LeaderElection },
      create: ({ election }) => {
        election.subscribe(() => {
          throw new Error('mine');
        });
        election.subscribe((isLeader) => told.push(isLeader));
      },
    });
    const values = { leader_lease_name: 'lock' };
    const list = [
      ...kubernetesAs(cluster.clientFor({ user: 'agent-a' }), { config: values, logged }),
      fakeOwnPod('agent-a'),
      lockElection,
      subscriber,
    ];
    const tested = await testApp(list, { settings: electing });
    await expect.poll(() => told, patience).toEqual([true]);
    await tested.stop();
    expect(told).toEqual([true, false]);
    expect(logged.filter(({ level }) => level === 'error')).toHaveLength(2);
  });
});

describe('leader_election', () => {
  const both = (): Parameters<typeof app>[0] => [
    ...kubernetesAs(cluster.clientFor({ user: 'agent-a' })),
    fakeOwnPod('agent-a'),
    lockElection,
    alwaysLeader,
  ];

  it.each([[true], ['true'], [1]])('=%j has the replica compete', (value) => {
    const planned = app(both(), { settings: () => value }).explain(LeaderElection);
    expect(planned).toContain('lock-election.ts');
  });

  it.each([[false], ['false'], [0], [''], [undefined]])('=%j has it lead at once, without asking the API server', async (value) => {
    const list = [...kubernetesAs(cluster.clientFor({ user: 'agent-a' })), fakeOwnPod('agent-a'), lockElection, alwaysLeader];
    await using tested = await testApp(list, { settings: () => value, requires: { election: LeaderElection } });
    const { election } = tested.needs;
    const unsubscribe = election.subscribe(() => {});
    unsubscribe();
    expect([election.isLeader(), election.leader(), await election.leaderAddress()]).toEqual([true, { kind: 'self' }, undefined]);
    expect(cluster.traffic('agent-a').requests).toBe(0);
  });
});
