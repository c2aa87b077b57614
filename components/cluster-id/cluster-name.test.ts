import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApp } from '../../src/fx/testing.ts';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import { helmRoles } from '../../test/leader-election/helm-roles.ts';
import { fakeConfig } from '../config/fake.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { fakeOwnPod } from '../own-pod/fake.ts';
import { configuredClusterName } from './configured-name.ts';
import { ClusterName } from './index.ts';

const requires = { clusterName: ClusterName };

async function nameOf(config: Readonly<Record<string, unknown>>, logged: Logged[] = []): Promise<string> {
  await using tested = await testApp([fakeConfig(config), fakeLog(logged), fakeOwnPod(), configuredClusterName], { requires });
  return tested.needs.clusterName.get();
}

describe('cluster_name', () => {
  it.each([
    ['prod', 'prod'],
    ['prod.eu-1.example', 'prod.eu-1.example'],
    ['x'.repeat(79), 'x'.repeat(79)],
    ['', ''],
  ])('%j is %j', async (cluster_name, name) => {
    const logged: Logged[] = [];
    expect(await nameOf({ cluster_name }, logged)).toBe(name);
    expect(logged).toEqual([]);
  });

  it('is taken in lower case, with a warning', async () => {
    const logged: Logged[] = [];
    expect(await nameOf({ cluster_name: 'Prod' }, logged)).toBe('prod');
    expect(logged.map(({ level }) => level)).toEqual(['warn']);
  });

  it.each([['x'.repeat(80)], ['1prod'], ['prod-'], ['prod..eu'], ['prod.-eu'], ['prod_eu'], ['prod eu'], ['.'], ['größe']])(
    '%j is ignored, with a warning that gives the rule',
    async (cluster_name) => {
      const logged: Logged[] = [];
      expect(await nameOf({ cluster_name }, logged)).toBe('');
      expect(logged).toMatchObject([{ level: 'warn', fields: { given: cluster_name } }]);
    },
  );
});

describe('the node', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
    for (const object of helmRoles(['agent'])) cluster.objects.put(object);
  });
  afterAll(() => cluster.stop());

  async function nameOn(labels: Record<string, string>, config: Readonly<Record<string, unknown>> = {}, user = 'agent'): Promise<string> {
    cluster.objects.delete({ apiVersion: 'v1', kind: 'Node', name: 'node-1' });
    cluster.objects.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels } });
    const spec = { nodeName: 'node-1', containers: [{ name: 'agent', image: 'agent' }] };
    cluster.objects.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'agent-0' }, spec });
    const list = [...kubernetesAs(cluster.clientFor({ user }), { config }), fakeOwnPod('agent-0'), configuredClusterName];
    await using tested = await testApp(list, { requires });
    expect(await tested.needs.clusterName.get()).toBe(await tested.needs.clusterName.get());
    return tested.needs.clusterName.get();
  }

  it('names the cluster by the label that is set for that, before the configuration does', async () => {
    const config = { cluster_name: 'configured', kubernetes_node_label_as_cluster_name: 'team/cluster' };
    expect(await nameOn({ 'team/cluster': 'labelled' }, config)).toBe('labelled');
    expect(await nameOn({}, config)).toBe('configured');
  });

  it("names it by Datadog's label, and by eksctl's where nothing else does", async () => {
    const config = { cluster_name: 'configured' };
    expect(await nameOn({ 'ad.datadoghq.com/cluster-name': 'labelled' }, config)).toBe('labelled');
    expect(await nameOn({ 'alpha.eksctl.io/cluster-name': 'eks' }, config)).toBe('configured');
    expect(await nameOn({ 'alpha.eksctl.io/cluster-name': 'eks' })).toBe('eks');
  });

  it.each([
    [true, 'my-cluster'],
    [false, 'my_cluster'],
  ])('gives underscores, which are hyphens with enabled_rfc1123_compliant_cluster_name_tag=%j', async (isOn, name) => {
    const config = { enabled_rfc1123_compliant_cluster_name_tag: isOn };
    expect(await nameOn({ 'ad.datadoghq.com/cluster-name': 'my_cluster' }, config)).toBe(name);
  });

  it('is not asked again at once when it may not be read', async () => {
    expect(await nameOn({ 'ad.datadoghq.com/cluster-name': 'labelled' }, { cluster_name: 'configured' }, 'stranger')).toBe('configured');
    expect(cluster.traffic('stranger').requests).toBe(1);
  });
});
