import * as http from 'node:http';
import * as https from 'node:https';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../src/fx/index.ts';
import type { Access, Credentials, TlsIdentity } from './credentials.ts';
import { Exchange } from './exchange.ts';
import { UnreachableError } from './index.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** The API server closes what is idle for 90 s; we do so earlier, so that no request meets a connection that is just being closed. */
const idleConnectionMs = 45_000;
/** Watches hold one each. */
const connectionsMax = 256;

export interface AgentTransportParts {
  readonly access: Access;
  readonly clock: Clock;
  /** Called with the text of each `Warning` header. */
  readonly warn: (text: string) => void;
}

/** One pool of kept connections; replaced, without cutting what runs, when certificates change. */
export class AgentTransport implements Transport {
  readonly server: string;
  readonly #parts: AgentTransportParts;
  readonly #running = new Set<Exchange>();
  readonly #connections = new Set<Duplex>();
  #agent: http.Agent | undefined;
  #tls: TlsIdentity | undefined;
  #isClosed = false;

  constructor(parts: AgentTransportParts) {
    this.#parts = parts;
    this.server = parts.access.server.origin;
  }

  async open(request: TransportRequest): Promise<TransportResponse> {
    const { access } = this.#parts;
    request.signal?.throwIfAborted();
    const credentials = await unlessAborted(access.credentials(), request.signal);
    const response = await this.#send(request, credentials);
    if (response.status !== 401) return response;
    const renewed = await unlessAborted(access.renew(credentials), request.signal);
    if (renewed === undefined) return response;
    response.discard();
    return this.#send(request, renewed);
  }

  /** Idle connections are closed: after a silence, the ones that are left may be just as dead. */
  dropIdle(): void {
    for (const sockets of Object.values(this.#agent?.freeSockets ?? {})) for (const socket of sockets ?? []) socket.destroy();
  }

  /** Ends everything that runs. Resolves when no connection is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const reason = new UnreachableError('the client of the API server is stopped', { code: 'stopped' });
    for (const exchange of this.#running) exchange.end(reason);
    const closed = [...this.#connections].map((socket) => new Promise((resolve) => void socket.once('close', resolve).destroy()));
    await Promise.all(closed);
  }

  async #send(request: TransportRequest, credentials: Credentials): Promise<TransportResponse> {
    request.signal?.throwIfAborted();
    if (this.#isClosed) throw new UnreachableError('the client of the API server is stopped', { code: 'stopped' });
    const { clock, access, warn } = this.#parts;
    const sent = this.#request(request, credentials);
    const exchange = new Exchange(sent, request, { clock, server: this.server, origin: access.origin });
    this.#running.add(exchange);
    sent.once('close', () => this.#running.delete(exchange));
    try {
      const response = await exchange.response();
      for (const text of warningsOf(response.headers.warning)) warn(text);
      return response;
    } catch (error) {
      this.dropIdle();
      throw error;
    }
  }

  #request({ method, path, accept = 'application/json', body }: TransportRequest, { tls, headers }: Credentials): http.ClientRequest {
    const { server } = this.#parts.access;
    const send = server.protocol === 'http:' ? http.request : https.request;
    return send({
      protocol: server.protocol,
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port,
      path: server.pathname.replace(/\/$/, '') + path,
      method,
      agent: this.#agentFor(tls),
      headers: {
        Accept: accept,
        'User-Agent': 'datadog-cluster-agent',
        // The length by hand: Node sends the body of a DELETE without any framing otherwise.
        ...(body === undefined ? {} : { 'Content-Type': body.type, 'Content-Length': Buffer.byteLength(body.text) }),
        ...headers,
      },
    });
  }

  #agentFor(tls: TlsIdentity): http.Agent {
    if (this.#agent !== undefined && this.#tls === tls) return this.#agent;
    this.dropIdle();
    // What still runs over the previous pool ends with its own connection.
    if (this.#agent !== undefined) this.#agent.keepSocketAlive = () => false;
    this.#tls = tls;
    this.#agent = keepAliveAgent(this.#parts.access.server.protocol, tls, this.#connections);
    return this.#agent;
  }
}

function keepAliveAgent(protocol: string, tls: TlsIdentity, connections: Set<Duplex>): http.Agent {
  const options = { keepAlive: true, maxSockets: connectionsMax, timeout: idleConnectionMs, scheduling: 'lifo' } as const;
  const agent = protocol === 'http:' ? new http.Agent(options) : new https.Agent({ ...options, ...tls });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...given) => {
    const socket = connect(...given);
    if (socket !== null && socket !== undefined) {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
    }
    return socket;
  };
  return agent;
}

/** Credentials are shared between requests, so one that is given up leaves them to the others. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort));
}

/** The texts of `299 - "text"`, of which one header may hold several. */
function warningsOf(header: string | undefined): string[] {
  return [...(header ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}
