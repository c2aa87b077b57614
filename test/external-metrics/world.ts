import { readFile } from 'node:fs/promises';
import { expect, vi } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject } from '../../src/testkit/cluster/index.ts';
import { type Json, arrayAt, isObject, textAt } from '../../src/testkit/cluster/json.ts';
import type { TestClient } from '../cluster/support/client.ts';

/** Long: the machine may be busy. */
export const soon = { timeout: 30_000, interval: 100 };

/** Waits, also in hooks, until a value is what it should be. */
export async function until(read: () => unknown, wanted: unknown): Promise<void> {
  await vi.waitFor(async () => expect(await read()).toEqual(wanted), soon);
}

export const groupVersion = 'external.metrics.k8s.io/v1beta1';

/** Where the objects of a namespace are. */
export function pathsOf(namespace: string) {
  const within = (group: string, plural: string): string => `/apis/${group}/namespaces/${namespace}/${plural}`;
  return {
    metrics: within('datadoghq.com/v1alpha1', 'datadogmetrics'),
    deployments: within('apps/v1', 'deployments'),
    autoscalers: within('autoscaling/v2', 'horizontalpodautoscalers'),
  };
}

const { metrics } = pathsOf('default');
const kind = { apiVersion: 'datadoghq.com/v1alpha1', kind: 'DatadogMetric' };
const definition = new URL('../../components/external-metrics/crd/datadogmetrics.yaml', import.meta.url);

/** Where a metric is read, from the namespace `default`. */
export const pathOf = (metric: string): string => `/apis/${groupVersion}/namespaces/default/${metric}`;

/** Creates an object where its kind is. Throws with the server's words when it is refused. */
export async function create(admin: TestClient, path: string, object: Json): Promise<void> {
  const { status, text } = await admin.post(path, object);
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
}

/** Roles and bindings. */
export async function grant(admin: TestClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) await create(admin, `/apis/${object.apiVersion}/${object.kind.toLowerCase()}s`, object);
}

/** Makes the cluster know DatadogMetrics. */
export async function defineMetrics(admin: TestClient): Promise<void> {
  const object: Json = parse(await readFile(definition, 'utf8'));
  await create(admin, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', object);
  await until(async () => (await admin.get(metrics)).status, 200);
}

interface Metric {
  readonly name: string;
  readonly query: string;
  readonly annotations?: Record<string, string>;
}

export function defineMetric(admin: TestClient, { name, query, annotations = {} }: Metric): Promise<void> {
  return create(admin, metrics, { ...kind, metadata: { name, annotations }, spec: { query } });
}

/** An annotation that has a metric queried though no autoscaler refers to it. */
export const always = { 'external-metrics.datadoghq.com/always-active': 'true' };

/** Has the API server send what is asked of external metrics to a port of this machine, as the chart does but for the service. */
export async function publish(admin: TestClient, port: number): Promise<void> {
  // A name is the only way to this machine: API servers refuse endpoints on loopback.
  const service = { type: 'ExternalName', externalName: 'localhost', ports: [{ port, protocol: 'TCP' }] };
  await create(admin, '/api/v1/namespaces/default/services', { metadata: { name: 'agent-metrics-api' }, spec: service });
  await create(admin, apiServices, {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: apiServiceName },
    spec: {
      service: { namespace: 'default', name: 'agent-metrics-api', port },
      group: 'external.metrics.k8s.io',
      version: 'v1beta1',
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  });
}

const apiServices = '/apis/apiregistration.k8s.io/v1/apiservices';
const apiServiceName = 'v1beta1.external.metrics.k8s.io';

/** `<status>: <reason>` of the APIService's condition `Available`. */
export async function availability(admin: TestClient): Promise<string> {
  const { body } = await admin.get(`${apiServices}/${apiServiceName}`);
  const condition = arrayAt(body, 'status', 'conditions').find((each) => textAt(each, 'type') === 'Available');
  return `${textAt(condition, 'status')}: ${textAt(condition, 'reason')}`;
}

/** The first value of a list of values; else what stands there instead. */
export function valueIn(body: Json): string {
  const [first] = arrayAt(body, 'items');
  return isObject(first) ? textAt(first, 'value') : textAt(body, 'message');
}
