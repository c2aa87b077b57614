import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/fx/index.ts';
import type { Log } from '../log/index.ts';
import type { InformerHandler } from './index.ts';
import type { CachedObject } from './informer-cache.ts';
import { inSlices } from './slices.ts';

/** What happened to the object of a key. */
export type Happening<T> =
  | { readonly kind: 'added'; readonly object: T; readonly isInInitialList: boolean }
  | { readonly kind: 'updated'; readonly object: T; readonly previous: T }
  | { readonly kind: 'deleted'; readonly object: T; readonly isFinalStateUnknown: boolean };

type News<T> = readonly [key: string, happening: Happening<T>];

/** A handler among the others. */
interface Listener<T> {
  readonly handler: InformerHandler<T>;
  readonly leaving: AbortController;
  /** As long as it is being told of what was there before it came: what has happened since, in order. */
  backlog: News<T>[] | undefined;
}

export interface InformerHandlersParts {
  readonly resource: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tells each handler everything in order. What one of them throws is logged and harms nobody. */
export class InformerHandlers<T> {
  readonly #parts: InformerHandlersParts;
  /** Never changed, only replaced: who comes while the others are told of something knows of it already. */
  #listeners: readonly Listener<T>[] = [];

  constructor(parts: InformerHandlersParts) {
    this.#parts = parts;
  }

  /** It is told of what is known first, soon. @returns a function that takes it off */
  add(handler: InformerHandler<T>, known: readonly CachedObject<T>[]): () => void {
    const listener: Listener<T> = { handler, leaving: new AbortController(), backlog: known.length === 0 ? undefined : [] };
    this.#listeners = [...this.#listeners, listener];
    if (known.length > 0) void this.#introduce(listener, known);
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener);
      listener.leaving.abort();
    };
  }

  tell(key: string, happening: Happening<T>): void {
    for (const listener of this.#listeners) {
      if (listener.backlog === undefined) this.#call(listener, [key, happening]);
      else listener.backlog.push([key, happening]);
    }
  }

  async #introduce(listener: Listener<T>, known: readonly CachedObject<T>[]): Promise<void> {
    const options = { clock: this.#parts.clock, signal: listener.leaving.signal };
    await turn();
    await inSlices(owed(listener, known), (news) => this.#call(listener, news), options);
  }

  #call({ handler, leaving }: Listener<T>, [key, happening]: News<T>): void {
    if (leaving.signal.aborted) return;
    const { resource, log } = this.#parts;
    const failed = (error: unknown): void =>
      log.error(`a handler of an informer failed; its other work goes on`, { resource, key, happening: happening.kind, error });
    try {
      const result: unknown = invoke(handler, happening);
      // A handler has no business being asynchronous; one that is must not end the process.
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** When the last of it has been told, there is no backlog at the same moment: nothing can come in between. */
function* owed<T>(listener: Listener<T>, known: readonly CachedObject<T>[]): Generator<News<T>> {
  for (const { key, object } of known) yield [key, { kind: 'added', object, isInInitialList: true }];
  yield* listener.backlog ?? [];
  listener.backlog = undefined;
}

function invoke<T>(handler: InformerHandler<T>, happening: Happening<T>): unknown {
  switch (happening.kind) {
    case 'added':
      return handler.added?.(happening.object, happening.isInInitialList);
    case 'updated':
      return handler.updated?.(happening.object, happening.previous);
    case 'deleted':
      return handler.deleted?.(happening.object, happening.isFinalStateUnknown);
  }
  return happening satisfies never;
}
