import type { Clock } from '../../src/fx/index.ts';
import type { Log } from '../log/index.ts';
import type { Informer, InformerHandler, InformerOptions, KubeObject } from './index.ts';
import { type CachedObject, InformerCache } from './informer-cache.ts';
import { InformerHandlers } from './informer-handlers.ts';
import { qualifiedName } from './paths.ts';
import type { Reflection } from './reflector.ts';
import { inSlices } from './slices.ts';

export interface CachedInformerParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds between two rounds in which handlers see every object again; 0: never. */
  readonly resyncMs: number;
}

/** The cache and the handlers of an informer; a reflector fills it. */
export class CachedInformer<T> implements Informer<T>, Reflection {
  readonly #options: InformerOptions<T>;
  readonly #parts: CachedInformerParts;
  readonly #resource: string;
  readonly #cache: InformerCache<T>;
  readonly #handlers: InformerHandlers<T>;
  readonly #waiting = new Set<() => void>();
  /** How many lists have begun. */
  #lists = 0;
  #hasSynced = false;

  constructor(options: InformerOptions<T>, parts: CachedInformerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#resource = qualifiedName(options.resource);
    this.#cache = new InformerCache(options.indexers);
    this.#handlers = new InformerHandlers({ ...parts, resource: this.#resource });
  }

  get(key: string): T | undefined {
    return this.#cache.find(key)?.object;
  }

  list(): Iterable<T> {
    return this.#cache.objects();
  }

  get size(): number {
    return this.#cache.size;
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#cache.byIndex(index, value);
  }

  handle(handler: InformerHandler<T>): () => void {
    return this.#handlers.add(handler, this.#cache.snapshot());
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  async synced(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#hasSynced) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason as Error);
    this.#waiting.add(resolve);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(resolve);
      signal.removeEventListener('abort', abort);
    }
  }

  listBegins(): void {
    this.#lists += 1;
  }

  put(object: KubeObject, isListed: boolean): void {
    const key = keyOf(object);
    const { resourceVersion: version = '' } = object.metadata;
    const known = this.#cache.find(key);
    if (known !== undefined) known.list = this.#lists;
    if (known !== undefined && known.version === version && version !== '') return;
    const kept = this.#attempt(key, () => {
      const next = this.#options.transform(object);
      this.#cache.set({ key, object: next, version, list: this.#lists });
      return { object: next };
    });
    if (kept === undefined) return;
    if (known === undefined) this.#handlers.tell(key, { kind: 'added', ...kept, isInInitialList: isListed && !this.#hasSynced });
    else this.#handlers.tell(key, { kind: 'updated', ...kept, previous: known.object });
  }

  remove(object: KubeObject): void {
    const key = keyOf(object);
    const known = this.#cache.find(key);
    if (known === undefined) return;
    this.#cache.delete(key);
    const final = this.#attempt(key, () => this.#options.transform(object));
    this.#handlers.tell(key, { kind: 'deleted', object: final ?? known.object, isFinalStateUnknown: false });
  }

  async listEnds(signal: AbortSignal): Promise<void> {
    const look = ({ key, object, list }: CachedObject<T>): void => {
      if (list === this.#lists) return;
      this.#cache.delete(key);
      this.#handlers.tell(key, { kind: 'deleted', object, isFinalStateUnknown: true });
    };
    await inSlices(this.#cache.entries(), look, { clock: this.#parts.clock, signal });
    signal.throwIfAborted();
    this.#hasSynced = true;
    for (const resolve of this.#waiting) resolve();
  }

  /** Shows handlers every object again, round after round, until the signal is aborted: what heals those that dropped something. */
  async resync(signal: AbortSignal): Promise<void> {
    const { clock, resyncMs } = this.#parts;
    if (resyncMs <= 0) return;
    while (!signal.aborted) {
      await clock.sleep(resyncMs, signal).catch(() => {});
      if (this.#hasSynced) await inSlices(this.#cache.entries(), ({ key, object }) => this.#again(key, object), { clock, signal });
    }
  }

  #again(key: string, object: T): void {
    this.#handlers.tell(key, { kind: 'updated', object, previous: object });
  }

  /** Runs what others wrote for us on an object; where that fails, the cache stays as it is, without the object or with the last good one. */
  #attempt<R>(key: string, call: () => R): R | undefined {
    try {
      return call();
    } catch (error) {
      const message = 'an informer cannot keep an object: its transform or an indexer failed';
      this.#parts.log.error(message, { resource: this.#resource, key, error });
      return undefined;
    }
  }
}

function keyOf({ metadata: { namespace, name = '' } }: KubeObject): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}
