import type { Clock } from '../../src/fx/index.ts';
import type { Random } from '../random/index.ts';
import { Deadline } from './deadline.ts';
import type { Denials } from './denials.ts';
import { type InformerOptions, KubernetesError, type KubeObject } from './index.ts';
import { ListDecoder, type ListEnvelope } from './list-decoder.ts';
import { collectionPath, qualifiedName, queryOf } from './paths.ts';
import { readRefusal, refusalOf } from './refusals.ts';
import { RetryDelays } from './retry-delays.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';
import { VigilantWatch } from './vigilant-watch.ts';

/** What a reflector keeps equal to a collection of the API server. */
export interface Reflection {
  /** A whole list comes: what is not put before it ends is gone. Called again where the list has to begin anew. */
  listBegins(): void;
  put(object: KubeObject, isListed: boolean): void;
  remove(object: KubeObject): void;
  /** Resolves when what is gone has been removed. */
  listEnds(signal: AbortSignal): Promise<void>;
}

export interface ReflectorParts {
  readonly transport: Transport;
  readonly denials: Denials;
  readonly clock: Clock;
  readonly random: Random;
  readonly collection: Pick<InformerOptions<unknown>, 'resource' | 'namespace' | 'labelSelector' | 'fieldSelector'>;
  readonly reflection: Reflection;
  readonly observer: ReflectorObserver;
  /** Milliseconds that one page of a list may take; 0: no limit but that of silence. */
  readonly listTimeoutMs: number;
}

/** Who wants to know how a reflector is doing. */
export interface ReflectorObserver {
  /** The API server has begun to answer. A stand-in is a second connection of a watch, beside one that is silent. */
  opened(what: 'list' | 'watch' | 'stand-in'): void;
  /** Something went wrong; it goes on in `inMs` milliseconds. */
  failed(error: unknown, inMs: number): void;
}

/** What a reflector does next; all else that it knows is in here. */
type Step =
  /** One page of a list, or, without pages, all of it. */
  { readonly kind: 'list'; readonly continue?: string; readonly isPaged: boolean } | { readonly kind: 'watch'; readonly version: string };

interface WatchEvent {
  readonly type: string;
  /** A `Status` where the type is `ERROR`. */
  readonly object: KubeObject & Parameters<typeof refusalOf>[0];
}

const pageSize = 500;
/** A page takes etcd seconds at worst. */
const listSilenceMs = 60_000;
/** A watch that ends sooner without an event is taken for a failure, and no watch is opened sooner after the last. */
const shortWatchMs = 1000;
/** What a role or a missing CRD is the reason for does not pass within seconds. */
const refusedDelayMs = 30_000;
/** Errors of the API server that a watch meets in a row before it is given up for a new list. */
const watchFailuresMax = 6;

const firstPage: Step = { kind: 'list', isPaged: true };

/**
 * Lists a collection in pages and then watches it, for ever: what client-go calls a reflector. Every list is a quorum read, so it is
 * never older than what is known; what a list and the watches after it say is put at once, and nothing is dropped before a whole list
 * has proved it gone.
 */
export class Reflector {
  readonly #parts: ReflectorParts;
  readonly #path: string;
  readonly #delays: RetryDelays;
  #step: Step = firstPage;
  #failures = 0;

  constructor(parts: ReflectorParts) {
    const { resource, namespace } = parts.collection;
    this.#parts = parts;
    this.#path = collectionPath(resource, namespace);
    this.#delays = new RetryDelays(parts.clock, parts.random);
  }

  /** Resolves when the signal is aborted; run again, it goes on where it was. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await (this.#step.kind === 'list' ? this.#list(this.#step, signal) : this.#watch(this.#step, signal));
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  async #list(step: Step & { kind: 'list' }, signal: AbortSignal): Promise<void> {
    const { reflection, clock, listTimeoutMs: timeoutMs } = this.#parts;
    if (step.continue === undefined) reflection.listBegins();
    const reason = (): Error => new Error(`a list of ${this.#path} took longer than ${timeoutMs} ms; the API server is overloaded`);
    const deadline = new Deadline({ clock, timeoutMs, signal, reason });
    const { continue: next = '', resourceVersion = '' } = await this.#readPage(step, deadline.signal).finally(() => deadline.close());
    this.#failures = 0;
    if (next !== '') return void (this.#step = { kind: 'list', continue: next, isPaged: true });
    await reflection.listEnds(signal);
    this.#step = { kind: 'watch', version: resourceVersion };
  }

  async #readPage(step: Step & { kind: 'list' }, signal: AbortSignal): Promise<NonNullable<ListEnvelope['metadata']>> {
    const { reflection, observer } = this.#parts;
    const query = { limit: step.isPaged ? pageSize : undefined, continue: step.continue };
    const response = await this.#open(query, { signal, idleTimeoutMs: listSilenceMs });
    observer.opened('list');
    const decoder = new ListDecoder();
    for await (const chunk of response.chunks()) for (const object of decoder.push(chunk)) reflection.put(object, true);
    return decoder.end().metadata ?? {};
  }

  async #watch({ version }: Step & { kind: 'watch' }, signal: AbortSignal): Promise<void> {
    const { clock, random, observer } = this.#parts;
    const begun = clock.monotonic();
    const watch = new VigilantWatch({
      clock,
      open: async (connection, isStandIn) => {
        const query = {
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion: this.#version,
          timeoutSeconds: 300 + Math.floor(random.next() * 300),
        };
        const response = await this.#open(query, { signal: connection });
        observer.opened(isStandIn ? 'stand-in' : 'watch');
        return response;
      },
      receive: (line) => this.#receive(line),
    });
    await watch.run(signal);
    const tookMs = clock.monotonic() - begun;
    if (tookMs < shortWatchMs && this.#version === version)
      throw new Error(`very short watch of ${this.#path}: the API server ended it after ${Math.round(tookMs)} ms without an event`);
    if (tookMs < shortWatchMs) await clock.sleep(shortWatchMs - tookMs, signal);
  }

  get #version(): string | undefined {
    return this.#step.kind === 'watch' ? this.#step.version : undefined;
  }

  #receive(line: string): void {
    const { type, object }: WatchEvent = JSON.parse(line);
    if (type === 'ADDED' || type === 'MODIFIED') this.#parts.reflection.put(object, false);
    else if (type === 'DELETED') this.#parts.reflection.remove(object);
    else if (type === 'ERROR') throw refusalOf(object, { request: { method: 'GET', path: this.#path }, code: 500 });
    else if (type !== 'BOOKMARK') throw new Error(`a watch of ${this.#path} brought an event of unknown type "${type}"`);
    const { resourceVersion } = object.metadata;
    this.#failures = 0;
    if (resourceVersion !== undefined) this.#step = { kind: 'watch', version: resourceVersion };
  }

  async #open(
    query: Parameters<typeof queryOf>[0],
    options: Pick<TransportRequest, 'signal' | 'idleTimeoutMs'>,
  ): Promise<TransportResponse> {
    const { transport, denials, collection } = this.#parts;
    const { resource, namespace, labelSelector, fieldSelector } = collection;
    const request = { method: 'GET', path: this.#path + queryOf({ labelSelector, fieldSelector, ...query }), ...options };
    const response = await transport.open(request);
    const verb = 'watch' in query ? 'watch' : 'list';
    const call = { verb, resource: qualifiedName(resource), namespace, name: undefined };
    if (response.status === 200) {
      denials.granted(call);
      return response;
    }
    const error = await readRefusal(request, response);
    denials.refused(call, error);
    throw error;
  }

  async #recover(from: unknown, signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    // It was away, and what it knew of versions with it. That right after a list is no such thing, and has its delays.
    if (isExpired(from) && this.#failures > 1) this.#delays.restart();
    this.#step = this.#stepAfter(from);
    const delayMs = Math.max(this.#delays.next(), leastDelayMs(from));
    this.#parts.observer.failed(from, delayMs);
    await this.#parts.clock.sleep(delayMs, signal).catch(() => {});
  }

  /** What cannot be read on from where it was is listed anew. */
  #stepAfter(error: unknown): Step {
    const step = this.#step;
    if (!(error instanceof KubernetesError) || isPassing(error)) return this.#isHopeless(error) ? firstPage : step;
    if (step.kind === 'watch' || !isExpired(error)) return firstPage;
    // Pages that took too long to read: the snapshot is gone. Without pages there is none to lose.
    return { kind: 'list', isPaged: false };
  }

  #isHopeless(error: unknown): boolean {
    return this.#step.kind === 'watch' && error instanceof KubernetesError && error.code === 500 && this.#failures >= watchFailuresMax;
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof KubernetesError && error.code === 410;
}

/** What the same request may be answered with next time. A version that is not there yet may never come: then etcd was set back. */
function isPassing({ code, message }: KubernetesError): boolean {
  if (/too large resource version/i.test(message)) return false;
  return code === 401 || code === 403 || code === 404 || code === 429 || code >= 500;
}

function leastDelayMs(error: unknown): number {
  if (!(error instanceof KubernetesError)) return 0;
  const { code, retryAfterMs = 0 } = error;
  return code === 401 || code === 403 || code === 404 || code === 405 ? Math.max(refusedDelayMs, retryAfterMs) : retryAfterMs;
}
