import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Koa, { type Context } from 'koa';
import type { Clock } from '../../src/fx/index.ts';
import type { AuthTokens } from '../auth-token/index.ts';
import type { Log } from '../log/index.ts';
import type { Counter, Histogram } from '../telemetry/index.ts';
import { refusal } from './authentication.ts';
import type { ClientLimit } from './client-limit.ts';
import { RouteExchange } from './exchange.ts';
import { InFlight } from './in-flight.ts';
import { RouteError, type Route, type RouteResponse } from './index.ts';
import type { Leadership } from './leadership.ts';
import { RouteTable } from './routes.ts';

/** Bytes of all headers of a request together. */
export const headersMax = 16_384;

export interface RestParts {
  readonly tokens: AuthTokens;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds from the arrival of a request to the end of its answer. */
  readonly timeMs: number;
  /** How many one client may have answered at a time. */
  readonly perClient: ClientLimit;
  readonly requests: Counter<HandlerLabel>;
  readonly elapsed: Histogram<HandlerLabel>;
}
export type HandlerLabel = 'handler' | 'status' | 'forwarded';

/** Answers HTTP requests, over whichever connection they come: finds the route, checks the token, limits, measures. */
export class Rest {
  readonly routes = new RouteTable((route, context) => this.#serve(route, context));
  /** For Node's servers, of HTTP/1.1 and of the compatible side of HTTP/2. */
  readonly callback: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Who leads; until that is known, routes for the leader answer 503. */
  leadership: Leadership | undefined;
  readonly #parts: RestParts;
  readonly #inFlight: InFlight<RouteExchange>;
  #isDraining = false;

  constructor(parts: RestParts) {
    this.#parts = parts;
    this.#inFlight = new InFlight(parts.clock, parts.timeMs);
    const koa = new Koa();
    // Clients that go away in the middle of an answer are their own business.
    koa.on('error', (error: unknown) => parts.log.debug('an answer was cut short', { error }));
    koa.use((context) => this.#answer(context));
    this.callback = koa.callback();
  }

  /** From now on each answer tells its client to come back on another connection. @returns connections with a request on them */
  drain(): ReadonlySet<Socket> {
    this.#isDraining = true;
    return new Set(this.#inFlight.all().map(({ socket }) => socket));
  }

  /** Nothing is in flight any more. */
  stop(): void {
    this.#inFlight.stop();
    this.#isDraining = false;
  }

  async #answer(context: Context): Promise<void> {
    if (!hasPath(context)) {
      this.#send(context, textError(400, '400 bad request'));
      return;
    }
    const outcome = await this.routes.dispatch(context);
    if (outcome === 'not found') this.#send(context, textError(404, '404 page not found'));
    else if (outcome === 'wrong method') this.#send(context, { status: 405 });
  }

  /** The tokens are checked only here: an unknown path is 404 for everyone. */
  async #serve(route: Route, context: Context): Promise<void> {
    const refused = refusal(this.#parts.tokens, route.access, context.req.headers.authorization);
    if (refused !== undefined) {
      this.#send(context, refused);
      return;
    }
    const { clock, perClient } = this.#parts;
    const client = context.req.socket.remoteAddress ?? '';
    if (!perClient.enter(client)) {
      this.#send(context, tooMany);
      return;
    }
    const begun = clock.monotonic();
    const exchange = new RouteExchange(context, route);
    const leave = this.#inFlight.enter(exchange);
    context.res.once('close', () => {
      leave();
      perClient.leave(client);
      exchange.abandon('the client is gone');
    });
    const response = await this.#responseOf(route, exchange);
    this.#send(context, response);
    this.#measure(route, context, begun);
  }

  async #responseOf(route: Route, exchange: RouteExchange): Promise<RouteResponse> {
    try {
      exchange.checkLength();
      if (route.leaderOnly !== true) return await route.handle(exchange);
      if (this.leadership === undefined) throw new RouteError(503, "leader engine can't be retrieved");
      return await this.leadership.answer(route, exchange);
    } catch (error) {
      if (error instanceof RouteError) return textError(error.status, error.message);
      this.#parts.log.error('a handler of the API failed', { route: `${route.method} ${route.path}`, error });
      return textError(500, 'internal server error');
    }
  }

  #measure({ handlerName: handler }: Route, context: Context, begun: number): void {
    if (handler === undefined) return;
    const forwarded = context.response.get('X-DCA-Forwarded') || 'false';
    const labels = { handler, status: String(context.status), forwarded };
    this.#parts.requests.add(labels);
    this.#parts.elapsed.observe(labels, (this.#parts.clock.monotonic() - begun) / 1000);
  }

  #send(context: Context, { status = 200, headers = {}, body = '' }: RouteResponse): void {
    context.status = status;
    for (const name of Object.keys(headers)) context.set(name, headers[name] ?? '');
    if (typeof body === 'string' && context.response.get('Content-Type') === '') context.set('Content-Type', 'text/plain; charset=utf-8');
    // Koa takes other bytes than a Buffer's for an object to be written as JSON.
    context.body = body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : body;
    if (body === '') context.remove('Content-Type');
    if (this.#isDraining && context.req.httpVersionMajor === 1) context.set('Connection', 'close');
  }
}

/** Of URLs such as `http://` and `http://[` there is none: what reads them yields null, or throws. */
function hasPath(context: Context): boolean {
  try {
    return typeof context.path === 'string';
  } catch {
    return false;
  }
}

/** For a client that has as many requests on the way as one may. */
const tooMany: RouteResponse = {
  ...textError(429, 'too many requests of this client at a time'),
  headers: { 'X-Content-Type-Options': 'nosniff', 'Retry-After': '1' },
};

function textError(status: number, message: string): RouteResponse {
  return { status, headers: { 'X-Content-Type-Options': 'nosniff' }, body: `${message}\n` };
}
