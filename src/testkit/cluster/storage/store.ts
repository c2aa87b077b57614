import type { KubeObject } from '../json.ts';
import { Bucket } from './bucket.ts';

/** What happened to an object. */
export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One object as stored, with the revision that wrote it. Its object is never changed after it was stored. */
export interface Stored {
  readonly key: string;
  readonly revision: number;
  readonly object: KubeObject;
}

/** One step of a bucket's history. */
export interface Change {
  readonly type: ChangeType;
  readonly revision: number;
  /** The object after the change; for a delete, its last state with the revision of the delete. */
  readonly stored: Stored;
  /** The object before the change, undefined for one that was created. */
  readonly before: Stored | undefined;
}

/** Hears every change of one bucket, in order, at the moment it happens. */
export type Listener = (change: Change) => void;

/** Hears every change of every bucket, with the bucket's name. */
export type StoreListener = (bucket: string, change: Change) => void;

/** How much history is kept. */
export interface StoreOptions {
  /** Changes kept for each resource, so that watches can resume; older ones are compacted. */
  readonly historyMax: number;
}

/** The database behind the API: one revision counter, and one bucket for each resource. */
export class Store {
  readonly #buckets = new Map<string, Bucket>();
  readonly #options: StoreOptions;
  readonly #listeners = new Set<StoreListener>();
  #revision = 1;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** The revision of the newest change of all. */
  get revision(): number {
    return this.#revision;
  }

  /** The bucket of the resource `name` (plural.group), made on first use. */
  bucket(name: string): Bucket {
    const existing = this.#buckets.get(name);
    if (existing !== undefined) return existing;
    const historyMax = this.#options.historyMax;
    const made = new Bucket({ historyMax, next: () => (this.#revision += 1), current: () => this.#revision });
    this.#buckets.set(name, made);
    made.listen((change) => {
      for (const listener of this.#listeners) listener(name, change);
    });
    return made;
  }

  /** Calls `listener` for every change of every resource from now on; the returned function ends that. */
  listen(listener: StoreListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets all history: every older revision is from now on answered with 410. */
  compact(): void {
    for (const bucket of this.#buckets.values()) bucket.compact(this.#revision);
  }
}
