import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname as osHostname } from 'node:os';
import { promisify } from 'node:util';
import type { ClusterName } from '../cluster-id/index.ts';
import type { Config } from '../config/index.ts';
import type { KubeObject, Kubernetes, Resource } from '../kubernetes/index.ts';
import type { OwnPod } from '../own-pod/index.ts';
import type { CloudNames } from './clouds.ts';
import { hostnameSettings } from './settings.ts';

/** One way to know the name of the host. */
export interface Provider {
  /** Named in {@link HostnameData} when its name is the one. */
  readonly name: string;
  /** Named in the errors when it is not; the Go agent's words. */
  readonly label: string;
  /** Nobody after it is asked. The names of others give way to those of whoever comes later and knows one. */
  readonly isFinal?: boolean;
  /** @param known the name so far, or empty @throws Error that says why it knows none, or none that is better */
  readonly find: (signal: AbortSignal, known: string) => string | Promise<string>;
}

export interface Sources {
  readonly config: Config;
  readonly ownPod: OwnPod | undefined;
  readonly kubernetes: Kubernetes | undefined;
  readonly clusterName: ClusterName | undefined;
  readonly clouds: CloudNames;
}

const pods: Resource = { group: '', version: 'v1', plural: 'pods', namespaced: true };
/** A start must not wait for the API server longer than this only to learn a name. */
const podTimeoutMs = 5000;
const fqdnTimeoutMs = 2000;

/** In the order in which they are asked, which is that of the Go agent. */
export function providers({ config, clouds, ...cluster }: Sources): readonly Provider[] {
  const given = ({ label, ...rest }: Omit<Provider, 'isFinal'>): Provider => ({
    isFinal: true,
    label: `${label} configuration/environment`,
    ...rest,
  });
  return [
    given({ name: 'configuration', label: "'hostname'", find: () => config.get(hostnameSettings.hostname).trim() }),
    given({ name: 'hostnameFile', label: "'hostname_file'", find: () => fromFile(config.get(hostnameSettings.hostnameFile)) }),
    {
      name: 'gce',
      label: 'gce',
      isFinal: true,
      find: (signal) => {
        clouds.ask(signal);
        return clouds.get('gcp');
      },
    },
    { name: 'azure', label: 'azure', isFinal: true, find: () => clouds.get('azure') },
    { name: 'fqdn', label: 'fqdn', find: (signal) => fullyQualified(config.get(hostnameSettings.fqdn), signal) },
    { name: 'container', label: 'container', find: (signal) => fromPod(cluster, signal) },
    { name: 'os', label: 'os', find: (_, known) => ofThisSystem(known) },
    { name: 'aws', label: 'aws', find: (_, known) => fromEc2(known, { config, clouds }) },
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
async function fromPod({ ownPod, kubernetes, clusterName }: Omit<Sources, 'config' | 'clouds'>, signal: AbortSignal): Promise<string> {
  if (kubernetes === undefined || ownPod === undefined) throw new Error('the agent is not containerized');
  const target = { resource: pods, namespace: await ownPod.namespace(), name: ownPod.name };
  const [pod, cluster = ''] = await Promise.all([
    kubernetes.get<KubeObject & { readonly spec?: { readonly nodeName?: string } }>(target, {
      signal,
      timeoutMs: podTimeoutMs,
      retriesMax: 1,
    }),
    clusterName?.get(),
  ]);
  const node = pod.spec?.nodeName ?? '';
  if (node === '') throw new Error(`pod ${target.namespace}/${target.name} is on no node`);
  return cluster === '' ? node : `${node}-${cluster}`;
}

function ofThisSystem(known: string): string {
  if (known !== '') throw new Error('skipped: another provider knows a name');
  return osHostname();
}

/** What EC2 calls instances that nobody has called anything. */
const ec2Default = /^(?:ip-|domu)/i;

/** The id of the instance says more than its address does. */
async function fromEc2(known: string, { config, clouds }: Pick<Sources, 'config' | 'clouds'>): Promise<string> {
  const isBetter = ec2Default.test(known) || config.get(hostnameSettings.prioritizeInstanceId);
  if (!isBetter) throw new Error('skipped: the name that is known is none of those that EC2 gives by default');
  return clouds.get('aws');
}
