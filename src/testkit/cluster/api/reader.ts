import type { JsonObject, KubeObject } from '../json.ts';
import { type Resource, apiVersionOf } from '../resources/resource.ts';
import { type Selector, parseFieldSelector, parseLabelSelector } from '../selectors.ts';
import type { Store, Stored } from '../storage/store.ts';
import { type FieldError, StatusError, badRequest, expired, invalid, notFound, tooLargeResourceVersion } from '../status.ts';
import { labelsOf } from './prepare.ts';
import { type ApiRequest, keyOf } from './request.ts';

/** A list, or one page of it. */
export interface Listed {
  readonly objects: readonly KubeObject[];
  readonly metadata: JsonObject;
}

/** A request's selectors in one function, for objects in the version of the request. */
export function selectorOf({ info, resource }: ApiRequest): Selector {
  const labels = parseLabelSelector(info.query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(info.query.get('fieldSelector') ?? '', resource);
  return (object) => labels(labelsOf(object)) && fields(object);
}

/** Where the keys of a request's objects begin. */
export function prefixOf({ info, resource }: ApiRequest): string {
  return resource.namespaced && info.namespace !== '' ? `${info.namespace}/` : '';
}

/** An object in the version in which it was asked for. */
export function servedObject(resource: Resource, { object }: Stored): KubeObject {
  return resource.conversion?.fromStorage(object) ?? object;
}

/** Reads objects: one, or lists with their versions and pages. */
export class Reader {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** One object. Throws 404 where there is none. */
  get({ info, resource }: ApiRequest): KubeObject {
    const stored = this.#store.bucket(resource.storage).get(keyOf(info.namespace, info.name));
    if (stored === undefined) throw notFound(resource, info.name);
    return servedObject(resource, stored);
  }

  /** All objects that the request selects, or a page of them. Throws 410 for a version that is gone, 504 for one that is not there yet. */
  list(request: ApiRequest): Listed {
    const start = this.#start(request);
    const bucket = this.#store.bucket(request.resource.storage);
    const prefix = prefixOf(request);
    const from = start.after === '' ? prefix : `${prefix}${start.after}`;
    const source = bucket.listAt(start.revision, prefix, from);
    if (source === undefined) throw this.#goneError(request, start);
    const page = this.#page(request, source, start.limit);
    const metadata: JsonObject = { resourceVersion: String(start.revision) };
    if (page.next !== undefined) {
      metadata['continue'] = encodeContinue({ revision: start.revision, after: page.next.slice(prefix.length) });
      const selected = (request.info.query.get('labelSelector') ?? '') !== '' || (request.info.query.get('fieldSelector') ?? '') !== '';
      if (!selected) metadata['remainingItemCount'] = page.remaining;
    }
    return { objects: page.objects, metadata };
  }

  #page(
    request: ApiRequest,
    source: Iterable<Stored>,
    limit: number,
  ): { objects: KubeObject[]; next: string | undefined; remaining: number } {
    const { info, resource } = request;
    const plain = !info.query.has('labelSelector') && !info.query.has('fieldSelector');
    const selects = plain ? () => true : selectorOf(request);
    const objects: KubeObject[] = [];
    let next: string | undefined;
    let remaining = 0;
    for (const stored of source) {
      if (limit > 0 && objects.length === limit) {
        next ??= stored.key;
        remaining += 1;
        if (!plain) break;
        continue;
      }
      const object = servedObject(resource, stored);
      if (selects(object)) objects.push(object);
    }
    return { objects, next, remaining };
  }

  #goneError(request: ApiRequest, { after }: Start): Error {
    if (after === '') return expired('The resourceVersion for the provided list is too old.');
    const token = encodeContinue({ revision: this.#store.revision, after });
    return expired(EXPIRED_CONTINUE, request.info.query.has('limit') ? { continue: token } : {});
  }

  #start({ info, resource }: ApiRequest): Start {
    const { query } = info;
    const limit = parseLimit(query.get('limit') ?? '0');
    const token = query.get('continue') ?? '';
    const wanted = query.get('resourceVersion') ?? '';
    const match = query.get('resourceVersionMatch') ?? '';
    checkListOptions({ token, wanted, match });
    const current = this.#store.revision;
    if (token !== '') return { ...decodeContinue(token), limit };
    if (wanted === '') return { revision: current, after: '', limit };
    return this.#startAt(parseRevision(wanted), { match, limit, storage: resource.storage });
  }

  #startAt(revision: number, { match, limit, storage }: { match: string; limit: number; storage: string }): Start {
    const current = this.#store.revision;
    if (revision > current) throw tooLargeResourceVersion(revision, current);
    // Version 0 is answered from the real server's cache, which does not page; only events have no cache.
    if (revision === 0) return { revision: current, after: '', limit: storage === 'events' ? limit : 0 };
    const exact = match === 'Exact' || (match === '' && limit > 0);
    return { revision: exact ? revision : current, after: '', limit };
  }
}

interface Start {
  readonly revision: number;
  /** The rest of the key to begin with; `''` for the first page. */
  readonly after: string;
  readonly limit: number;
}

const EXPIRED_CONTINUE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

function parseLimit(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Reads a resourceVersion. Throws 500 without a reason for one that is no number: odd, but what the real server answers. */
export function parseRevision(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  throw new StatusError({
    code: 500,
    reason: '',
    message: `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  });
}

function refuse(field: string, message: string): never {
  const error: FieldError = { reason: 'FieldValueForbidden', field, message: `Forbidden: ${message}` };
  throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [error]);
}

function checkListOptions({ token, wanted, match }: { token: string; wanted: string; match: string }): void {
  if (match === '') {
    if (token !== '' && wanted !== '' && wanted !== '0') throw badRequest('specifying resource version is not allowed when using continue');
    return;
  }
  if (wanted === '') refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (token !== '') refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  if (match === 'Exact' && wanted === '0')
    refuse('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    const error: FieldError = {
      reason: 'FieldValueNotSupported',
      field: 'resourceVersionMatch',
      message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
    };
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [error]);
  }
}

function encodeContinue({ revision, after }: { revision: number; after: string }): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: after })).toString('base64url');
}

function decodeContinue(token: string): { revision: number; after: string } {
  try {
    const read: JsonObject = JSON.parse(Buffer.from(token, 'base64url').toString());
    const { rv, start } = read;
    if (typeof rv === 'number' && typeof start === 'string') return { revision: rv, after: start };
  } catch {
    // Told below: whatever it is, it is no token of ours.
  }
  throw badRequest('continue key is not valid: illegal base64 data at input byte 0');
}

/** The list object around `objects`. */
export function listObject(resource: Resource, { objects, metadata }: Listed): JsonObject {
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata,
    items: objects.map((object) => bare(object, resource)),
  };
}

/** Items of a list of a built-in kind do not repeat their type; those of custom kinds do. */
function bare(object: KubeObject, { custom }: Resource): JsonObject {
  if (custom !== undefined) return object;
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return rest;
}
