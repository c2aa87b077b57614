const shardsCount = 64;

/**
 * A map that grows in small steps. A Map moves all of its entries each time it has grown to twice its size, 30 ms and more for 131 072
 * of them; here each shard does so for itself.
 */
export class ShardedMap<V> {
  readonly #shards: readonly Map<string, V>[] = Array.from({ length: shardsCount }, () => new Map<string, V>());

  get size(): number {
    return this.#shards.reduce((sum, { size }) => sum + size, 0);
  }

  get(key: string): V | undefined {
    return this.#shardOf(key)?.get(key);
  }

  set(key: string, value: V): void {
    this.#shardOf(key)?.set(key, value);
  }

  delete(key: string): void {
    this.#shardOf(key)?.delete(key);
  }

  /** In no order. What is set or deleted meanwhile may be among them, or not. */
  *values(): Generator<V> {
    for (const shard of this.#shards) yield* shard.values();
  }

  #shardOf(key: string): Map<string, V> | undefined {
    let hash = 0;
    for (let at = 0; at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
    return this.#shards[hash & (shardsCount - 1)];
  }
}
