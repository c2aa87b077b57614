import { decodeObject } from './api/decode.ts';
import { type Surroundings, applyAllDefaults, beginLife } from './api/prepare.ts';
import { type ApiRequest, keyOf } from './api/request.ts';
import { type KubeObject, clone } from './json.ts';
import type { Registry } from './resources/registry.ts';
import { type Resource, apiVersionOf } from './resources/resource.ts';
import type { Store } from './storage/store.ts';

/** What writing past the API needs. */
export interface SystemParts {
  readonly store: Store;
  readonly registry: Registry;
  readonly around: Surroundings;
}

/** Reads and writes objects past the API: no authorization, no admission, no fault; watches see it all the same. */
export class SystemObjects {
  readonly #parts: SystemParts;

  constructor(parts: SystemParts) {
    this.#parts = parts;
  }

  /** Creates or replaces an object; a new one is defaulted and given its identity. Returns it as stored. Throws where its kind is not served. */
  put(object: KubeObject): KubeObject {
    const resource = this.#resourceOf(object);
    const bucket = this.#parts.store.bucket(resource.storage);
    const key = keyOf(resource.namespaced ? (object.metadata.namespace ?? 'default') : '', object.metadata.name ?? '');
    const before = bucket.get(key)?.object;
    const next = decodeObject(systemRequest(resource), clone(object));
    if (resource.namespaced) next.metadata.namespace ??= 'default';
    applyAllDefaults(next, resource);
    const { status } = next;
    if (before === undefined) beginLife(next, resource, this.#parts.around);
    else next.metadata = { ...before.metadata, ...next.metadata };
    if (status !== undefined) next['status'] = status;
    return bucket.put(key, next).object;
  }

  /** The object of that kind and name; undefined where there is none. */
  get(reference: { apiVersion: string; kind: string; namespace?: string; name: string }): KubeObject | undefined {
    const resource = this.#resourceOf(reference);
    return this.#parts.store.bucket(resource.storage).get(keyOf(reference.namespace ?? '', reference.name))?.object;
  }

  /** All objects of a kind, in one namespace or in all. */
  list(reference: { apiVersion: string; kind: string; namespace?: string }): KubeObject[] {
    const resource = this.#resourceOf(reference);
    const prefix = reference.namespace === undefined ? '' : `${reference.namespace}/`;
    return [...this.#parts.store.bucket(resource.storage).list(prefix)].map(({ object }) => object);
  }

  /** Removes an object at once, whatever holds it. */
  delete(reference: { apiVersion: string; kind: string; namespace?: string; name: string }): void {
    const resource = this.#resourceOf(reference);
    this.#parts.store.bucket(resource.storage).delete(keyOf(reference.namespace ?? '', reference.name));
  }

  /** The newest resourceVersion of all. */
  get revision(): number {
    return this.#parts.store.revision;
  }

  /** Forgets all history, as etcd's compaction does: older versions are answered with 410 from now on. */
  compact(): void {
    this.#parts.store.compact();
  }

  #resourceOf({ apiVersion, kind }: { apiVersion: string; kind: string }): Resource {
    const [version = '', group = ''] = apiVersion.split('/').toReversed();
    const resource = this.#parts.registry.findKind({ group, version }, kind);
    if (resource === undefined) throw new Error(`the cluster serves no ${apiVersion} ${kind}`);
    return resource;
  }
}

function systemRequest(resource: Resource): ApiRequest {
  const info = {
    isResource: true,
    verb: 'update',
    path: `/${apiVersionOf(resource)}`,
    group: resource.group,
    version: resource.version,
    namespace: '',
    plural: resource.plural,
    subresource: '',
    name: '',
    query: new URLSearchParams(),
  };
  return {
    info,
    resource,
    user: { name: 'system:apiserver', groups: ['system:masters'] },
    contentType: '',
    userAgent: 'system',
    warn: () => undefined,
  };
}
