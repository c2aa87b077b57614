import { stringify } from 'yaml';
import type { Clock } from '../../../src/fx/index.ts';
import { masters, type Attributes, type DelegatedAuth, type UserInfo } from '../../delegated-auth/index.ts';
import { utcTime } from '../../go-time/index.ts';
import { DelegateError, MetricError, type ExternalMetricsProvider } from '../index.ts';
import { encodeStatus, encodeValues, type MetricValueList, type StatusObject } from '../protobuf.ts';
import { quantityOf } from '../quantity.ts';
import { parseSelector, SelectorError } from '../selector.ts';
import { discovery, documents, type Document } from './documents.ts';
import { healthAnswer, isHealthPath, type Check } from './health.ts';
import type { Answer, ServerRequest } from './messages.ts';
import { discoveryFor, formFor, formsText, type MediaType } from './negotiation.ts';
import { attributesOf, group, metricIn, version, withoutSlash } from './request-info.ts';
import * as refusal from './refusals.ts';

export interface HandlerParts {
  readonly auth: DelegatedAuth;
  readonly provider: ExternalMetricsProvider;
  readonly clock: Clock;
  readonly checks: readonly Check[];
  /** Requests at the same time; more are told to come back. */
  readonly inFlightMax: number;
  /** What `/metrics` answers. */
  readonly metrics: () => Promise<string>;
  /** What `/version` answers, as JSON. */
  readonly version: object;
}

const plain = 'text/plain; charset=utf-8';
const busy: Answer = {
  status: 429,
  contentType: plain,
  body: 'Too many requests, please try again later.\n',
  headers: { 'retry-after': '1' },
};
/** Milliseconds; the limit of Kubernetes' own library. */
const timeoutMs = 60_000;

/** Answers one request after the other, whatever the connection speaks. Never throws. */
export class Handler {
  readonly #parts: HandlerParts;
  #inFlight = 0;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  async handle(request: ServerRequest): Promise<Answer> {
    const timeout = Promise.withResolvers<never>();
    const cancel = this.#parts.clock.after(timeoutMs, () => timeout.reject(refusal.timedOut()));
    this.#inFlight += 1;
    try {
      return await Promise.race([this.#answer(request), timeout.promise]);
    } catch (error) {
      return refused(request, error instanceof refusal.ApiError ? error : refusal.internalError(messageOf(error)));
    } finally {
      this.#inFlight -= 1;
      cancel();
    }
  }

  async #answer(request: ServerRequest): Promise<Answer> {
    const isTooMuch = this.#inFlight > this.#parts.inFlightMax;
    // To know whose token it is would take a call.
    if (isTooMuch && request.headers['authorization'] !== undefined) return busy;
    const user = await this.#parts.auth.authenticate(request).catch(() => undefined);
    if (user === undefined) throw refusal.unauthorized();
    // The API server's own probes must pass: for a while after one that failed it sends nobody here.
    if (isTooMuch && !user.groups.includes(masters)) return busy;
    const attributes = attributesOf(request.method, request.path);
    try {
      const { allowed, reason } = await this.#parts.auth.authorize(user, attributes);
      if (!allowed) return forbidden(request, { user, attributes, reason });
    } catch (error) {
      const query = request.query.size === 0 ? '' : `?${request.query.toString()}`;
      const uri = JSON.stringify(withoutMarkup(request.path + query));
      return { status: 500, contentType: plain, body: `Internal Server Error: ${uri}: ${messageOf(error)}\n` };
    }
    return this.#route(request);
  }

  async #route(request: ServerRequest): Promise<Answer> {
    const path = withoutSlash(request.path);
    const metric = metricIn(path);
    if (metric !== undefined) return this.#values(request, metric);
    const document = documents.get(path);
    if (document !== undefined) return documentAnswer({ ...request, path }, document);
    if (isHealthPath(path)) return healthAnswer(path, request.query, this.#parts.checks);
    if (path === '/version') return json(this.#parts.version);
    if (path === '/metrics')
      return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await this.#parts.metrics() };
    if (path === '/') return json({ paths: [...documents.keys(), '/healthz', '/livez', '/metrics', '/readyz', '/version'].toSorted() });
    if (path.startsWith(`/apis/${group}/`)) throw refusal.notFound();
    return { status: 404, contentType: plain, body: '404 page not found\n' };
  }

  async #values(request: ServerRequest, { namespace, metric }: { readonly namespace: string; readonly metric: string }): Promise<Answer> {
    if (request.method !== 'GET') throw refusal.methodNotAllowed();
    const form = formOf(request);
    // Kubernetes takes whatever stands there, also nothing, for a yes.
    if (!['false', '0', undefined].includes(request.query.get('watch')?.toLowerCase())) throw refusal.watchNotSupported(group);
    const selector = selectorIn(request.query.get('labelSelector') ?? '');
    try {
      const values = await this.#parts.provider.read({ namespace, metric, selector });
      const items = values.map(({ metricName, metricLabels, timestamp, value, quantity }) => ({
        metricName,
        metricLabels: metricLabels ?? null,
        timestamp: utcTime(timestamp * 1000),
        value: quantity ?? quantityOf(value),
      }));
      const list = { kind: 'ExternalMetricValueList', apiVersion: `${group}/${version}`, metadata: {}, items };
      return written(request, { status: 200, form, object: list, bytes: () => encodeValues(list satisfies MetricValueList) });
    } catch (error) {
      throw refusalOf(error, metric);
    }
  }
}

function refusalOf(error: unknown, metric: string): unknown {
  const details = { group, kind: metric };
  if (error instanceof DelegateError) return new refusal.ApiError(error.code, error.message, { reason: error.reason, details });
  if (!(error instanceof MetricError)) return error;
  if (error.reason === 'Forbidden') return new refusal.ApiError(403, error.message, { reason: 'Forbidden', details });
  return error.reason === undefined ? new refusal.ApiError(500, error.message) : refusal.internalError(error.message);
}

function selectorIn(text: string): ReturnType<typeof parseSelector> {
  try {
    return parseSelector(text);
  } catch (error) {
    throw error instanceof SelectorError ? refusal.badRequest(error.message) : error;
  }
}

function formOf({ headers }: ServerRequest): MediaType {
  const form = formFor(headers['accept']?.join(','));
  if (form === undefined)
    throw new refusal.ApiError(406, `only the following media types are accepted: ${formsText}`, { reason: 'NotAcceptable' });
  return form;
}

interface Writable {
  readonly status: number;
  readonly form: MediaType;
  readonly object: object;
  readonly bytes: () => Uint8Array;
}

function written(request: ServerRequest, { status, form, object, bytes }: Writable): Answer {
  if (form === 'application/vnd.kubernetes.protobuf') return { status, contentType: form, body: bytes() };
  if (form === 'application/yaml') return { status, contentType: form, body: stringify(object) };
  const text = isPretty(request) ? JSON.stringify(object, undefined, 2) : JSON.stringify(object);
  return { status, contentType: form, body: `${escapedForHtml(text)}\n` };
}

/** People read what curl and browsers show. */
function isPretty({ query, headers }: ServerRequest): boolean {
  const wanted = query.get('pretty');
  return wanted === null ? /^(?:curl|Wget|Mozilla\/5\.0)/.test(headers['user-agent']?.[0] ?? '') : isTrue(wanted);
}

function isTrue(text: string | null): boolean {
  return text === '1' || text?.toLowerCase() === 'true';
}

function refused(request: ServerRequest, { status: object }: refusal.ApiError): Answer {
  const form = formFor(request.headers['accept']?.join(',')) ?? 'application/json';
  const answer = written(request, { status: object.code, form, object, bytes: () => encodeStatus(object satisfies StatusObject) });
  return { ...answer, headers: { 'x-content-type-options': 'nosniff' } };
}

interface Denied {
  readonly user: UserInfo;
  readonly attributes: Attributes;
  readonly reason: string;
}

function forbidden(request: ServerRequest, { user: { name }, attributes, reason }: Denied): Answer {
  const because = reason === '' ? '' : `: ${reason}`;
  if ('path' in attributes) {
    const message = withoutMarkup(`forbidden: User "${name}" cannot ${attributes.verb} path "${attributes.path}"`) + because;
    return refused(request, new refusal.ApiError(403, message, { reason: 'Forbidden', details: {} }));
  }
  const { verb, resource, group: ofGroup, namespace } = attributes;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `User "${name}" cannot ${verb} resource "${resource}" in API group "${ofGroup}" ${where}`;
  const message = withoutMarkup(`${resource}.${ofGroup} is forbidden: ${what}`) + because;
  return refused(request, new refusal.ApiError(403, message, { reason: 'Forbidden', details: { group: ofGroup, kind: resource } }));
}

/** Go's JSON encoder writes these so that no browser takes them for markup; clients see the same text. */
function escapedForHtml(text: string): string {
  return text.replaceAll('&', '\\u0026').replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
}

/** What a client sent is sent back so that no browser takes it for markup, whatever form the answer has. */
function withoutMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function documentAnswer({ method, path, headers }: ServerRequest, plainDocument: Document): Answer {
  if (method !== 'GET' && method !== 'HEAD') throw refusal.methodNotAllowed();
  const wanted = path === '/apis' ? discoveryFor(headers['accept']?.join(',')) : undefined;
  const { body, contentType, etag } = wanted === undefined ? plainDocument : discovery[wanted];
  const cached = { etag, vary: 'Accept', 'cache-control': 'public' };
  if (headers['if-none-match']?.includes(etag) === true) return { status: 304, contentType, body: '', headers: cached };
  return { status: 200, contentType, body, headers: cached };
}

function json(object: object): Answer {
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(object, undefined, 2)}\n` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
