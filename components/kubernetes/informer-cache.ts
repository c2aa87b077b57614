import { ShardedMap } from './sharded-map.ts';

export interface CachedObject<T> {
  readonly key: string;
  readonly object: T;
  /** Its resourceVersion. */
  readonly version: string;
  /** The number of the last list that named it; of the last list there was, where a watch has brought it. */
  list: number;
}

type Indexer<T> = (object: T) => readonly string[];

/** The objects of an informer by key, and by the values of its indexes. */
export class InformerCache<T> {
  readonly #entries = new ShardedMap<CachedObject<T>>();
  readonly #indexers: readonly (readonly [Indexer<T>, ShardedMap<Set<string>>])[];
  readonly #indexes: ReadonlyMap<string, ShardedMap<Set<string>>>;

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    const named = Object.entries(indexers).map(([name, indexer]) => [name, indexer, new ShardedMap<Set<string>>()] as const);
    this.#indexers = named.map(([, indexer, keys]) => [indexer, keys]);
    this.#indexes = new Map(named.map(([name, , keys]) => [name, keys]));
  }

  get size(): number {
    return this.#entries.size;
  }

  find(key: string): CachedObject<T> | undefined {
    return this.#entries.get(key);
  }

  /** All entries, in no order. The cache may change while they are looked through. */
  entries(): Iterable<CachedObject<T>> {
    return this.#entries.values();
  }

  /** All entries as of now. */
  snapshot(): readonly CachedObject<T>[] {
    return this.#entries.snapshot();
  }

  *objects(): Generator<T> {
    for (const { object } of this.#entries.values()) yield object;
  }

  /** @throws Error for an index that there is not */
  byIndex(index: string, value: string): T[] {
    const keys = this.#indexes.get(index);
    if (keys === undefined) throw new Error(`the informer has no index "${index}", only ${[...this.#indexes.keys()].join(', ') || 'none'}`);
    return [...(keys.get(value) ?? [])].flatMap((key) => {
      const entry = this.#entries.get(key);
      return entry === undefined ? [] : [entry.object];
    });
  }

  /** @throws what an indexer throws; nothing is changed then */
  set(entry: CachedObject<T>): void {
    const { key, object } = entry;
    const values = this.#indexers.map(([indexer]) => indexer(object));
    this.#unindex(key);
    this.#entries.set(key, entry);
    for (const [at, [, keys]] of this.#indexers.entries()) {
      for (const value of values[at] ?? []) {
        const found = keys.get(value);
        if (found === undefined) keys.set(value, new Set([key]));
        else found.add(key);
      }
    }
  }

  delete(key: string): void {
    this.#unindex(key);
    this.#entries.delete(key);
  }

  #unindex(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    for (const [indexer, keys] of this.#indexers) {
      for (const value of indexer(entry.object)) {
        const found = keys.get(value);
        found?.delete(key);
        if (found?.size === 0) keys.delete(value);
      }
    }
  }
}
