import type { Readable } from 'node:stream';
import type { CallContext, CompatServiceDefinition } from 'nice-grpc';
import { token } from '../../src/fx/index.ts';

export { apiServerSettings } from './settings.ts';

/** A request to a route, after authentication. */
export interface RouteRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly query: URLSearchParams;
  /** What the path's `:name` parts matched, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly remoteAddress: string;
  /** Aborted when the client goes away or the route's time is up. */
  readonly signal: AbortSignal;
  /** The whole body. @throws RouteError 413 when it is longer than the route allows */
  readonly body: () => Promise<Uint8Array>;
  /** The body as it arrives, for handing it on. */
  readonly stream: Readable;
}

export interface RouteResponse {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text goes out as `text/plain; charset=utf-8` where `headers` give no other type. Default: none. */
  readonly body?: string | Uint8Array | Readable;
}

/** A failed request, as its client sees it: plain text with a newline. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/api/v1/tags/node/:nodeName`; each `:name` matches one part of the path. */
  readonly path: string;
  /**
   * Whose token opens it: node agents' (`cluster-agent`), or a local command's (`session`); `public` needs none, and must
   * tell nothing of the agent.
   */
  readonly access: 'cluster-agent' | 'session' | 'public';
  /** Its name in `api_requests` and `api_elapsed`; absent: not measured. */
  readonly handlerName?: string;
  /** Only the leader answers; followers forward. A follower that knows no leader answers 503. */
  readonly leaderOnly?: boolean;
  /** Bytes. Default 1 MiB. */
  readonly bodyMax?: number;
  handle(request: RouteRequest): RouteResponse | Promise<RouteResponse>;
}
/** A group: contribute with `provides: many(Route)`, or `many(Route, { flatten: true })` for a list of them. */
export const Route = token<Route>()('route');

/**
 * A gRPC service on the same port, or some methods of one: several components may each serve their methods of a service. A method that
 * nobody serves answers `UNIMPLEMENTED`. Callers have shown the cluster agent token. A stream whose `context.signal` is aborted must end:
 * its client went away, or the agent stops.
 */
export interface GrpcService {
  readonly definition: CompatServiceDefinition;
  /** Methods by their name in the definition. */
  readonly implementation: Readonly<Record<string, GrpcMethod>>;
}
type GrpcMethod = (request: never, context: CallContext) => unknown;
/** A group: contribute with `provides: many(GrpcService)`. */
export const GrpcService = token<GrpcService>()('grpc-service');

/** The agent's one TLS port: REST over HTTP/1.1 and HTTP/2, and gRPC. */
export interface ApiServer {
  /** The port that it listens on; 0 before start. */
  readonly port: number;
  /**
   * Adds a route, also while it runs; its path is 404 before.
   *
   * @returns a function that takes it off
   * @throws Error when there is a route with this method and path already
   */
  add(route: Route): () => void;
}
export const ApiServer = token<ApiServer>()('api-server');
