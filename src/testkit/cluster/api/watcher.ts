import type { KubeObject } from '../json.ts';
import type { Selector } from '../selectors.ts';
import type { Change, Store } from '../storage/store.ts';
import { type StatusError, expired } from '../status.ts';
import { apiVersionOf } from '../resources/resource.ts';
import { parseRevision, prefixOf, selectorOf, servedObject } from './reader.ts';
import type { ApiRequest } from './request.ts';

/** One event of a watch, as on the wire. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: KubeObject }
  | { readonly type: 'ERROR'; readonly error: StatusError };

/** Receives the events of a watch. */
export type WatchSink = (event: WatchEvent) => void;

/** A watch that runs. */
export interface Watch {
  /** Tells the client how far it has seen; nothing where it did not ask for bookmarks. */
  bookmark(): void;
  /** Ends it. */
  close(): void;
}

interface Start {
  readonly request: ApiRequest;
  readonly selects: Selector;
  readonly revision: number;
}

/** Opens watches on the store. */
export class Watcher {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Reads what is to be watched, and throws 400 where that cannot be; the returned function begins to send events:
   * first what happened since the requested version, or everything that exists, then what happens.
   * A version that is no longer kept is answered by an ERROR event, as the real server does.
   */
  prepare(request: ApiRequest): (sink: WatchSink) => Watch {
    const wanted = request.info.query.get('resourceVersion') ?? '';
    const start = { request, selects: selectorOf(request), revision: wanted === '' ? 0 : parseRevision(wanted) };
    return (sink) => this.#begin(start, sink);
  }

  #begin({ request, selects, revision }: Start, sink: WatchSink): Watch {
    const { query } = request.info;
    const bucket = this.#store.bucket(request.resource.storage);
    const prefix = prefixOf(request);
    const bookmarks = isTrue(query.get('allowWatchBookmarks'));
    const send = (change: Change): void => {
      if (!change.stored.key.startsWith(prefix)) return;
      const event = eventOf(change, request, selects);
      if (event !== undefined) sink(event);
    };
    const bookmark = (annotations?: Record<string, string>): void =>
      sink({ type: 'BOOKMARK', object: this.#bookmark(request, annotations) });
    if (revision === 0 || isTrue(query.get('sendInitialEvents'))) {
      for (const stored of bucket.list(prefix)) {
        const object = servedObject(request.resource, stored);
        if (selects(object)) sink({ type: 'ADDED', object });
      }
      if (isTrue(query.get('sendInitialEvents')) && bookmarks) bookmark({ 'k8s.io/initial-events-end': 'true' });
    } else {
      const missed = bucket.changesAfter(revision);
      if (missed === undefined) {
        sink({ type: 'ERROR', error: expired(`too old resource version: ${revision} (${bucket.oldestRevision})`) });
        return { bookmark: () => undefined, close: () => undefined };
      }
      for (const change of missed) send(change);
    }
    const close = bucket.listen(send);
    return { bookmark: () => (bookmarks ? bookmark() : undefined), close };
  }

  #bookmark({ resource }: ApiRequest, annotations?: Record<string, string>): KubeObject {
    const metadata = { resourceVersion: String(this.#store.revision), ...(annotations === undefined ? {} : { annotations }) };
    return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
  }
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}

/** What a change is to somebody who sees only what a selector selects: an object that leaves the selection was deleted for them. */
function eventOf({ type, stored, before }: Change, { resource }: ApiRequest, selects: Selector): WatchEvent | undefined {
  const object = servedObject(resource, stored);
  const seen = before !== undefined && selects(servedObject(resource, before));
  if (type === 'DELETED') return seen ? { type, object } : undefined;
  const selected = selects(object);
  if (selected) return { type: seen ? 'MODIFIED' : 'ADDED', object };
  if (!seen || before === undefined) return undefined;
  const last = servedObject(resource, before);
  return { type: 'DELETED', object: { ...last, metadata: { ...last.metadata, resourceVersion: String(stored.revision) } } };
}
