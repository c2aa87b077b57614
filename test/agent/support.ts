import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../components/config/yaml.ts';
import type { Config } from '../../components/config/index.ts';
import { settings } from '../../src/settings.ts';
import { rbacOf } from '../../src/sandbox/rbac.ts';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';

const namespace = 'datadog';
const account = 'datadog-cluster-agent';

/** A cluster with the agent's account, its rights as Helm grants them, and a folder for its files. */
export interface Surroundings extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly folder: string;
  /** The kubeconfig of the agent's own account. */
  readonly kubeconfigPath: string;
  /** What a Deployment would set, without ports that others may have. */
  readonly env: Readonly<Record<string, string>>;
}

export async function surroundings(): Promise<Surroundings> {
  const [cluster, folder] = await Promise.all([startCluster(), mkdtemp(join(tmpdir(), 'agent-test-'))]);
  cluster.objects.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const object of rbacOf({ release: 'datadog', namespace })) cluster.objects.put(object);
  const kubeconfigPath = join(folder, 'agent.kubeconfig');
  await writeFile(kubeconfigPath, cluster.clientFor({ serviceAccount: account, namespace }).kubeconfig);
  await writeFile(join(folder, 'datadog-cluster.yaml'), '{}\n');
  const env = {
    DD_API_KEY: '0123456789abcdef0123456789abcdef',
    DD_KUBERNETES_KUBECONFIG_PATH: kubeconfigPath,
    DD_KUBE_RESOURCES_NAMESPACE: namespace,
    DD_LEADER_ELECTION: 'true',
    DD_CLUSTER_NAME: 'test',
    DD_HOSTNAME: 'test-host',
    DD_CLUSTER_AGENT_CMD_PORT: '0',
    DD_METRICS_PORT: '0',
    DD_LOG_TO_CONSOLE: 'false',
    DD_DISABLE_FILE_LOGGING: 'true',
  };
  const close = async (): Promise<void> => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { cluster, folder, kubeconfigPath, env, [Symbol.asyncDispose]: close };
}

/** The configuration that an agent in these surroundings reads. */
export function configIn({ folder, env }: Surroundings, more: Readonly<Record<string, string>> = {}): Promise<Config> {
  return loadConfig({ settings, env: { ...env, ...more }, path: folder });
}
