import type { KubeObject } from '../json.ts';
import type { Change, ChangeType, Listener, Stored } from './store.ts';

interface BucketOptions {
  readonly historyMax: number;
  /** Takes the next revision of the whole store. */
  readonly next: () => number;
  /** The newest revision of the whole store. */
  readonly current: () => number;
}

/** Snapshots kept for lists that are read page by page. */
const SNAPSHOTS_MAX = 8;

/** All objects of one resource, sorted by key, with the history of their changes. */
export class Bucket {
  readonly #options: BucketOptions;
  readonly #objects = new Map<string, Stored>();
  readonly #listeners = new Set<Listener>();
  readonly #snapshots = new Map<number, readonly Stored[]>();
  #keys: string[] = [];
  #history: Change[] = [];
  /** The revision up to which history is gone. */
  #compacted: number;

  constructor(options: BucketOptions) {
    this.#options = options;
    this.#compacted = options.current();
  }

  /** The number of objects. */
  get size(): number {
    return this.#objects.size;
  }

  /** The oldest revision from which a watch can still resume. */
  get oldestRevision(): number {
    return this.#compacted;
  }

  /** The object under `key`. */
  get(key: string): Stored | undefined {
    return this.#objects.get(key);
  }

  /** Creates or replaces the object under `key`, giving it a new resourceVersion. */
  put(key: string, object: KubeObject): Stored {
    const before = this.#objects.get(key);
    const stored = this.#revise(key, object);
    this.#objects.set(key, stored);
    if (before === undefined) this.#insertKey(key);
    this.#record({ type: before === undefined ? 'ADDED' : 'MODIFIED', stored, before });
    return stored;
  }

  /** Removes the object under `key`; `last` is its state as watchers see it, by default the stored one. */
  delete(key: string, last?: KubeObject): Stored | undefined {
    const before = this.#objects.get(key);
    if (before === undefined) return undefined;
    const stored = this.#revise(key, last ?? before.object);
    this.#objects.delete(key);
    this.#keys.splice(this.#position(key), 1);
    this.#record({ type: 'DELETED', stored, before });
    return stored;
  }

  /** All objects whose key starts with `prefix`, sorted by key; `from` skips the keys before it. Lazy: read it before the next write. */
  *list(prefix = '', from = prefix): Generator<Stored> {
    for (let index = this.#position(from); index < this.#keys.length; index += 1) {
      const key = this.#keys[index] ?? '';
      if (!key.startsWith(prefix)) return;
      const stored = this.#objects.get(key);
      if (stored !== undefined) yield stored;
    }
  }

  /** All objects under `prefix` as they were at `revision`, from the key `from` on; undefined when that history is gone. */
  listAt(revision: number, prefix = '', from = prefix): Iterable<Stored> | undefined {
    const newest = this.#history.at(-1)?.revision ?? this.#compacted;
    if (revision >= newest) return this.list(prefix, from);
    if (revision < this.#compacted) return undefined;
    return this.#snapshot(revision).filter((stored) => stored.key >= from && stored.key.startsWith(prefix));
  }

  /** The changes after `revision`, oldest first; undefined when some of them are gone. */
  changesAfter(revision: number): readonly Change[] | undefined {
    if (revision < this.#compacted) return undefined;
    let start = this.#history.length;
    while (start > 0 && (this.#history[start - 1]?.revision ?? 0) > revision) start -= 1;
    return this.#history.slice(start);
  }

  /** Calls `listener` for every change from now on; the returned function ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the history up to `revision`. */
  compact(revision: number): void {
    this.#history = this.#history.filter((change) => change.revision > revision);
    this.#compacted = Math.max(this.#compacted, revision);
    for (const kept of this.#snapshots.keys()) if (kept < revision) this.#snapshots.delete(kept);
  }

  #revise(key: string, object: KubeObject): Stored {
    const revision = this.#options.next();
    const metadata = { ...object.metadata, resourceVersion: String(revision) };
    return { key, revision, object: { ...object, metadata } };
  }

  #record(change: { type: ChangeType; stored: Stored; before: Stored | undefined }): void {
    const complete = { ...change, revision: change.stored.revision };
    this.#history.push(complete);
    // Trimmed in blocks: cutting one element off the front at every write would copy the whole history each time.
    if (this.#history.length >= this.#options.historyMax * 2) {
      const dropped = this.#history.splice(0, this.#history.length - this.#options.historyMax);
      this.compact(dropped.at(-1)?.revision ?? this.#compacted);
    }
    for (const listener of this.#listeners) listener(complete);
  }

  /** The first index whose key is not before `key`. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insertKey(key: string): void {
    const index = this.#position(key);
    if (index === this.#keys.length) this.#keys.push(key);
    else this.#keys.splice(index, 0, key);
  }

  #snapshot(revision: number): readonly Stored[] {
    const kept = this.#snapshots.get(revision);
    if (kept !== undefined) return kept;
    const past = new Map(this.#objects);
    for (const change of (this.changesAfter(revision) ?? []).toReversed()) {
      if (change.before === undefined) past.delete(change.stored.key);
      else past.set(change.stored.key, change.before);
    }
    const made = [...past.values()].toSorted((left, right) => (left.key < right.key ? -1 : 1));
    this.#snapshots.set(revision, made);
    const oldest = this.#snapshots.keys().next().value;
    if (this.#snapshots.size > SNAPSHOTS_MAX && oldest !== undefined) this.#snapshots.delete(oldest);
    return made;
  }
}
