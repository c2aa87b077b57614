import { type KubeObject, clone } from '../json.ts';
import { customResources } from '../resources/custom.ts';
import type { Registry } from '../resources/registry.ts';
import type { Change } from '../storage/store.ts';
import { type ControllerParts, GarbageCollector, collect } from './collect.ts';

/** What the controllers need beyond the store. */
export interface ControllersOptions extends ControllerParts {
  readonly registry: Registry;
  /** Creates objects as the system. */
  readonly objects: { put(object: KubeObject): KubeObject };
  /** The cluster's CA, for the ConfigMap that every namespace has. */
  readonly authority: string;
}

const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';

/** Serves and ends serving custom resources, at the very moment their definition changes. */
export function followDefinitions({ store, registry }: Pick<ControllersOptions, 'store' | 'registry'>): void {
  store.listen((bucket, { type, stored }) => {
    if (bucket !== CRDS) return;
    const crd = stored.object.metadata.name ?? '';
    if (type !== 'DELETED') {
      registry.define(crd, customResources(stored.object));
      return;
    }
    registry.undefine(crd);
    const objects = store.bucket(crd);
    for (const key of Array.from(objects.list(), (each) => each.key)) objects.delete(key);
  });
}

/**
 * What a controller manager does that clients rely on: namespaces get their service account and lose their contents,
 * dependents follow their owners. All of it happens right after the change that causes it; there is no timer.
 */
export class Controllers {
  readonly #options: ControllersOptions;
  readonly #collector: GarbageCollector;
  readonly #stop: () => void;
  #pending: (() => void)[] = [];
  #stopped = false;

  constructor(options: ControllersOptions) {
    this.#options = options;
    this.#collector = new GarbageCollector(options);
    this.#stop = options.store.listen((bucket, change) => this.#observe(bucket, change));
  }

  /** Ends all of it. */
  stop(): void {
    this.#stopped = true;
    this.#stop();
  }

  #observe(bucket: string, change: Change): void {
    const work = [this.#collector.observe(bucket, change), this.#namespaceWork(bucket, change)].filter((each) => each !== undefined);
    if (work.length === 0) return;
    this.#pending.push(...work);
    if (this.#pending.length > work.length) return;
    // Not inside the change itself: its other listeners must hear of it first.
    queueMicrotask(() => this.#work());
  }

  #work(): void {
    for (let next = this.#pending[0]; next !== undefined && !this.#stopped; next = this.#pending[0]) {
      next();
      this.#pending.shift();
    }
    this.#pending = [];
  }

  #namespaceWork(bucket: string, { type, stored }: Change): (() => void) | undefined {
    const { object } = stored;
    if (bucket === 'namespaces') {
      const name = object.metadata.name ?? '';
      if (type === 'ADDED') return () => this.#furnish(name);
      return object.metadata.deletionTimestamp !== undefined && type === 'MODIFIED' ? () => this.#empty(name) : undefined;
    }
    const namespace = object.metadata.namespace ?? '';
    if (type !== 'DELETED' || namespace === '') return undefined;
    const terminating = this.#options.store.bucket('namespaces').get(namespace)?.object.metadata.deletionTimestamp !== undefined;
    return terminating ? () => this.#empty(namespace) : undefined;
  }

  #furnish(namespace: string): void {
    const { objects, authority } = this.#options;
    objects.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
    objects.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-root-ca.crt', namespace }, data: { 'ca.crt': authority } });
  }

  /** Deletes the contents of a namespace, and the namespace once nothing of them is left. */
  #empty(namespace: string): void {
    const { store, registry } = this.#options;
    const places = registry
      .persisted()
      .filter((resource) => resource.namespaced)
      .flatMap(({ storage }) => [...store.bucket(storage).list(`${namespace}/`)].map(({ key }) => ({ bucket: storage, key })));
    for (const place of places) collect(this.#options, place);
    if (places.some(({ bucket, key }) => store.bucket(bucket).get(key) !== undefined)) return;
    const stored = store.bucket('namespaces').get(namespace);
    if (stored === undefined || (stored.object.metadata.finalizers ?? []).length > 0) return;
    const last = clone(stored.object);
    last['spec'] = {};
    store.bucket('namespaces').delete(namespace, last);
  }
}
