import type { Informer, Informers, Kubernetes, KubeObject, Resource } from '../kubernetes/index.ts';

/** HorizontalPodAutoscaler, or WatermarkPodAutoscaler. */
export type AutoscalerKind = 'hpa' | 'wpa';

/** An autoscaler and the external metrics that it reads. */
export interface Autoscaler {
  readonly kind: AutoscalerKind;
  /** `hpa:<namespace>/<name>`, or `wpa:...`. */
  readonly reference: string;
  /** As the API server calls it. */
  readonly type: { readonly apiVersion: string; readonly kind: string };
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string | undefined;
    readonly resourceVersion: string | undefined;
  };
  readonly labels: Readonly<Record<string, string>>;
  readonly metrics: readonly WantedMetric[];
}

export interface WantedMetric {
  readonly metric: string;
  /** Of `matchLabels`: expressions have no counterpart in a query. */
  readonly labels: Readonly<Record<string, string>>;
}

const watermark: Resource = { group: 'datadoghq.com', version: 'v1alpha1', plural: 'watermarkpodautoscalers', namespaced: true };

/**
 * Follows the autoscalers of the cluster, in the newest version that it serves: horizontal ones, then watermark ones.
 *
 * @throws Error when it serves none
 */
export async function autoscalersOf(
  kubernetes: Kubernetes,
  informers: Informers,
  withWatermark: boolean,
): Promise<readonly Informer<Autoscaler>[]> {
  const found = await horizontal(kubernetes);
  const follow = (kind: AutoscalerKind, resource: Resource): Informer<Autoscaler> =>
    informers.informer({ resource, transform: (object) => autoscaler({ kind, resource }, object) });
  return withWatermark ? [follow('hpa', found), follow('wpa', watermark)] : [follow('hpa', found)];
}

async function horizontal(kubernetes: Kubernetes): Promise<Resource> {
  for (const version of ['v2', 'v2beta2']) {
    const resource = await kubernetes.discover({ group: 'autoscaling', version, plural: 'horizontalpodautoscalers' });
    if (resource !== undefined) return resource;
  }
  throw new Error('cannot find supported HPA version: the API server serves neither autoscaling/v2 nor autoscaling/v2beta2');
}

interface MetricSpec {
  readonly type?: string;
  readonly external?: {
    /** From autoscaling/v2beta2 on. */
    readonly metric?: { readonly name?: string; readonly selector?: Selector };
    /** WatermarkPodAutoscalers. */
    readonly metricName?: string;
    readonly metricSelector?: Selector;
  };
}
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

const kindNames: Readonly<Record<AutoscalerKind, string>> = { hpa: 'HorizontalPodAutoscaler', wpa: 'WatermarkPodAutoscaler' };

interface Origin {
  readonly kind: AutoscalerKind;
  readonly resource: Resource;
}

function autoscaler({ kind, resource }: Origin, { metadata, spec }: KubeObject): Autoscaler {
  const { namespace = '', name = '', uid, resourceVersion, labels = {} } = metadata;
  const metrics = (spec as { readonly metrics?: readonly MetricSpec[] } | undefined)?.metrics ?? [];
  return {
    kind,
    type: { apiVersion: `${resource.group}/${resource.version}`, kind: kindNames[kind] },
    reference: `${kind}:${namespace}/${name}`,
    metadata: { namespace, name, uid, resourceVersion },
    labels,
    metrics: metrics.filter(({ type }) => type === 'External').flatMap(({ external }) => wanted(external)),
  };
}

function wanted(external: MetricSpec['external']): readonly WantedMetric[] {
  const metric = external?.metric?.name ?? external?.metricName;
  const selector = external?.metric?.selector ?? external?.metricSelector;
  return metric === undefined ? [] : [{ metric, labels: selector?.matchLabels ?? {} }];
}
