import type { Informer, InformerHandler, Informers, Kubernetes, KubeObject, Resource } from '../kubernetes/index.ts';
import type { MetricTarget, Replicas } from './index.ts';

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
  readonly replicas: Replicas;
  readonly metrics: readonly WantedMetric[];
}

export interface WantedMetric {
  readonly metric: string;
  /** Of `matchLabels`: expressions have no counterpart in a query. */
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined where there is none that can be read: watermarks are something else. */
  readonly target: MetricTarget | undefined;
}

const watermarkResource: Resource = { group: 'datadoghq.com', version: 'v1alpha1', plural: 'watermarkpodautoscalers', namespaced: true };

export interface AutoscalersOptions {
  readonly withWatermark: boolean;
  /** Whether another server serves a metric: it is left out. */
  readonly isElsewhere: (metric: string) => boolean;
}

/** The autoscalers of the cluster, followed. */
export class FollowedAutoscalers {
  readonly horizontal: Informer<Autoscaler>;
  /** Undefined where they are not to be followed. It never syncs where their kind is not installed. */
  readonly watermark: Informer<Autoscaler> | undefined;
  readonly #all: readonly Informer<Autoscaler>[];

  constructor(horizontal: Informer<Autoscaler>, watermark: Informer<Autoscaler> | undefined) {
    this.horizontal = horizontal;
    this.watermark = watermark;
    this.#all = watermark === undefined ? [horizontal] : [horizontal, watermark];
  }

  /** Every autoscaler that is known. */
  list(): readonly Autoscaler[] {
    return this.#all.flatMap((each) => [...each.list()]);
  }

  /** @returns what takes the handler off */
  handle(handler: InformerHandler<Autoscaler>): () => void {
    const releases = this.#all.map((each) => each.handle(handler));
    return () => {
      for (const release of releases) release();
    };
  }
}

/**
 * Follows the autoscalers of the cluster, horizontal ones in the newest version that it serves.
 *
 * @throws Error when it serves none
 */
export async function autoscalersOf(
  kubernetes: Kubernetes,
  informers: Informers,
  { withWatermark, isElsewhere }: AutoscalersOptions,
): Promise<FollowedAutoscalers> {
  const found = await horizontalResource(kubernetes);
  const follow = (kind: AutoscalerKind, resource: Resource): Informer<Autoscaler> =>
    informers.informer({ resource, transform: (object) => autoscaler({ kind, resource, isElsewhere }, object) });
  return new FollowedAutoscalers(follow('hpa', found), withWatermark ? follow('wpa', watermarkResource) : undefined);
}

async function horizontalResource(kubernetes: Kubernetes): Promise<Resource> {
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
    readonly target?: TargetSpec;
  };
}
interface TargetSpec {
  readonly value?: unknown;
  readonly averageValue?: unknown;
}
interface AutoscalerSpec {
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly metrics?: readonly MetricSpec[];
}
interface AutoscalerStatus {
  readonly currentReplicas?: number;
  readonly conditions?: readonly unknown[];
}
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

const kindNames: Readonly<Record<AutoscalerKind, string>> = { hpa: 'HorizontalPodAutoscaler', wpa: 'WatermarkPodAutoscaler' };

interface Origin {
  readonly kind: AutoscalerKind;
  readonly resource: Resource;
  readonly isElsewhere: AutoscalersOptions['isElsewhere'];
}

function autoscaler({ kind, resource, isElsewhere }: Origin, { metadata, ...object }: KubeObject): Autoscaler {
  const { namespace = '', name = '', uid, resourceVersion, labels = {} } = metadata;
  const { spec = {}, status = {} } = given(object) as { readonly spec?: AutoscalerSpec; readonly status?: AutoscalerStatus };
  const { metrics = [], minReplicas: min = 1, maxReplicas: max = min } = spec;
  return {
    kind,
    type: { apiVersion: `${resource.group}/${resource.version}`, kind: kindNames[kind] },
    reference: `${kind}:${namespace}/${name}`,
    metadata: { namespace, name, uid, resourceVersion },
    labels,
    replicas: { min, max, current: currentIn(status) },
    metrics: metrics
      .filter(({ type }) => type === 'External')
      .flatMap(({ external }) => wanted(external))
      .filter(({ metric }) => !isElsewhere(metric)),
  };
}

/** The same without nulls: the API server writes them for lists and maps that are empty, and for what somebody has sent as null. */
function given(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => each !== null).map(given);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (each === null ? [] : [[key, given(each)]])));
}

/** A zero counts only once the autoscaler's controller has looked: a new object has it too. */
function currentIn({ currentReplicas = 0, conditions = [] }: AutoscalerStatus): number | undefined {
  return currentReplicas === 0 && conditions.length === 0 ? undefined : currentReplicas;
}

function wanted({ metric, metricName, metricSelector, target }: NonNullable<MetricSpec['external']> = {}): readonly WantedMetric[] {
  const { name = metricName, selector: { matchLabels: labels = {} } = metricSelector ?? {} } = metric ?? {};
  return name === undefined ? [] : [{ metric: name, labels, target: targetIn(target) }];
}

function targetIn({ value, averageValue }: TargetSpec = {}): MetricTarget | undefined {
  if (isGiven(averageValue)) return { type: 'AverageValue', quantity: String(averageValue) };
  return isGiven(value) ? { type: 'Value', quantity: String(value) } : undefined;
}

function isGiven(quantity: unknown): quantity is string | number {
  return typeof quantity === 'string' || typeof quantity === 'number';
}
