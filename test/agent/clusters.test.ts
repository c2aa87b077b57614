import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../components/config/yaml.ts';
import { planClusterAgent } from '../../src/cluster-agent.ts';
import { rbacOf } from '../../src/sandbox/rbac.ts';
import { settings } from '../../src/settings.ts';
import { arrayAt, at, objectAt, textAt, type JsonObject } from '../../src/testkit/cluster/json.ts';
import { type Server, subjects } from '../cluster/support/servers.ts';
import { freePorts, probe } from './process.ts';

const user = 'the-cluster-agent';

/** A kubeconfig that is `user` on this server. */
function kubeconfig({ url, ca, cert, key, token, headers }: ReturnType<Server['accessFor']>): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const credentials = {
    ...(cert === undefined ? {} : { 'client-certificate-data': base64(cert) }),
    ...(key === undefined ? {} : { 'client-key-data': base64(key) }),
    ...(token === undefined ? {} : { token }),
    ...(headers === undefined ? {} : { as: headers['Impersonate-User'] }),
  };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'it', cluster: { server: url, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'me', user: credentials }],
    contexts: [{ name: 'here', context: { cluster: 'it', user: 'me' } }],
    'current-context': 'here',
  });
}

describe.each(subjects())('the agent on $name', (subject) => {
  const namespace = `agent-${randomBytes(4).toString('hex')}`;
  let server: Server;
  let folder: string;

  beforeAll(async () => {
    [server, folder] = await Promise.all([subject.start(), mkdtemp(join(tmpdir(), 'agent-'))]);
    await writeFile(join(folder, 'kubeconfig'), kubeconfig(server.accessFor(user)));
    await writeFile(join(folder, 'datadog-cluster.yaml'), '{}\n');
    await server.admin.post('/api/v1/namespaces', { metadata: { name: namespace } });
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    for (const each of rbacOf({ release: namespace, namespace })) {
      const { kind, metadata } = each;
      if (kind === 'ServiceAccount') continue;
      const where = metadata.namespace === undefined ? rbac : `${rbac}/namespaces/${namespace}`;
      const bound = kind.endsWith('Binding') ? { subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }] } : {};
      const { status, text } = await server.admin.post(`${where}/${kind.toLowerCase()}s`, { ...each, ...bound });
      expect(status, text).toBe(201);
    }
  }, 120_000);

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  }, 60_000);

  const read = async (path: string): Promise<JsonObject> => (await server.admin.get(path)).body;

  it.each(['lease', 'configmap'])(
    'becomes ready, leads through a %s, knows the cluster, and writes an event',
    { timeout: 120_000 },
    async (lock) => {
      const [health = 0] = await freePorts(1);
      const env = {
        DD_API_KEY: '0123456789abcdef0123456789abcdef',
        DD_HOSTNAME: 'host',
        DD_KUBERNETES_KUBECONFIG_PATH: join(folder, 'kubeconfig'),
        DD_KUBE_RESOURCES_NAMESPACE: namespace,
        DD_LEADER_ELECTION: 'true',
        DD_LEADER_ELECTION_DEFAULT_RESOURCE: lock,
        DD_LEADER_LEASE_NAME: `${namespace}-leader-election`,
        DD_HEALTH_PORT: String(health),
        DD_CLUSTER_AGENT_CMD_PORT: '0',
        DD_METRICS_PORT: '0',
        DD_LOG_TO_CONSOLE: 'false',
        DD_DISABLE_FILE_LOGGING: 'true',
      };
      const before = await victories();
      const agent = planClusterAgent(await loadConfig({ settings, env, path: folder }));
      await agent.start();
      try {
        await expect.poll(() => probe(health, '/ready'), { timeout: 60_000, interval: 100 }).toBe(200);
        await expect.poll(victories, { timeout: 20_000, interval: 200 }).toBe(before + 1);
        const uid = textAt(await read('/api/v1/namespaces/kube-system'), 'metadata', 'uid');
        const id = async () => textAt(await read('/api/v1/namespaces/default/configmaps/datadog-cluster-id'), 'data', 'id');
        await expect.poll(id, { timeout: 30_000 }).toBe(uid);
        expect(await holder(lock)).toBe(hostname());
        expect(agent.report()).toMatchObject({ state: 'started', healthy: true });
      } finally {
        await agent.stop();
      }
      expect(await holder(lock)).toBe('');
    },
  );

  /** How often an event says that this replica has become the leader. */
  async function victories(): Promise<number> {
    // Of its own pod, which outside of a cluster counts as one in "default".
    const items = arrayAt(await read('/api/v1/namespaces/default/events'), 'items');
    const said = items.filter((each) => textAt(each, 'message') === `${hostname()} became leader`);
    return said.reduce((sum: number, each) => sum + Number(at(each, 'count')), 0);
  }

  async function holder(lock: string): Promise<string> {
    const name = `${namespace}-leader-election`;
    if (lock === 'lease')
      return textAt(await read(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`), 'spec', 'holderIdentity');
    const { annotations } = objectAt(await read(`/api/v1/namespaces/${namespace}/configmaps/${name}`), 'metadata') as {
      annotations: Record<string, string>;
    };
    const { holderIdentity } = JSON.parse(annotations['control-plane.alpha.kubernetes.io/leader'] ?? '{}') as { holderIdentity: string };
    return holderIdentity;
  }
});
