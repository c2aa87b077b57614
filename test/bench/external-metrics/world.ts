/** The cluster and the Datadog of the bench, in a process of their own. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { CertificateAuthority, type KeyPair } from '../../../src/certificates/index.ts';
import { startCluster, type KubeObject } from '../../../src/testkit/cluster/index.ts';
import { startDatadog } from '../../../src/testkit/datadog/index.ts';
import { account, agentRoles, namespaceReader, readerRoles, user } from '../../external-metrics/roles.ts';
import { serveParent } from './process.ts';

export interface WorldOptions {
  readonly metrics: number;
}

export type World = typeof services;

/** Names of users who read. */
export interface Readers {
  /** The controller of autoscalers, as the chart lets it. */
  readonly all: string;
  /** May read the metrics of one namespace alone, so that the API server is asked about each of them. */
  readonly ofNamespace: string;
}

const [, , options = '{}'] = process.argv;
const { metrics }: WorldOptions = JSON.parse(options);
const definition = new URL('../../../components/external-metrics/crd/datadogmetrics.yaml', import.meta.url);
const trust = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'extension-apiserver-authentication' };

const cluster = await startCluster();
const unlimited = { requests: Number.MAX_SAFE_INTEGER, periodSeconds: 3600 };
const datadog = await startDatadog({ rateLimit: unlimited });
const proxies = new CertificateAuthority('bench-front-proxy-ca');
const proxy = proxies.issue({ commonName: 'front-proxy-client' });
const writes = cluster.faults.add({
  kind: 'latency',
  milliseconds: 0,
  when: ({ verb, subresource }) => verb === 'update' && subresource === 'status',
});
const readers: Readers = { all: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler', ofNamespace: 'jane' };
/** The newest point of every series, in milliseconds since the epoch, and its value. */
let newest = { at: Date.now(), value: 1 };

const services = {
  /** How the agent and its readers get in. */
  access: (): { kubeconfig: string; datadog: string; apiKey: string; appKey: string; proxy: KeyPair; readers: Readers } => ({
    kubeconfig: cluster.clientFor({ user: 'agent' }).kubeconfig,
    datadog: datadog.url,
    apiKey: datadog.apiKey,
    appKey: datadog.appKey,
    proxy,
    readers,
  }),
  /** Gives every series a new point with another value. */
  move: (): void => void (newest = { at: Date.now(), value: newest.value + 1 }),
  /** Requests to Datadog, and writes of a status, so far. */
  counts: (): { queries: number; writes: number } => ({ queries: datadog.asked.length, writes: writes.hits }),
};

populate(parse(await readFile(definition, 'utf8')) as KubeObject);
serveParent(services);

function populate(crd: KubeObject): void {
  const published = cluster.objects.get(trust) as KubeObject & { data: Record<string, string> };
  const key = 'requestheader-client-ca-file';
  cluster.objects.put({ ...published, data: { ...published.data, [key]: `${published.data[key]}${proxies.certificate}` } });
  const roles = [
    ...readerRoles(account('kube-system', 'horizontal-pod-autoscaler')),
    namespaceReader('default', user(readers.ofNamespace)),
  ];
  for (const object of [crd, ...agentRoles(['agent']), ...roles]) cluster.objects.put(object);
  for (let index = 0; index < metrics; index += 1) {
    const query = `avg:queue.length{queue:${index}}`;
    // Datadog's answer holds the last but one point, which is the one that counts, and one that is not complete yet.
    datadog.set(query, () => [
      [newest.at - 20_000, newest.value + index],
      [newest.at, 0],
    ]);
    for (const object of objectsOf(index, query)) cluster.objects.put(object);
  }
}

/** A metric, and the autoscaler that reads it. */
function objectsOf(index: number, query: string): readonly KubeObject[] {
  const name = `queue-${index}`;
  const metadata = { name, namespace: 'default' };
  const external = { metric: { name: `datadogmetric@default:${name}` }, target: { type: 'AverageValue', averageValue: '10' } };
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    maxReplicas: 5,
    metrics: [{ type: 'External', external }],
  };
  return [
    { apiVersion: 'datadoghq.com/v1alpha1', kind: 'DatadogMetric', metadata, spec: { query } },
    { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec },
  ];
}
