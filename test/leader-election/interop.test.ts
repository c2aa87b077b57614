import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configMapClusterId } from '../../components/cluster-id/config-map.ts';
import { ClusterId } from '../../components/cluster-id/index.ts';
import { apiEventRecorder } from '../../components/events/api-recorder.ts';
import { EventRecorder } from '../../components/events/index.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import { lockElection } from '../../components/leader-election/lock-election.ts';
import { fakeOwnPod } from '../../components/own-pod/fake.ts';
import { testApp } from '../../src/fx/testing.ts';
import { arrayAt, isObject, numberAt, objectAt, textAt, type JsonObject } from '../../src/testkit/cluster/json.ts';
import type { Access } from '../cluster/support/client.ts';
import { type Server, subjects } from '../cluster/support/servers.ts';
import { kubernetesAs } from '../kubernetes/support.ts';
import { GoAgent } from './go-agent.ts';
import { helmRoles } from './helm-roles.ts';

const found = subjects();
process.stdout.write(`interop suite runs against ${found.map(({ name }) => name).join(' and ')}\n`);

const patience = { timeout: 60_000, interval: 50 };
const users = ['ours', 'go-agent'];

async function grant(server: Server, namespace: string): Promise<void> {
  await server.admin.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const object of helmRoles(users, namespace)) {
    const where = object.metadata.namespace === undefined ? '' : `/namespaces/${namespace}`;
    const { status, text } = await server.admin.post(`/apis/rbac.authorization.k8s.io/v1${where}/${object.kind.toLowerCase()}s`, object);
    if (status !== 201 && status !== 409) throw new Error(text);
  }
}

/** Renews while a test does something else. */
async function whileRenewing(go: GoAgent, act: () => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const renewing = (async () => {
    while (!controller.signal.aborted) {
      expect(await go.tryAcquireOrRenew()).toBe(true);
      await sleep(500);
    }
  })();
  await act();
  controller.abort();
  await renewing;
}

describe.each(found)('on $name', { timeout: 180_000 }, (subject) => {
  let server: Server;
  let namespace: string;
  beforeAll(async () => {
    server = await subject.start();
  }, 120_000);
  afterAll(() => server.stop(), 60_000);
  beforeEach(async () => {
    namespace = `interop-${Math.random().toString(36).slice(2)}`;
    await grant(server, namespace);
  });
  afterEach(() => server.admin.delete(`/api/v1/namespaces/${namespace}`));

  const ours = (kind: string, config: Readonly<Record<string, unknown>> = {}) => {
    const values = { leader_lease_name: 'lock', leader_lease_duration: 8, leader_election_default_resource: kind, ...config };
    const list = [...kubernetesAs(server.accessFor('ours'), { config: values }), fakeOwnPod('ours', namespace), lockElection];
    return testApp(list, { settings: () => true, requires: { election: LeaderElection } });
  };
  const goAgent = (kind: 'configmap' | 'lease', leaseDurationSeconds: number): GoAgent =>
    new GoAgent({ client: server.clientFor('go-agent'), kind, namespace, name: 'lock', identity: 'go-agent', leaseDurationSeconds });
  const configMap = async (): Promise<JsonObject> => (await server.admin.get(`/api/v1/namespaces/${namespace}/configmaps/lock`)).body;

  describe.each([['configmap' as const], ['lease' as const]])('a %s', (kind) => {
    it('is handed to and fro', async () => {
      const go = goAgent(kind, 5);
      await go.createToken();
      await server.admin.patch(`/api/v1/namespaces/${namespace}/configmaps/lock`, { metadata: { labels: { a: 'b' } }, data: { c: 'd' } });
      expect(await go.tryAcquireOrRenew()).toBe(true);

      await using tested = await ours(kind);
      const { election } = tested.needs;
      const told: boolean[] = [];
      election.subscribe((isLeader) => told.push(isLeader));
      await whileRenewing(go, async () => {
        await expect.poll(() => election.leader(), patience).toEqual({ kind: 'other', identity: 'go-agent' });
        await sleep(6000);
      });
      expect(told).toEqual([]);

      await go.release();
      await expect.poll(() => election.isLeader(), patience).toBe(true);
      const { acquireTime, ...record } = await go.record();
      expect(record).toMatchObject({ holderIdentity: 'ours', leaseDurationSeconds: 8, leaderTransitions: 2 });
      await expect.poll(async () => (await go.record()).renewTime, patience).not.toBe(record.renewTime);
      expect(await go.tryAcquireOrRenew()).toBe(false);
      expect((await go.record()).acquireTime).toBe(acquireTime);

      await tested.stop();
      expect(told).toEqual([true, false]);
      expect(await go.record()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaderTransitions: 2 });
      expect(await go.tryAcquireOrRenew()).toBe(true);
      expect(await go.record()).toMatchObject({ holderIdentity: 'go-agent', leaderTransitions: 3 });
      const map = await configMap();
      expect([objectAt(map, 'metadata', 'labels'), map['data']]).toEqual([{ a: 'b' }, { c: 'd' }]);
    });

    it('is taken over from a holder that died', async () => {
      const first = await ours(kind, { leader_election_release_on_shutdown: false, leader_lease_duration: 4 });
      await expect.poll(() => first.needs.election.isLeader(), patience).toBe(true);
      await first.stop();
      const go = goAgent(kind, 3);
      expect(await go.tryAcquireOrRenew()).toBe(false);
      await expect.poll(() => go.tryAcquireOrRenew(), { ...patience, interval: 500 }).toBe(true);
      await using second = await ours(kind);
      expect(second.needs.election.isLeader()).toBe(false);
      await expect.poll(() => second.needs.election.isLeader(), patience).toBe(true);
      expect(await go.record()).toMatchObject({ holderIdentity: 'ours', leaderTransitions: 2 });
    });
  });

  it('takes events as client-go shapes them, and counts them where that is allowed', async () => {
    const events = async (): Promise<JsonObject[]> =>
      arrayAt((await server.admin.get(`/api/v1/namespaces/${namespace}/events`)).body, 'items').filter(isObject);
    const about = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' };
    const countsOf = async (access: Access, reason: string): Promise<readonly (number | undefined)[]> => {
      await using tested = await testApp([...kubernetesAs(access), apiEventRecorder], { requires: { recorder: EventRecorder } });
      for (let times = 0; times < 3; times += 1) tested.needs.recorder.record({ about, type: 'Normal', reason, message: 'it works' });
      await tested.stop();
      return (await events()).filter((event) => textAt(event, 'reason') === reason).map((event) => numberAt(event, 'count'));
    };
    expect(await countsOf(server.accessFor('admin', ['system:masters']), 'MayPatch')).toEqual([3]);
    expect((await countsOf(server.accessFor('ours'), 'MayCreate')).toSorted((one = 0, other = 0) => one - other)).toEqual([1, 2, 3]);
    expect((await events())[0]).toMatchObject({
      involvedObject: about,
      source: { component: 'datadog-cluster-agent' },
      reportingComponent: 'datadog-cluster-agent',
    });
  });

  it('keeps the cluster id, which is the UID of kube-system', async () => {
    const { body } = await server.admin.get('/api/v1/namespaces/kube-system');
    const list = [...kubernetesAs(server.accessFor('admin', ['system:masters'])), fakeOwnPod('ours', namespace), configMapClusterId];
    await using tested = await testApp(list, { requires: { clusterId: ClusterId } });
    expect(await tested.needs.clusterId.get()).toBe(textAt(body, 'metadata', 'uid'));
    const map = await server.admin.get(`/api/v1/namespaces/${namespace}/configmaps/datadog-cluster-id`);
    expect(map.body['data']).toEqual({ id: textAt(body, 'metadata', 'uid') });
  });
});
