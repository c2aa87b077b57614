import { type Json, type JsonObject, type KubeObject, clone, isObject, textAt } from '../json.ts';
import { parseBody } from '../api/decode.ts';
import type { Deleter } from '../api/deleter.ts';
import type { Patcher } from '../api/patcher.ts';
import { type Reader, listObject } from '../api/reader.ts';
import { type ApiRequest, isDryRun } from '../api/request.ts';
import { type ReviewParts, requestToken, review } from '../api/reviews.ts';
import { serveScale } from '../api/scale.ts';
import type { Watcher } from '../api/watcher.ts';
import { type Writer, deletedStatus } from '../api/writer.ts';
import type { Resource } from '../resources/resource.ts';
import { badRequest, methodNotAllowed, noSuchPath } from '../status.ts';
import { type Exchange, readBody, sendJson } from './exchange.ts';
import type { FaultGate } from './fault-gate.ts';
import type { Faults, RequestFacts } from '../faults.ts';
import { type View, viewOf } from './negotiation.ts';
import { PROTOBUF, decodeProtobuf } from './protobuf.ts';
import { type IncludeObject, type TableOptions, partialMetadata, table } from './table.ts';
import { WatchStream } from './watch-stream.ts';

/** What serving resources needs. */
export interface ResourceParts {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly patcher: Patcher;
  readonly deleter: Deleter;
  readonly watcher: Watcher;
  readonly reviews: ReviewParts;
  readonly faults: Faults;
  readonly gate: FaultGate;
  /** Milliseconds between the bookmarks of a watch. */
  readonly bookmarkMs: number;
}

/** The kinds for which a delete answers with the object, even when it is gone at once. */
const RETURN_DELETED = [
  'pods',
  'serviceaccounts',
  'persistentvolumeclaims',
  'persistentvolumes',
  'podtemplates',
  'resourcequotas',
  'replicationcontrollers',
];

/** A watch lasts half an hour to an hour where the client does not say: long enough to be in nobody's way. */
const WATCH_TIMEOUT_MS = 1_800_000;

/** Serves one request for a resource that this server has. */
export class ResourceHandler {
  readonly #parts: ResourceParts;

  constructor(parts: ResourceParts) {
    this.#parts = parts;
  }

  /** Answers. Throws what the client is to be told. */
  async handle(exchange: Exchange, resource: Resource, facts: RequestFacts): Promise<void> {
    const { info, response } = exchange;
    const request = this.#request(exchange, resource);
    const subresource = info.subresource;
    checkVerb(request);
    checkTarget(request);
    if (subresource === 'scale') return sendJson(response, 200, await serveScale(request, await optionalBody(exchange), this.#parts));
    if (subresource !== '' && !['status', 'finalize'].includes(subresource)) return this.#special(exchange, request);
    switch (info.verb) {
      case 'get':
        return this.#sendObject(exchange, request, { code: 200, object: this.#parts.reader.get(request) });
      case 'list':
        return this.#list(exchange, request);
      case 'watch':
        return this.#watch(exchange, request, facts);
      case 'create':
        return this.#create(exchange, request);
      case 'update':
        return this.#sendObject(exchange, request, { code: 200, object: await this.#parts.writer.update(request, await body(exchange)) });
      case 'patch':
        return this.#patch(exchange, request);
      case 'delete':
        return this.#delete(exchange, request);
      case 'deletecollection':
        return this.#deleteCollection(exchange, request);
      default:
        throw methodNotAllowed();
    }
  }

  #request({ request, response, info, user }: Exchange, resource: Resource): ApiRequest {
    const warnings: string[] = [];
    return {
      // A namespace is authorized as if it were in itself, a selected name as if it were in the URL: neither says where the object is.
      info: { ...info, ...(resource.namespaced ? {} : { namespace: '' }), ...(isCollectionVerb(info.verb) ? { name: '' } : {}) },
      resource,
      user,
      contentType: request.headers['content-type'] ?? '',
      userAgent: request.headers['user-agent'] ?? '',
      warn: (text) => {
        warnings.push(`299 - ${JSON.stringify(text)}`);
        response.setHeader('Warning', warnings);
      },
    };
  }

  async #special(exchange: Exchange, request: ApiRequest): Promise<void> {
    const { info, response } = exchange;
    const sent = await body(exchange);
    if (info.subresource === 'token') return sendJson(response, 201, requestToken(request, sent, this.#parts.reviews));
    if (info.subresource === 'eviction') {
      await this.#parts.deleter.delete(request, isObject(sent) ? (sent['deleteOptions'] ?? {}) : {});
      return sendJson(response, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
    }
    if (info.subresource !== 'binding' || !isObject(sent)) throw noSuchPath();
    await this.#parts.writer.change({ ...request, info: { ...info, subresource: 'bind' } }, (pod) => ({ object: bound(pod, sent) }));
    sendJson(response, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
  }

  #sendObject(
    { request, response }: Exchange,
    { resource, info }: ApiRequest,
    { code, object }: { code: number; object: KubeObject },
  ): void {
    const view = viewOf(request.headers.accept);
    const now = this.#parts.reviews.clock.now();
    sendJson(response, code, oneView(object, view, { resource, include: includeOf(info.query), now }));
  }

  #list({ request, response }: Exchange, api: ApiRequest): void {
    const view = viewOf(request.headers.accept);
    const listed = this.#parts.reader.list(api);
    const options = { resource: api.resource, include: includeOf(api.info.query), now: this.#parts.reviews.clock.now() };
    if (view === 'Table') return sendJson(response, 200, table(listed.objects, listed.metadata, options));
    if (view === 'object') return sendJson(response, 200, listObject(api.resource, listed));
    const items = listed.objects.map(partialMetadata);
    sendJson(response, 200, { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: listed.metadata, items });
  }

  #watch({ request, response, info }: Exchange, api: ApiRequest, facts: RequestFacts): void {
    const view = viewOf(request.headers.accept);
    const { gate, faults, bookmarkMs, reviews, watcher } = this.#parts;
    const seconds = Number(info.query.get('timeoutSeconds') ?? 0);
    const options = { resource: api.resource, include: includeOf(info.query) };
    const stream = new WatchStream(response, {
      facts,
      bookmarkMs,
      timeoutMs: seconds > 0 ? seconds * 1000 : WATCH_TIMEOUT_MS * (1 + Math.random()),
      view: (object) => oneView(object, view, { ...options, now: reviews.clock.now() }),
    });
    const open = watcher.prepare(api);
    gate.watching(stream, response);
    stream.start(open);
    gate.begun(stream, faults);
  }

  async #create(exchange: Exchange, request: ApiRequest): Promise<void> {
    const sent = await body(exchange);
    const answer = review(request, sent, this.#parts.reviews);
    if (answer !== undefined) return sendJson(exchange.response, 201, answer);
    if (request.info.name !== '') throw methodNotAllowed();
    return this.#sendObject(exchange, request, { code: 201, object: await this.#parts.writer.create(request, sent) });
  }

  async #patch(exchange: Exchange, request: ApiRequest): Promise<void> {
    const { object, created } = await this.#parts.patcher.patch(request, await body(exchange));
    this.#sendObject(exchange, request, { code: created ? 201 : 200, object });
  }

  async #delete(exchange: Exchange, request: ApiRequest): Promise<void> {
    const options = await optionalBody(exchange);
    const { object, gone } = await this.#parts.deleter.delete(request, options);
    if (gone && !RETURN_DELETED.includes(request.resource.storage))
      return sendJson(exchange.response, 200, deletedStatus(request.resource, object));
    return this.#sendObject(exchange, request, { code: 200, object });
  }

  async #deleteCollection(exchange: Exchange, request: ApiRequest): Promise<void> {
    const options = await optionalBody(exchange);
    isDryRun(request);
    const listed = this.#parts.reader.list(request);
    for (const { metadata } of listed.objects) {
      const info = { ...request.info, name: metadata.name ?? '', namespace: metadata.namespace ?? '' };
      await this.#parts.deleter.delete({ ...request, info }, options);
    }
    sendJson(exchange.response, 200, listObject(request.resource, listed));
  }
}

function isCollectionVerb(verb: string): boolean {
  return ['list', 'watch', 'deletecollection'].includes(verb);
}

function checkVerb({ resource, info }: ApiRequest): void {
  const { subresource, verb } = info;
  if (subresource === '') {
    if (!resource.verbs.some((known) => known === verb)) throw methodNotAllowed();
    return;
  }
  const own = resource.subresources[subresource];
  const known =
    own !== undefined || (subresource === 'status' && resource.status) || (subresource === 'scale' && resource.scale !== undefined);
  if (!known) throw noSuchPath();
  if (!(own?.verbs ?? ['get', 'patch', 'update']).includes(verb)) throw methodNotAllowed();
}

/** A create needs a namespace to create in, a change of one object its name, and nobody deletes across namespaces. */
function checkTarget({ resource, info }: ApiRequest): void {
  const lost = resource.namespaced && info.namespace === '' && ['create', 'deletecollection'].includes(info.verb);
  if (lost || (info.name === '' && ['update', 'patch', 'delete'].includes(info.verb))) throw methodNotAllowed();
}

async function body(exchange: Exchange): Promise<Json> {
  const found = await optionalBody(exchange);
  if (found === undefined) throw badRequest('the body of the request is empty');
  return found;
}

async function optionalBody({ request }: Exchange): Promise<Json | undefined> {
  const bytes = await readBody(request);
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith(PROTOBUF) && bytes.length > 0) return decodeProtobuf(bytes);
  const text = bytes.toString();
  return text.trim() === '' ? undefined : parseBody(text, type);
}

function includeOf(query: URLSearchParams): IncludeObject {
  const wanted = query.get('includeObject');
  return wanted === 'None' || wanted === 'Object' ? wanted : 'Metadata';
}

function oneView(object: KubeObject, view: View, options: TableOptions): JsonObject {
  if (view === 'object') return object;
  if (view !== 'Table') return partialMetadata(object);
  return table([object], { resourceVersion: object.metadata.resourceVersion ?? '' }, options);
}

/** A pod on the node that a Binding puts it on, as the scheduler does. */
function bound(pod: KubeObject, binding: JsonObject): KubeObject {
  const target = textAt(binding, 'target', 'name');
  const next = clone(pod);
  if (isObject(next['spec'])) next['spec']['nodeName'] = target;
  return next;
}
