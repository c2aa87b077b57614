import { timestamp } from '../clock.ts';
import { type KubeObject, arrayAt, clone, put, textAt } from '../json.ts';
import { isGone } from '../api/prepare.ts';
import type { Clock } from '../clock.ts';
import type { Change, Store } from '../storage/store.ts';

/** What the controllers work on. */
export interface ControllerParts {
  readonly store: Store;
  readonly clock: Clock;
}

/** Where an object is: its bucket and its key there. */
export interface Place {
  readonly bucket: string;
  readonly key: string;
}

/** Deletes an object as a controller does: at once, or with a deletion timestamp where finalizers hold it. */
export function collect({ store, clock }: ControllerParts, { bucket, key }: Place): void {
  const stored = store.bucket(bucket).get(key);
  if (stored === undefined) return;
  if ((stored.object.metadata.finalizers ?? []).length === 0) {
    store.bucket(bucket).delete(key);
    return;
  }
  if (stored.object.metadata.deletionTimestamp !== undefined) return;
  const next = clone(stored.object);
  next.metadata.deletionTimestamp = timestamp(clock.now());
  next.metadata.deletionGracePeriodSeconds = 0;
  store.bucket(bucket).put(key, next);
}

/** Removes one finalizer, and the object with it where nothing else holds it. */
function dropFinalizer({ store }: ControllerParts, { bucket, key }: Place, finalizer: string): void {
  const stored = store.bucket(bucket).get(key);
  if (stored === undefined) return;
  const next = clone(stored.object);
  const rest = (next.metadata.finalizers ?? []).filter((name) => name !== finalizer);
  put(next.metadata, ['finalizers'], rest.length > 0 ? rest : undefined);
  if (isGone(next)) store.bucket(bucket).delete(key, next);
  else store.bucket(bucket).put(key, next);
}

/** Deletes what belongs to an object that is deleted, by owner references and by the propagation that the delete asked for. */
export class GarbageCollector {
  readonly #parts: ControllerParts;
  readonly #dependents = new Map<string, Map<string, Place>>();

  constructor(parts: ControllerParts) {
    this.#parts = parts;
  }

  /** Takes note of a change; returns the work that follows from it, to be done after the change is told to everybody. */
  observe(bucket: string, { type, stored, before }: Change): (() => void) | undefined {
    const place = { bucket, key: stored.key };
    for (const uid of ownersOf(before?.object)) this.#forget(uid, place);
    if (type !== 'DELETED') for (const uid of ownersOf(stored.object)) this.#note(uid, place);
    const uid = stored.object.metadata.uid ?? '';
    if (type === 'DELETED') return this.#dependents.has(uid) ? () => this.#collectDependents(uid) : undefined;
    if (stored.object.metadata.deletionTimestamp === undefined) return undefined;
    const finalizers = stored.object.metadata.finalizers ?? [];
    if (finalizers.includes('orphan')) return () => this.#orphan(uid, place);
    if (finalizers.includes('foregroundDeletion')) return () => this.#foreground(uid, place);
    return undefined;
  }

  #note(uid: string, place: Place): void {
    const places = this.#dependents.get(uid) ?? new Map<string, Place>();
    places.set(`${place.bucket} ${place.key}`, place);
    this.#dependents.set(uid, places);
  }

  #forget(uid: string, place: Place): void {
    const places = this.#dependents.get(uid);
    places?.delete(`${place.bucket} ${place.key}`);
    if (places?.size === 0) this.#dependents.delete(uid);
  }

  #placesOf(uid: string): Place[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  #collectDependents(uid: string): void {
    for (const place of this.#placesOf(uid)) {
      const object = this.#parts.store.bucket(place.bucket).get(place.key)?.object;
      const others = ownersOf(object).filter((owner) => owner !== uid);
      if (others.length === 0) collect(this.#parts, place);
      else this.#disown(place, uid);
    }
  }

  #orphan(uid: string, owner: Place): void {
    for (const place of this.#placesOf(uid)) this.#disown(place, uid);
    dropFinalizer(this.#parts, owner, 'orphan');
  }

  /** In the foreground, the owner goes last: its finalizer falls once no dependent is left. */
  #foreground(uid: string, owner: Place): void {
    for (const place of this.#placesOf(uid)) collect(this.#parts, place);
    if (this.#placesOf(uid).length === 0) dropFinalizer(this.#parts, owner, 'foregroundDeletion');
  }

  #disown({ bucket, key }: Place, uid: string): void {
    const stored = this.#parts.store.bucket(bucket).get(key);
    if (stored === undefined) return;
    const next = clone(stored.object);
    const rest = arrayAt(next.metadata, 'ownerReferences').filter((owner) => textAt(owner, 'uid') !== uid);
    put(next.metadata, ['ownerReferences'], rest.length > 0 ? rest : undefined);
    this.#parts.store.bucket(bucket).put(key, next);
  }
}

function ownersOf(object: KubeObject | undefined): string[] {
  return arrayAt(object?.metadata, 'ownerReferences').map((owner) => textAt(owner, 'uid'));
}
