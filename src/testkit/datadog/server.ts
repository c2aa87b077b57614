import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KeyPair } from '../../certificates/index.ts';
import type { FaultEffect, Faults } from './faults.ts';
import { intakePaths, IntakeError, receive, type Received } from './intake.ts';
import { answerQuery, type Answer } from './query.ts';

/** What the server answers with and from. */
interface Parts {
  readonly identity: KeyPair | undefined;
  readonly keys: { readonly apiKey: string; readonly appKey: string };
  readonly answers: ReadonlyMap<string, Answer>;
  readonly faults: Faults;
  readonly received: Received[];
  readonly asked: string[];
  readonly rateLimit: { readonly requests: number; readonly periodSeconds: number };
}

interface Reply {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string | number>>;
}

const queryPath = '/api/v1/query';
const statusTexts: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Rate limit reached. Please try again later.',
};
const refused = (status: number, text = statusTexts[status] ?? 'An error has occurred'): Reply => ({ status, body: { errors: [text] } });

/** The listener: keys, limits, faults, and who answers what. */
export class DatadogServer {
  readonly #parts: Parts;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #period = { began: 0, requests: 0 };

  constructor(parts: Parts) {
    this.#parts = parts;
    const handle = (request: IncomingMessage, response: ServerResponse): void => void this.#handle(request, response);
    const { identity } = parts;
    this.#server = identity === undefined ? createHttp(handle) : createHttps({ cert: identity.certificate, key: identity.key }, handle);
    this.#server.on(identity === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // A client that goes away in the middle of an answer is its own business.
      socket.on('error', () => socket.destroy());
    });
  }

  /** Begins to listen on loopback and returns the port. */
  async listen(port: number): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    const closed = once(this.#server, 'close');
    this.#server.close();
    const gone = [...this.#sockets].map((socket) => once(socket, 'close'));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([closed, ...gone]);
    // The handles themselves are freed a turn after they said so: whoever looks for leaks next must not see them.
    await nextTurn();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const url = new URL(request.url ?? '/', 'http://in-process');
    const facts = { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams.get('query') ?? '' };
    for (const effect of this.#parts.faults.hit(facts)) if (!(await this.#survives(effect, response))) return;
    const reply = await this.#reply(request, url).catch((error: unknown) => {
      if (error instanceof IntakeError) return refused(400, error.message);
      response.destroy();
      return undefined;
    });
    if (reply !== undefined) send(response, reply);
  }

  /** Whether the request is still to be answered after a fault has had its effect. */
  async #survives(effect: FaultEffect, response: ServerResponse): Promise<boolean> {
    if (effect.kind === 'latency') await this.#wait(effect.milliseconds);
    else this.#spoil(effect, response);
    return effect.kind === 'latency';
  }

  #spoil(effect: FaultEffect, response: ServerResponse): void {
    if (effect.kind === 'refuse') {
      const headers = effect.code === 429 ? this.#limitHeaders(0, effect.resetSeconds ?? 10) : {};
      send(response, { ...refused(effect.code), headers });
    } else if (effect.kind === 'garbage') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>a proxy says hello</html>');
    } else if (effect.kind === 'cut') {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 1000 });
      response.write('{"status":', () => response.destroy());
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.add(timer);
    });
  }

  async #reply(request: IncomingMessage, { pathname, searchParams }: URL): Promise<Reply> {
    const given = (header: string, parameter: string): string => String(request.headers[header] ?? searchParams.get(parameter) ?? '');
    const [apiKey, appKey] = [given('dd-api-key', 'api_key'), given('dd-application-key', 'application_key')];
    const { keys, received } = this.#parts;
    const intake = intakePaths[pathname];
    if (intake === undefined && pathname !== queryPath && pathname !== '/api/v1/validate') return refused(404);
    if (apiKey !== keys.apiKey) return refused(403);
    if (pathname === '/api/v1/validate') return { status: 200, body: { valid: true } };
    if (intake !== undefined) {
      received.push(await receive(request, pathname, apiKey));
      return intake;
    }
    return appKey === keys.appKey ? this.#query(searchParams) : refused(403);
  }

  #query(parameters: URLSearchParams): Reply {
    const { rateLimit, asked, answers } = this.#parts;
    const now = Date.now() / 1000;
    if (now - this.#period.began >= rateLimit.periodSeconds) this.#period = { began: now, requests: 0 };
    this.#period.requests += 1;
    const left = rateLimit.requests - this.#period.requests;
    const headers = this.#limitHeaders(Math.max(0, left), Math.ceil(this.#period.began + rateLimit.periodSeconds - now));
    if (left < 0) return { ...refused(429), headers };
    asked.push(parameters.get('query') ?? '');
    return { ...answerQuery(parameters, answers), headers };
  }

  #limitHeaders(remaining: number, reset: number): Readonly<Record<string, string | number>> {
    const { requests, periodSeconds } = this.#parts.rateLimit;
    return {
      'X-RateLimit-Limit': requests,
      'X-RateLimit-Period': periodSeconds,
      'X-RateLimit-Remaining': remaining,
      'X-RateLimit-Reset': reset,
      'X-RateLimit-Name': 'batch_query',
    };
  }
}

function send(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}
