import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Clock, component, many } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { DebugEndpoint, Telemetry, type DebugAnswer } from './index.ts';
import { telemetrySettings } from './settings.ts';

/** How long a scrape that is under way may hold up the stop. */
const closeTimeoutMs = 1000;
const connectionsMax = 128;
const text = 'text/plain; charset=utf-8';

/** Serves `/metrics` to everybody and `/debug/...` to this machine, without encryption or tokens. The agent runs without it too. */
export const metricsServer = component({
  name: 'metrics-server',
  requires: { config: Config, log: Log, clock: Clock, telemetry: Telemetry, endpoints: many(DebugEndpoint) },
  create: ({ config, ...needs }) => new MetricsServer({ ...needs, port: config.get(telemetrySettings.port) }),
  start: (server) => server.open(),
  stop: (server) => server.close(),
});

interface Parts {
  readonly port: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly endpoints: readonly DebugEndpoint[];
}

class MetricsServer {
  readonly #parts: Parts;
  #server: Server | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async open(): Promise<void> {
    const { port, log } = this.#parts;
    const server = createServer({ headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000 });
    server.maxConnections = connectionsMax;
    server.on('request', (request, response) => void this.#answer(request, response));
    try {
      await once(server.listen(port), 'listening');
      this.#server = server;
    } catch (error) {
      log.error(`Error creating expvar server on port ${port}: free it or set metrics_port; the agent runs without metrics`, { error });
    }
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server.close(), 'close');
    const patience = new AbortController();
    await Promise.race([closed, this.#parts.clock.sleep(closeTimeoutMs, patience.signal).catch(() => {})]);
    patience.abort();
    server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const leaving = new AbortController();
    response.once('close', () => leaving.abort(new Error('the client went away')));
    const {
      status = 200,
      contentType,
      body,
    } = await this.#answerTo(request, leaving.signal).catch((error: unknown) => {
      if (!leaving.signal.aborted) this.#parts.log.error(`cannot answer ${request.url ?? ''} on the metrics port`, { error });
      return { status: 500, contentType: text, body: 'internal error, see the log\n' };
    });
    response
      .writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
      .end(request.method === 'HEAD' ? undefined : body);
  }

  async #answerTo(request: IncomingMessage, signal: AbortSignal): Promise<DebugAnswer> {
    const url = URL.parse(request.url ?? '/', 'http://metrics');
    if (url === null) return { status: 400, contentType: text, body: '400 bad request\n' };
    const { pathname, searchParams } = url;
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, contentType: text, body: 'only GET and HEAD\n' };
    if (pathname === '/metrics')
      return { contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await this.#parts.telemetry.text() };
    const endpoint = this.#parts.endpoints.find(({ path }) => path === pathname);
    if (endpoint === undefined) return { status: 404, contentType: text, body: '404 page not found\n' };
    if (!isLoopback(request.socket.remoteAddress))
      return { status: 403, contentType: text, body: 'only from this machine: use kubectl port-forward\n' };
    return endpoint.answer(searchParams, signal);
  }
}

/** Whether a connection comes from the same network namespace, which for a pod is the pod. */
export function isLoopback(address = ''): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}
