import { hasReason, type Informer, type Kubernetes, type WorkOutcome } from '../../kubernetes/index.ts';
import type { LeaderElection } from '../../leader-election/index.ts';
import { fromObject, isMeasuredAnew, withNewer, withObject, type Resolve } from './from-object.ts';
import { idOf, isNew, type DatadogMetric } from './metric.ts';
import { datadogMetrics, kind, type MetricObject } from './object.ts';
import type { MetricStore } from './store.ts';
import { isNews, statusOf } from './to-status.ts';

interface Parts {
  readonly store: MetricStore;
  readonly objects: Informer<MetricObject>;
  readonly kubernetes: Kubernetes;
  readonly election: Pick<LeaderElection, 'isLeader'>;
  readonly resolve: Resolve;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

/** Milliseconds that a metric to be deleted is given, in case somebody reads it again. */
const deleteAfterMs = 2000;

/**
 * Keeps store and objects alike. Followers copy objects into the store. The leader takes from an object what people write,
 * its spec, and writes what it knows itself, its status; it makes and deletes the objects of metrics that it made up.
 */
export class MetricController {
  readonly #parts: Parts;
  /** When a metric that is to be deleted was first seen so, in seconds. */
  readonly #doomed = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Takes over what an object says. It costs no call, so nobody's reads wait for another's writes.
   *
   * @param previous the object before; undefined where it is new to us
   */
  absorb(object: MetricObject, previous?: MetricObject): void {
    this.#parts.store.set(this.#understood(object, previous), 'controller');
  }

  #understood(object: MetricObject, previous: MetricObject | undefined): DatadogMetric {
    const { store, election, resolve, now } = this.#parts;
    const metric = store.get(idOf(object.metadata));
    if (!election.isLeader() || metric === undefined) return fromObject(object, resolve, now());
    const ours = withObject(metric, object, resolve);
    // What we wrote ourselves is never newer than what we know.
    const isWritten = previous !== undefined && isMeasuredAnew(object.status, previous.status);
    return isWritten ? withNewer(ours, object.status, now()) : ours;
  }

  /** Writes what we know better than the object. @param id `namespace/name` */
  async sync(id: string, signal: AbortSignal): Promise<WorkOutcome> {
    const { store, objects, election } = this.#parts;
    const object = objects.get(id);
    if (object === undefined) return this.#syncAbsent(id, store.get(id), signal);
    // What a leader knew better does not count any more when it leads no longer.
    if (!election.isLeader() || store.get(id) === undefined) this.absorb(object);
    const metric = store.get(id);
    if (metric === undefined || !election.isLeader()) return undefined;
    if (metric.isDeleted) return this.#delete(metric, object, signal);
    this.#doomed.delete(id);
    return this.#write(metric, object, signal);
  }

  async #syncAbsent(id: string, metric: DatadogMetric | undefined, signal: AbortSignal): Promise<WorkOutcome> {
    const isMade = metric !== undefined && metric.externalMetricName !== '' && !metric.isDeleted;
    if (isMade && this.#parts.election.isLeader()) return this.#make(metric, signal);
    this.#doomed.delete(id);
    this.#parts.store.delete(id, 'controller');
    return undefined;
  }

  async #make({ id, query, externalMetricName }: DatadogMetric, signal: AbortSignal): Promise<WorkOutcome> {
    const { namespace, name } = namesOf(id);
    const object = { ...kind, metadata: { namespace, name }, spec: { query, externalMetricName } };
    try {
      await this.#parts.kubernetes.create({ resource: datadogMetrics, namespace }, object, { signal });
    } catch (error) {
      // Another replica has made it, and the informer will tell.
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
    return undefined;
  }

  async #delete({ id }: DatadogMetric, { metadata: { uid } }: MetricObject, signal: AbortSignal): Promise<WorkOutcome> {
    const now = this.#parts.now();
    const since = this.#doomed.get(id) ?? now;
    this.#doomed.set(id, since);
    const leftMs = since * 1000 + deleteAfterMs - now * 1000;
    if (leftMs > 0) return { afterMs: leftMs };
    const { namespace, name } = namesOf(id);
    try {
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      await this.#parts.kubernetes.delete({ resource: datadogMetrics, namespace, name }, { signal, ...preconditions });
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    }
    return undefined;
  }

  /**
   * A PUT of the status alone: more than that the chart's role does not allow. A new metric is written when it is known who reads it, and
   * what Datadog says of it; both come within seconds, and each brings it here again.
   */
  async #write(metric: DatadogMetric, object: MetricObject, signal: AbortSignal): Promise<WorkOutcome> {
    if (!metric.knowsReaders || isNew(metric)) return undefined;
    const status = statusOf(metric, object.status);
    if (!isNews(status, object.status)) return undefined;
    const { namespace, name, resourceVersion } = object.metadata;
    try {
      const written = { ...kind, metadata: { namespace, name, resourceVersion }, status };
      await this.#parts.kubernetes.replace({ resource: datadogMetrics, namespace, name, subresource: 'status' }, written, { signal });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      // Somebody changed the object meanwhile: the informer brings it, and then it is tried again.
      if (hasReason(error, 'Conflict')) return 'retry';
      throw error;
    }
    return undefined;
  }
}

function namesOf(id: string): { readonly namespace: string; readonly name: string } {
  const [namespace = '', name = ''] = id.split('/');
  return { namespace, name };
}
