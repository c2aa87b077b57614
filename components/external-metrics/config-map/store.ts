import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../../src/fx/index.ts';
import { rfc3339Time } from '../../go-time/index.ts';
import { hasReason, type Kubernetes, type KubeObject, type Resource, type Target } from '../../kubernetes/index.ts';
import type { Log } from '../../log/index.ts';
import type { Random } from '../../random/index.ts';
import { bytesMax, contentsOf, isAlike, withEntries, type Contents } from './contents.ts';
import type { Entry } from './entry.ts';

const resource: Resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
const lastUpdated = 'custom-metrics.datadoghq.com/last-updated';

/** What the entries are to be; `undefined`: leave them. It is asked again when somebody else has written meanwhile. */
export type Change = (entries: readonly Entry[]) => readonly Entry[] | undefined;

/** One state of the ConfigMap. */
export interface State extends Contents {
  /** Empty while there is no ConfigMap. */
  readonly resourceVersion: string;
}

interface Parts {
  readonly kubernetes: Kubernetes;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly name: string;
  /** Where the agent keeps its own objects. */
  readonly namespace: () => Promise<string>;
}

/** How often a write that others were faster than is tried again, and the longest first delay before that, in milliseconds. */
const attemptsMax = 8;
const firstDelayMs = 20;

/**
 * The entries in the ConfigMap. A write is guarded by the version that it has read: what somebody else has written
 * meanwhile is read, and the change is made to that.
 */
export class ConfigMapStore {
  readonly #parts: Parts;
  #last: State | undefined;
  #leftOut = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Entries that the ConfigMap had no room for when it was last written. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** What is there now. Without a ConfigMap there are no entries. */
  async read(signal: AbortSignal, options: { readonly retriesMax?: number } = {}): Promise<State> {
    return this.#stateOf(await this.#get(signal, options));
  }

  /** Changes the entries, and makes the ConfigMap where there is none. @returns what is there then */
  async update(change: Change, signal: AbortSignal): Promise<State> {
    const { clock, random } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.#stateOf(await this.#tryUpdate(change, signal));
      } catch (error) {
        // Written, made or deleted by somebody else since we have read it.
        if (!hasReason(error, 'Conflict', 'AlreadyExists', 'NotFound') || attempt === attemptsMax) throw error;
      }
      await clock.sleep(random.next() * firstDelayMs * 2 ** (attempt - 1), signal);
    }
  }

  /** Every step takes time that grows with the entries, so that others get a turn between them. */
  async #tryUpdate(change: Change, signal: AbortSignal): Promise<KubeObject | undefined> {
    const { kubernetes, name } = this.#parts;
    const target = await this.#target();
    const before = await this.#get(signal);
    const known = this.#stateOf(before).entries;
    await turn();
    const entries = change(known);
    if (entries === undefined) return before;
    await turn();
    const { object: after, leftOut } = withEntries(before ?? emptyOf(target), entries);
    this.#tellOfSize(leftOut);
    if (before !== undefined && isAlike(before, after)) return before;
    await turn();
    const annotations = { ...after.metadata.annotations, [lastUpdated]: rfc3339Time(this.#parts.clock.now()) };
    const object = { ...after, metadata: { ...after.metadata, annotations } };
    if (before === undefined) return kubernetes.create({ resource, namespace: target.namespace ?? '', name }, object, { signal });
    return kubernetes.replace(target, object, { signal });
  }

  async #get(signal: AbortSignal, options: { readonly retriesMax?: number } = {}): Promise<KubeObject | undefined> {
    try {
      return await this.#parts.kubernetes.get(await this.#target(), { signal, ...options });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #target(): Promise<Target> {
    return { resource, namespace: await this.#parts.namespace(), name: this.#parts.name };
  }

  /** It is read every second and rarely changes: the same version is taken apart once. */
  #stateOf(object: KubeObject | undefined): State {
    const resourceVersion = object?.metadata.resourceVersion ?? '';
    if (object !== undefined && resourceVersion !== '' && this.#last?.resourceVersion === resourceVersion) return this.#last;
    const contents = object === undefined ? { entries: [], unreadable: [] } : contentsOf(object);
    if (contents.unreadable.length > 0 && contents.unreadable.join() !== this.#last?.unreadable.join())
      this.#parts.log.warn('keys of the ConfigMap of external metrics hold no metric; the leader drops them with its next write', {
        configmap: this.#parts.name,
        keys: contents.unreadable.slice(0, 10),
        count: contents.unreadable.length,
      });
    this.#last = { ...contents, resourceVersion };
    return this.#last;
  }

  #tellOfSize(leftOut: number): void {
    if (leftOut > 0 && leftOut !== this.#leftOut)
      this.#parts.log.error(
        'external metrics do not fit into their ConfigMap, and some are not served: remove autoscalers, or keep metrics in DatadogMetric objects (external_metrics_provider.use_datadogmetric_crd)',
        { configmap: this.#parts.name, bytesMax, leftOut },
      );
    this.#leftOut = leftOut;
  }
}

function emptyOf({ name, namespace = '' }: Target): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } };
}
