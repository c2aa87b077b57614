import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualClock, testApp, type TestedApp } from '../../src/fx/testing.ts';
import { type ActiveFault, type Cluster, type KubeObject, startCluster } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import { informers } from '../kubernetes/informers.ts';
import { apiServerAuth } from './api-server.ts';
import { DelegatedAuth, type ResourceAttributes, type UserInfo } from './index.ts';

const rbac = 'rbac.authorization.k8s.io';
const group = 'external.metrics.k8s.io';
const requires = { auth: DelegatedAuth };
const everyMetric = ['*'];

interface Allowed {
  readonly resources: string[];
  /** Default: all. */
  readonly namespace?: string;
}

const list = (resource: string, namespace = 'default'): ResourceAttributes => ({
  verb: 'list',
  group,
  version: 'v1beta1',
  resource,
  namespace,
});
const direct = (name: string): UserInfo => ({ name, groups: ['system:authenticated'], extra: {} });
const proxied = (name: string): UserInfo => ({ ...direct(name), isProxied: true });

describe('what a user may do', () => {
  let cluster: Cluster;
  let clock: ReturnType<typeof manualClock>;
  let app: TestedApp<typeof requires>;
  /** Counts what the API server is asked. */
  let asked: ActiveFault;

  beforeEach(async () => {
    cluster = await startCluster({ controllers: false });
    clock = manualClock();
    const agent = cluster.clientFor({ user: 'agent', groups: ['system:masters'] });
    app = await testApp([...kubernetesAs(agent), informers, apiServerAuth], { requires, clock });
    asked = cluster.faults.add({ kind: 'latency', milliseconds: 0, when: ({ plural }) => plural === 'subjectaccessreviews' });
  });
  afterEach(async () => {
    await app.stop();
    await cluster.stop();
  });

  /** Lets a user list metrics. */
  const allow = (name: string, { resources, namespace }: Allowed): void => {
    const kind = namespace === undefined ? 'ClusterRole' : 'Role';
    const metadata = { name: `${name}-reads`, ...(namespace === undefined ? {} : { namespace }) };
    const object = (of: string, rest: object): KubeObject => ({ apiVersion: `${rbac}/v1`, kind: of, metadata, ...rest });
    cluster.objects.put(object(kind, { rules: [{ apiGroups: [group], resources, verbs: ['list'] }] }));
    const roleRef = { apiGroup: rbac, kind, name: metadata.name };
    cluster.objects.put(object(`${kind}Binding`, { roleRef, subjects: [{ kind: 'User', apiGroup: rbac, name }] }));
  };
  const isAllowed = async (user: UserInfo, ...many: readonly ResourceAttributes[]): Promise<readonly boolean[]> =>
    Promise.all(many.map(async (attributes) => (await app.needs.auth.authorize(user, attributes)).allowed));

  it('is asked once for all metrics of all namespaces, of a proxied user who may read them all', async () => {
    allow('scaler', { resources: everyMetric });
    expect(await isAllowed(proxied('scaler'), list('a'), list('b'), list('b', 'other'))).toEqual([true, true, true]);
    expect(await isAllowed(proxied('scaler'), list('c'))).toEqual([true]);
    expect(asked.hits).toBe(1);
  });

  it('is asked again after 10 seconds, so that a right that is withdrawn ends', async () => {
    allow('scaler', { resources: everyMetric });
    expect(await isAllowed(proxied('scaler'), list('a'))).toEqual([true]);
    cluster.objects.delete({ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', name: 'scaler-reads' });
    await clock.advance(9_999);
    expect(await isAllowed(proxied('scaler'), list('b'))).toEqual([true]);
    await clock.advance(1);
    expect(await isAllowed(proxied('scaler'), list('a'), list('b'))).toEqual([false, false]);
  });

  it.each([
    ['some metrics', { resources: ['a'] }, [true, false, true]],
    ['all metrics of one namespace', { resources: everyMetric, namespace: 'default' }, [true, true, false]],
    ['nothing', { resources: ['none'], namespace: 'other' }, [false, false, false]],
  ])('is asked for each metric, of a proxied user who may read %s', async (_, allowed, expected) => {
    allow('jane', allowed);
    const wanted = [list('a'), list('b'), list('a', 'other')];
    expect(await isAllowed(proxied('jane'), ...wanted)).toEqual(expected);
    expect(asked.hits).toBe(1 + wanted.length);
    expect(await isAllowed(proxied('jane'), ...wanted)).toEqual(expected);
    expect(asked.hits).toBe(1 + wanted.length);
  });

  it('is told apart by verb and by user', async () => {
    allow('scaler', { resources: everyMetric });
    expect(await isAllowed(proxied('scaler'), list('a'), { ...list('a'), verb: 'create' })).toEqual([true, false]);
    expect(await isAllowed(proxied('bob'), list('a'))).toEqual([false]);
    expect(await isAllowed({ ...proxied('scaler'), name: 'bob' }, list('a'))).toEqual([false]);
  });

  it('is asked for each metric of who comes past the API server: nobody has judged these requests before', async () => {
    allow('keda', { resources: everyMetric });
    expect(await isAllowed(direct('keda'), list('a'), list('b'))).toEqual([true, true]);
    expect(asked.hits).toBe(2);
  });

  it('is remembered for who has many groups, and told apart by the last of them', async () => {
    allow('jane', { resources: ['a'] });
    const groups = Array.from({ length: 300 }, (_, index) => `CN=a-group-of-a-directory-${index},OU=groups,DC=example,DC=com`);
    const many = (...more: readonly string[]): UserInfo => ({ ...direct('jane'), groups: [...groups, ...more] });
    expect(await isAllowed(many('x'), list('a'), list('a'))).toEqual([true, true]);
    expect(asked.hits).toBe(1);
    expect(await isAllowed(many('y'), list('a'))).toEqual([true]);
    expect(asked.hits).toBe(2);
  });

  it('is unknown while the API server cannot be asked, and nothing of that is kept', async () => {
    allow('scaler', { resources: everyMetric });
    const broken = cluster.faults.add({ kind: 'refuse', code: 400, when: ({ plural }) => plural === 'subjectaccessreviews' });
    await expect(isAllowed(proxied('scaler'), list('a'))).rejects.toThrow();
    broken.remove();
    expect(await isAllowed(proxied('scaler'), list('a'))).toEqual([true]);
  });
});
