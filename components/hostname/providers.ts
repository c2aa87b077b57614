import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname as osHostname } from 'node:os';
import { promisify } from 'node:util';
import type { ClusterName } from '../cluster-id/index.ts';
import type { Config } from '../config/index.ts';
import type { KubeObject, Kubernetes, Resource } from '../kubernetes/index.ts';
import type { OwnPod } from '../own-pod/index.ts';
import { hostnameSettings } from './settings.ts';

/** One way to know the name of the host. */
export interface Provider {
  /** Named in {@link HostnameData} when its name is the one. */
  readonly name: string;
  /** Named in the errors when it is not; the Go agent's words. */
  readonly label: string;
  /** @throws Error that says why it knows none */
  readonly find: (signal: AbortSignal) => string | Promise<string>;
}

export interface Sources {
  readonly config: Config;
  readonly ownPod: OwnPod | undefined;
  readonly kubernetes: Kubernetes | undefined;
  readonly clusterName: ClusterName | undefined;
}

const pods: Resource = { group: '', version: 'v1', plural: 'pods', namespaced: true };
/** A start must not wait for the API server longer than this only to learn a name. */
const podTimeoutMs = 5000;
const fqdnTimeoutMs = 2000;

/** In the order in which they are asked; the first that knows a name decides. */
export function providers({ config, ...cluster }: Sources): readonly Provider[] {
  return [
    { name: 'configuration', label: "'hostname' configuration/environment", find: () => config.get(hostnameSettings.hostname).trim() },
    {
      name: 'hostnameFile',
      label: "'hostname_file' configuration/environment",
      find: () => fromFile(config.get(hostnameSettings.hostnameFile)),
    },
    { name: 'fqdn', label: 'fqdn', find: (signal) => fullyQualified(config.get(hostnameSettings.fqdn), signal) },
    { name: 'container', label: 'container', find: (signal) => fromPod(cluster, signal) },
    { name: 'os', label: 'os', find: () => osHostname() },
  ];
}

async function fromFile(path: string): Promise<string> {
  if (path === '') throw new Error("'hostname_file' configuration is not enabled");
  return (await readFile(path, 'utf8')).trim();
}

async function fullyQualified(isOn: boolean, signal: AbortSignal): Promise<string> {
  if (!isOn) throw new Error("'hostname_fqdn' configuration is not enabled");
  const { stdout } = await promisify(execFile)('hostname', ['-f'], { timeout: fqdnTimeoutMs, signal });
  return stdout.trim();
}

/** The node that runs this pod, with the name of the cluster: node names are unique only in their cluster. */
async function fromPod({ ownPod, kubernetes, clusterName }: Omit<Sources, 'config'>, signal: AbortSignal): Promise<string> {
  if (kubernetes === undefined || ownPod === undefined) throw new Error('the agent is not containerized');
  const target = { resource: pods, namespace: await ownPod.namespace(), name: ownPod.name };
  const pod = await kubernetes.get<KubeObject & { readonly spec?: { readonly nodeName?: string } }>(target, {
    signal,
    timeoutMs: podTimeoutMs,
    retriesMax: 1,
  });
  const node = pod.spec?.nodeName ?? '';
  if (node === '') throw new Error(`pod ${target.namespace}/${target.name} is on no node`);
  const cluster = (await clusterName?.get()) ?? '';
  return cluster === '' ? node : `${node}-${cluster}`;
}
