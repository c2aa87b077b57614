import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { startCluster, type Cluster, type KubeObject } from '../testkit/cluster/index.ts';
import { startDatadog, type Datadog } from '../testkit/datadog/index.ts';
import { Autoscaling, autoscalingObjects, query } from './autoscaling.ts';
import { portOrFree } from './ports.ts';
import { rbacOf } from './rbac.ts';
import { Workload } from './workload.ts';

/** Of the agent's pod, as in Helm's examples. */
export const namespace = 'datadog';
const account = 'datadog-cluster-agent';

/** Where the agent listens unless somebody else does. */
const defaultPorts = { cluster_agent_cmd_port: 5005, metrics_port: 5000, health_port: 5555, external_metrics_port: 8443 };
type Ports = Record<keyof typeof defaultPorts, number>;

/** Everything that an agent needs around it, in this process and in one folder. */
export interface World {
  readonly cluster: Cluster;
  readonly datadog: Datadog;
  readonly workload: Workload;
  readonly autoscaling: Autoscaling;
  /** Configuration, tokens, logs, kubeconfigs; gone after {@link close}. */
  readonly folder: string;
  /** A kubeconfig of an administrator, for people. */
  readonly kubeconfig: string;
  readonly ports: Ports;
  /** Ports that were taken, and what stands for them. */
  readonly moved: readonly string[];
  /** The agent's service account token lives for an hour, as a pod's; this writes a new one, as a kubelet does. */
  renewToken(): Promise<void>;
  close(): Promise<void>;
}

/** @throws Error when something of it cannot be had; then nothing of it is left */
export async function openWorld(): Promise<World> {
  const closers: Closer[] = [];
  const close = async (): Promise<void> => void (await Promise.all(closers.splice(0).map((each) => each())));
  const opening = [kept(startCluster(), closers), kept(startDatadog(), closers), makeFolder(closers), findPorts()] as const;
  try {
    const [cluster, datadog, folder, ports] = await Promise.all(opening);
    return { ...(await worldOf({ cluster, datadog, folder, ports }, closers)), close };
  } catch (error) {
    await Promise.allSettled(opening);
    await close();
    throw error;
  }
}

type Closer = () => Promise<void>;

async function kept<T extends { stop(): Promise<void> }>(starting: Promise<T>, closers: Closer[]): Promise<T> {
  const started = await starting;
  closers.push(() => started.stop());
  return started;
}

interface Parts {
  readonly cluster: Cluster;
  readonly datadog: Datadog;
  readonly folder: string;
  readonly ports: Ports;
}

async function worldOf({ cluster, datadog, folder, ports }: Parts, closers: Closer[]): Promise<Omit<World, 'close'>> {
  const workload = new Workload(cluster.objects, Math.random);
  populate(cluster, workload);
  cluster.routeService(`${namespace}/${metricsService}`, `https://127.0.0.1:${ports.external_metrics_port}`);
  const autoscaling = new Autoscaling(cluster, workload);
  closers.push(async () => autoscaling.close());
  setMetrics(datadog);
  const kubeconfig = join(folder, 'kubeconfig');
  const renewToken = (): Promise<void> => writePrivate(join(folder, 'token'), agentToken(cluster));
  await Promise.all([
    writePrivate(kubeconfig, cluster.kubeconfig),
    writePrivate(join(folder, 'agent.kubeconfig'), agentKubeconfig(cluster, join(folder, 'token'))),
    writePrivate(join(folder, 'datadog-cluster.yaml'), stringify(configuration({ datadog, folder, ports }))),
    renewToken(),
  ]);
  const moved = Object.entries(ports).flatMap(([name, port]) => {
    const wanted = defaultPorts[name as keyof Ports];
    return port === wanted ? [] : [`port ${wanted} is taken; the agent listens on ${port} instead`];
  });
  return { cluster, datadog, workload, autoscaling, folder, kubeconfig, ports, moved, renewToken };
}

async function makeFolder(closers: Closer[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cluster-agent-sandbox-')).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the sandbox has no place for its files: ${why}; set TMPDIR to a folder that can be written`, { cause });
  });
  // Who is in a hurry, and sends a second signal, ends the process before it has closed anything.
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  closers.push(async () => {
    // What is just ending may still write into it.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    process.off('exit', remove);
  });
  await Promise.all(['run', 'log', 'conf.d'].map((each) => mkdir(join(folder, each))));
  return folder;
}

async function findPorts(): Promise<Ports> {
  const found = { ...defaultPorts };
  // One after the other: two that look for a free port at the same time may find the same.
  for (const name of Object.keys(found) as (keyof Ports)[]) found[name] = await portOrFree(found[name]);
  return found;
}

/** Where autoscalers find the metrics. */
const metricsService = `${account}-metrics-api`;

/** The pod that the agent takes itself for, and the service that leads to it. */
export const podName = `${account}-sandbox`;
const ownObjects: readonly KubeObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: podName, namespace, labels: { app: account } },
    spec: { nodeName: 'node-a', serviceAccountName: account, containers: [{ name: 'cluster-agent', image: 'cluster-agent:latest' }] },
    status: {
      phase: 'Running',
      podIP: '127.0.0.1',
      podIPs: [{ ip: '127.0.0.1' }],
      containerStatuses: [{ name: 'cluster-agent', image: 'cluster-agent:latest', imageID: '', ready: true, restartCount: 0 }],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: account, namespace },
    spec: { selector: { app: account }, ports: [{ name: 'agentport', port: 5005, protocol: 'TCP' }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: metricsService, namespace },
    spec: { selector: { app: account }, ports: [{ name: 'metricsapi', port: 8443, protocol: 'TCP' }] },
  },
];

/** The agent's namespace and rights, and what lives beside it. */
function populate({ objects }: Cluster, workload: Workload): void {
  objects.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const object of [...rbacOf({ release: 'datadog', namespace }), ...ownObjects]) objects.put(object);
  workload.seed();
  for (const object of autoscalingObjects({ namespace, name: metricsService })) objects.put(object);
}

/** What external metrics are asked for: it goes up and down within ten minutes, so that an autoscaler has something to do. */
function setMetrics(datadog: Datadog): void {
  datadog.set(query, (from, to) => {
    const points = Math.floor((to - from) / 20_000);
    return Array.from(
      { length: points },
      (_, index) => [to - (points - 1 - index) * 20_000, wave(to - (points - 1 - index) * 20_000)] as const,
    );
  });
}

function wave(atMs: number): number {
  return 50 + 45 * Math.sin((atMs / 600_000) * 2 * Math.PI);
}

function agentToken(cluster: Cluster): string {
  return cluster.clientFor({ serviceAccount: account, namespace }).token ?? '';
}

/** Names the token's file, as a pod has it: the agent reads it anew. */
function agentKubeconfig(cluster: Cluster, tokenFile: string): string {
  const { kubeconfig } = cluster.clientFor({ serviceAccount: account, namespace });
  const parsed = parse(kubeconfig) as { users: { user: Record<string, string> }[] };
  for (const each of parsed.users) each.user = { tokenFile };
  return stringify(parsed);
}

function configuration({ datadog, folder, ports }: { datadog: Datadog; folder: string; ports: Ports }): object {
  return {
    api_key: datadog.apiKey,
    app_key: datadog.appKey,
    dd_url: datadog.url,
    external_metrics_provider: {
      enabled: true,
      use_datadogmetric_crd: true,
      port: ports.external_metrics_port,
      endpoint: datadog.url,
      // Quicker than the usual 30 s, so that somebody who watches sees something happen.
      refresh_period: 10,
      config: { 'cert-dir': join(folder, 'certificates') },
    },
    kubernetes_kubeconfig_path: join(folder, 'agent.kubeconfig'),
    kube_resources_namespace: namespace,
    leader_election: true,
    leader_election_default_resource: 'lease',
    cluster_name: 'sandbox',
    // The machine may be in a cloud; the agent's node is not.
    cloud_provider_metadata: [],
    cluster_agent: { cmd_port: ports.cluster_agent_cmd_port, kubernetes_service_name: account },
    metrics_port: String(ports.metrics_port),
    health_port: ports.health_port,
    run_path: join(folder, 'run'),
    confd_path: join(folder, 'conf.d'),
    log_file: join(folder, 'log', 'cluster-agent.log'),
  };
}

function writePrivate(path: string, text: string): Promise<void> {
  return writeFile(path, text, { mode: 0o600 });
}
