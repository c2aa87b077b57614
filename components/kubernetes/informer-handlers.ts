import type { Log } from '../log/index.ts';
import type { InformerHandler } from './index.ts';

/** What happened to the object of a key. */
export type Happening<T> =
  | { readonly kind: 'added'; readonly object: T; readonly isInInitialList: boolean }
  | { readonly kind: 'updated'; readonly object: T; readonly previous: T }
  | { readonly kind: 'deleted'; readonly object: T; readonly isFinalStateUnknown: boolean };

/** A handler among the others. */
export interface Listener<T> {
  readonly handler: InformerHandler<T>;
  /** Keys that were known before it came and that it has yet to be told of; what happens to those is left to that telling. */
  readonly owed: Set<string>;
}

/** Tells each handler everything in order. What one of them throws is logged and harms nobody. */
export class InformerHandlers<T> {
  readonly #listeners = new Set<Listener<T>>();
  readonly #resource: string;
  readonly #log: Log;

  constructor(resource: string, log: Log) {
    this.#resource = resource;
    this.#log = log;
  }

  add(handler: InformerHandler<T>, known: Iterable<string>): Listener<T> {
    const listener = { handler, owed: new Set(known) };
    this.#listeners.add(listener);
    return listener;
  }

  remove(listener: Listener<T>): void {
    this.#listeners.delete(listener);
    listener.owed.clear();
  }

  tell(key: string, happening: Happening<T>): void {
    for (const listener of this.#listeners) {
      if (listener.owed.size === 0 || !listener.owed.has(key)) this.#call(listener, key, happening);
      else if (happening.kind === 'deleted') listener.owed.delete(key);
    }
  }

  /** Tells one handler of what it is owed. */
  introduce(listener: Listener<T>, key: string, object: T): void {
    if (listener.owed.delete(key)) this.#call(listener, key, { kind: 'added', object, isInInitialList: true });
  }

  #call({ handler }: Listener<T>, key: string, happening: Happening<T>): void {
    const failed = (error: unknown): void =>
      this.#log.error(`a handler of an informer failed; its other work goes on`, {
        resource: this.#resource,
        key,
        happening: happening.kind,
        error,
      });
    try {
      const result: unknown = invoke(handler, happening);
      // A handler has no business being asynchronous; one that is must not end the process.
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
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
