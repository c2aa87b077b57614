import { timestamp, type Clock } from '../clock.ts';
import { type Json, type JsonObject, type KubeObject, arrayAt, at, clone, isObject, numberAt, textAt } from '../json.ts';
import type { KeyPair } from '../../../certificates/index.ts';
import type { Store } from '../storage/store.ts';
import { StatusError } from '../status.ts';
import type { RemoteGroup } from './discovery.ts';
import { type Exchange, readBody } from './exchange.ts';
import { type Outgoing, send, textOf } from './outgoing.ts';
import type { ServiceResolver } from './service-endpoint.ts';
import type { User } from '../security/user.ts';

const BUCKET = 'apiservices.apiregistration.k8s.io';
const TIMEOUT_MS = 30_000;
const PROBE_TIMEOUT_MS = 5_000;
const PROBE_EVERY_MS = 1_000;

/** Headers that belong to one connection and are not passed on. */
const HOP_HEADERS = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'host',
  'authorization',
  'content-length',
  'proxy-authenticate',
  'te',
  'trailer',
];

/** What the aggregation layer works with. */
export interface AggregationParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly services: ServiceResolver;
  /** The certificate by which extension servers know that it is us. */
  readonly proxyClient: KeyPair;
}

/** Passes requests for groups that an APIService announces on to the server behind it, in the name of their user. */
export class Aggregation {
  readonly #parts: AggregationParts;
  readonly #resources = new Map<string, readonly JsonObject[]>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #unlisten: () => void;
  #stopped = false;

  constructor(parts: AggregationParts) {
    this.#parts = parts;
    this.#unlisten = parts.store.bucket(BUCKET).listen(({ type, stored, before }) => {
      const name = stored.object.metadata.name ?? '';
      if (type === 'DELETED') this.#resources.delete(name);
      else if (before?.object.metadata.generation !== stored.object.metadata.generation || type === 'ADDED') void this.#probe(name);
      else if (JSON.stringify(before?.object['spec']) !== JSON.stringify(stored.object['spec'])) void this.#probe(name);
    });
  }

  /** Ends probing. */
  stop(): void {
    this.#stopped = true;
    this.#unlisten();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** The groups that other servers serve. */
  groups(): RemoteGroup[] {
    return this.#remotes().map((object) => ({
      group: textAt(object, 'spec', 'group'),
      version: textAt(object, 'spec', 'version'),
      resources: this.#resources.get(object.metadata.name ?? ''),
    }));
  }

  /** Answers a request for a remote group; false where it is for none. Throws 503 where nobody is there. */
  async proxy({ request, response, user }: Exchange, group: string, version: string): Promise<boolean> {
    const service = this.#remotes().find(
      (object) => textAt(object, 'spec', 'group') === group && textAt(object, 'spec', 'version') === version,
    );
    if (service === undefined) return false;
    const method = request.method ?? 'GET';
    const body = ['GET', 'HEAD'].includes(method) ? Buffer.alloc(0) : await readBody(request);
    const passed = Object.entries(request.headers).filter(
      ([name, value]) => value !== undefined && !HOP_HEADERS.includes(name) && !name.startsWith('x-remote-'),
    );
    const headers: Record<string, string | string[]> = Object.fromEntries(passed.map(([name, value = '']) => [name, value]));
    if (body.length > 0) headers['content-length'] = String(body.length);
    const target = this.#target(service, request.url ?? '/', { ...headers, ...userHeaders(user) });
    const answer = await send({ ...target, method, body, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
      void this.#probe(service.metadata.name ?? '');
      throw unavailable(error instanceof Error ? error.message : String(error));
    });
    const kept = Object.entries(answer.headers).filter(([name]) => !HOP_HEADERS.includes(name) || name === 'content-length');
    response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
    answer.pipe(response);
    response.once('close', () => answer.destroy());
    return true;
  }

  #remotes(): KubeObject[] {
    return [...this.#parts.store.bucket(BUCKET).list()]
      .map(({ object }) => object)
      .filter((object) => isObject(at(object, 'spec', 'service')));
  }

  #target(object: KubeObject, path: string, headers: Outgoing['headers']): Omit<Outgoing, 'method' | 'timeoutMs'> {
    const [namespace, name] = [textAt(object, 'spec', 'service', 'namespace'), textAt(object, 'spec', 'service', 'name')];
    const base = this.#parts.services.resolve({ namespace, name, port: numberAt(object, 'spec', 'service', 'port') ?? 443 });
    if (base === undefined) throw unavailable(`service/${name} in "${namespace}" has no endpoints`);
    const bundle = textAt(object, 'spec', 'caBundle');
    return {
      url: base + path,
      headers: headers ?? {},
      insecure: at(object, 'spec', 'insecureSkipTLSVerify') === true,
      client: this.#parts.proxyClient,
      ...(bundle === '' ? {} : { ca: Buffer.from(bundle, 'base64').toString(), serverName: `${name}.${namespace}.svc` }),
    };
  }

  /** Asks the server behind an APIService what it serves, and writes down whether it answered; asks again until it does. */
  async #probe(name: string): Promise<void> {
    const object = this.#remotes().find((each) => each.metadata.name === name);
    if (object === undefined || this.#stopped) return;
    const path = `/apis/${textAt(object, 'spec', 'group')}/${textAt(object, 'spec', 'version')}`;
    let failure = '';
    try {
      const headers = userHeaders({ name: 'system:kube-aggregator', groups: ['system:masters'] });
      const answer = await send({ ...this.#target(object, path, headers), method: 'GET', timeoutMs: PROBE_TIMEOUT_MS });
      const list: Json = JSON.parse(await textOf(answer));
      if (answer.statusCode !== 200) throw new Error(`bad status from ${path}: ${answer.statusCode ?? 0}`);
      this.#resources.set(name, arrayAt(list, 'resources').filter(isObject));
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      this.#resources.delete(name);
    }
    if (this.#stopped) return;
    this.#report(name, failure);
    if (failure !== '') this.#probeLater(name);
  }

  #probeLater(name: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#probe(name);
    }, PROBE_EVERY_MS);
    this.#timers.add(timer);
  }

  #report(name: string, failure: string): void {
    const bucket = this.#parts.store.bucket(BUCKET);
    const stored = bucket.get(name);
    if (stored === undefined) return;
    const status = failure === '' ? 'True' : 'False';
    const [before] = arrayAt(stored.object, 'status', 'conditions');
    if (textAt(before, 'status') === status) return;
    const reason = failure === '' ? 'Passed' : 'FailedDiscoveryCheck';
    const message = failure === '' ? 'all checks passed' : failure;
    const condition = { type: 'Available', status, lastTransitionTime: timestamp(this.#parts.clock.now()), reason, message };
    bucket.put(name, { ...clone(stored.object), status: { conditions: [condition] } });
  }
}

function userHeaders({ name, groups }: User): Record<string, string | string[]> {
  return { 'X-Remote-User': name, 'X-Remote-Group': [...groups] };
}

function unavailable(why: string): StatusError {
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message: `error trying to reach service: ${why}` });
}
