import { Agent, get } from 'node:https';
import { json } from 'node:stream/consumers';
import { datadogMetricDefinition } from '../../components/external-metrics/index.ts';
import type { Cluster, ClusterClient, JsonObject, KubeObject } from '../testkit/cluster/index.ts';
import type { Workload } from './workload.ts';

/** The deployment that is scaled. */
const target = { namespace: 'shop', name: 'web' };
const metric = 'web-requests';
/** Of the moving metric; its wave makes the deployment grow and shrink between two and six pods. */
export const query = 'avg:nginx.net.request_per_s{kube_deployment:web}';
/** Requests per second that one pod is meant to take. */
const perPod = 16;
const bounds = { least: 2, most: 6 };

const controller = { serviceAccount: 'horizontal-pod-autoscaler', namespace: 'kube-system' };
const group = 'external.metrics.k8s.io';

/** What autoscaling needs in the cluster: the kind, the API service, a metric, an autoscaler, and the right to read. */
export function autoscalingObjects(service: { readonly namespace: string; readonly name: string }): readonly KubeObject[] {
  const rbac = 'rbac.authorization.k8s.io';
  const role = 'external-metrics-reader';
  return [
    datadogMetricDefinition,
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1beta1.${group}` },
      spec: {
        group,
        version: 'v1beta1',
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { ...service, port: 8443 },
      },
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: role },
      rules: [{ apiGroups: [group], resources: ['*'], verbs: ['list', 'get', 'watch'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: role },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: controller.serviceAccount, namespace: controller.namespace }],
    },
    {
      apiVersion: 'datadoghq.com/v1alpha1',
      kind: 'DatadogMetric',
      metadata: { namespace: target.namespace, name: metric },
      spec: { query },
    },
    autoscaler(),
  ];
}

function autoscaler(status?: JsonObject): KubeObject {
  const external = {
    metric: { name: `datadogmetric@${target.namespace}:${metric}` },
    target: { type: 'AverageValue', averageValue: String(perPod) },
  };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...target },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target.name },
      minReplicas: bounds.least,
      maxReplicas: bounds.most,
      metrics: [{ type: 'External', external }],
    },
    ...(status === undefined ? {} : { status }),
  };
}

interface MetricList {
  readonly items?: readonly { readonly value: string }[];
  readonly message?: string;
}

/** Plays the autoscaling controller: reads the metric as that does, through the API server, and scales the workload. */
export class Autoscaling {
  readonly #cluster: Cluster;
  readonly #workload: Workload;
  readonly #client: ClusterClient;
  readonly #agent: Agent;

  constructor(cluster: Cluster, workload: Workload) {
    this.#cluster = cluster;
    this.#workload = workload;
    this.#client = cluster.clientFor(controller);
    this.#agent = new Agent({ keepAlive: true, ca: this.#client.ca });
  }

  /** One round of the controller: what the real one does every 15 seconds. */
  async step(): Promise<void> {
    const replicas = this.#workload.replicas(target);
    const { items, message = 'no metrics returned from external metrics API' } = await this.#read().catch((error: unknown) => ({
      items: undefined,
      message: error instanceof Error ? error.message : String(error),
    }));
    if (items === undefined || items.length === 0) {
      this.#tell({ replicas, desired: replicas, condition: { status: 'False', reason: 'FailedGetExternalMetric', message } });
      return;
    }
    const value = items.reduce((sum, item) => sum + numberIn(item.value), 0);
    const desired = Math.min(bounds.most, Math.max(bounds.least, Math.ceil(value / perPod)));
    this.#workload.scale(target, desired);
    const found = `the HPA was able to successfully calculate a replica count from external metric datadogmetric@${target.namespace}:${metric}`;
    this.#tell({ replicas: desired, desired, value, condition: { status: 'True', reason: 'ValidMetricFound', message: found } });
  }

  close(): void {
    this.#agent.destroy();
  }

  #read(): Promise<MetricList> {
    const path = `/apis/${group}/v1beta1/namespaces/${target.namespace}/datadogmetric@${target.namespace}:${metric}`;
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.#client.token ?? ''}` };
      const asked = get(new URL(path, this.#client.url), { headers, agent: this.#agent, timeout: 5000 }, (answer) => {
        json(answer).then((body) => resolve(body as MetricList), reject);
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s'))).on('error', reject);
    });
  }

  #tell({ replicas, desired, value, condition }: Told): void {
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const external = { metric: { name: `datadogmetric@${target.namespace}:${metric}` } };
    const averageValue = value === undefined ? '0' : `${Math.round((value * 1000) / Math.max(1, replicas))}m`;
    this.#cluster.objects.put(
      autoscaler({
        currentReplicas: replicas,
        desiredReplicas: desired,
        lastScaleTime: now,
        currentMetrics: value === undefined ? [] : [{ type: 'External', external: { ...external, current: { averageValue } } }],
        conditions: [{ type: 'ScalingActive', lastTransitionTime: now, ...condition }],
      }),
    );
  }
}

interface Told {
  readonly replicas: number;
  readonly desired: number;
  readonly value?: number;
  readonly condition: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string };
}

const suffixes: Readonly<Record<string, number>> = { n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9 };

/** The number that a quantity stands for. */
function numberIn(quantity: string): number {
  const suffix = suffixes[quantity.at(-1) ?? ''];
  return suffix === undefined ? Number(quantity) : Number(quantity.slice(0, -1)) * suffix;
}
