import { timestamp } from '../clock.ts';
import { type Json, type KubeObject, at, clone, numberAt, put, textAt } from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import type { Stored } from '../storage/store.ts';
import { notFound } from '../status.ts';
import { isGone } from './prepare.ts';
import { type ApiRequest, isDryRun, keyOf } from './request.ts';
import { type WriterParts, checkPreconditions } from './writer.ts';

/** What a delete did. */
export interface Deletion {
  readonly object: KubeObject;
  /** False while finalizers or a grace period keep the object. */
  readonly gone: boolean;
}

/** The finalizers by which the garbage collector is asked to look after dependents first. */
const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** Deletes objects, at once or in the steps that finalizers and grace periods demand. */
export class Deleter {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Deletes the object of the request by the DeleteOptions in `options`. Throws 404 where there is none, 409 where the preconditions fail. */
  async delete(request: ApiRequest, options: Json | undefined): Promise<Deletion> {
    const { info, resource, user } = request;
    const bucket = this.#parts.store.bucket(resource.storage);
    const key = keyOf(info.namespace, info.name);
    const oldObject = bucket.get(key)?.object;
    if (oldObject === undefined) throw notFound(resource, info.name);
    checkPreconditions(options, oldObject, resource);
    await this.#parts.admission.validate({
      operation: 'DELETE',
      resource: this.#parts.registry.stored(resource),
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
      user,
      dryRun: isDryRun(request),
      object: undefined,
      oldObject,
    });
    const current = bucket.get(key);
    if (current === undefined) throw notFound(resource, info.name);
    return this.#step(request, current, options);
  }

  #step(request: ApiRequest, current: Stored, options: Json | undefined): Deletion {
    const { resource } = request;
    const bucket = this.#parts.store.bucket(resource.storage);
    const next = this.#marked(request, current.object, options);
    if (isGone(next)) {
      const last = isDryRun(request) ? next : (bucket.delete(current.key, clone(current.object))?.object ?? next);
      return { object: this.#served(resource, last), gone: true };
    }
    if (current.object.metadata.deletionTimestamp !== undefined && sameGrace(current.object, next)) {
      return { object: this.#served(resource, current.object), gone: false };
    }
    const stored = isDryRun(request) ? next : bucket.put(current.key, next).object;
    return { object: this.#served(resource, stored), gone: false };
  }

  #served(resource: Resource, object: KubeObject): KubeObject {
    return resource.conversion?.fromStorage(object) ?? object;
  }

  /** The object with its deletion asked for. */
  #marked(request: ApiRequest, object: KubeObject, options: Json | undefined): KubeObject {
    const next = clone(object);
    const { metadata } = next;
    const seconds = graceSeconds(request, object, options);
    addPropagation(next, request, options);
    if (metadata.deletionTimestamp === undefined || seconds < (metadata.deletionGracePeriodSeconds ?? 0)) {
      metadata.deletionTimestamp = timestamp(this.#parts.around.now() + seconds * 1000);
      metadata.deletionGracePeriodSeconds = seconds;
      if (metadata.generation !== undefined && object.metadata.deletionTimestamp === undefined) metadata.generation += 1;
    }
    if (next.kind === 'Namespace' && next.apiVersion === 'v1') {
      delete metadata.deletionGracePeriodSeconds;
      put(next, ['status', 'phase'], 'Terminating');
    }
    return next;
  }
}

function sameGrace(before: KubeObject, after: KubeObject): boolean {
  return before.metadata.deletionGracePeriodSeconds === after.metadata.deletionGracePeriodSeconds;
}

/** Only a pod that runs on a node gets the time to end; whoever plays the kubelet then deletes it with zero seconds. */
function graceSeconds({ info }: ApiRequest, object: KubeObject, options: Json | undefined): number {
  if (object.kind !== 'Pod' || textAt(object, 'spec', 'nodeName') === '') return 0;
  if (['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase'))) return 0;
  const wanted = info.query.get('gracePeriodSeconds');
  const seconds = numberAt(options, 'gracePeriodSeconds') ?? (wanted === null ? undefined : Number(wanted));
  return seconds ?? numberAt(object, 'spec', 'terminationGracePeriodSeconds') ?? 30;
}

function addPropagation(object: KubeObject, { info }: ApiRequest, options: Json | undefined): void {
  const policy = textAt(options, 'propagationPolicy') || (info.query.get('propagationPolicy') ?? '');
  const orphan = policy === 'Orphan' || at(options, 'orphanDependents') === true;
  const wanted = orphan ? ORPHAN : policy === 'Foreground' ? FOREGROUND : undefined;
  if (policy === '' && !orphan) return;
  const others = (object.metadata.finalizers ?? []).filter((name) => name !== ORPHAN && name !== FOREGROUND);
  const finalizers = wanted === undefined ? others : [...others, wanted];
  if (finalizers.length > 0) object.metadata.finalizers = finalizers;
  else delete object.metadata.finalizers;
}
