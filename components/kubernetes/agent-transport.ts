import * as http from 'node:http';
import * as https from 'node:https';
import type { Duplex } from 'node:stream';
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import { Clock, component, Lifecycle, Process } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { findAccess } from './access.ts';
import type { Access, Credentials, TlsIdentity } from './credentials.ts';
import { Exchange, isOfCertificates } from './exchange.ts';
import { kubernetesSettings, UnreachableError } from './index.ts';
import { Slice } from './slices.ts';
import { Transport, type TransportRequest, type TransportResponse } from './transport.ts';

/** The API server closes what is idle for 90 s; we do so earlier, so that no request meets a connection that is just being closed. */
const idleConnectionMs = 45_000;
/** Watches hold one each. */
const connectionsMax = 256;
/** Gateways in front of API servers add to them; Go takes 10 MiB, Node by itself 16 KiB. */
const headersMax = 1_048_576;

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
  readonly #slice: Slice;
  #agent: http.Agent | undefined;
  #tls: TlsIdentity | undefined;
  #isClosed = false;

  constructor(parts: AgentTransportParts) {
    this.#parts = parts;
    this.#slice = new Slice(parts.clock);
    this.server = parts.access.server.origin;
  }

  async open(request: TransportRequest): Promise<TransportResponse> {
    const { access } = this.#parts;
    request.signal?.throwIfAborted();
    const credentials = await unlessAborted(access.credentials(), request.signal);
    const first = await this.#send(request, credentials).catch(distrust);
    if (!(first instanceof UnreachableError) && first.status !== 401) return first;
    // Neither a connection that was not made nor a 401 has done anything: even a write may be sent again.
    const renewed = await unlessAborted(access.renew(credentials), request.signal);
    if (renewed === undefined) return orThrow(first);
    if (!(first instanceof UnreachableError)) first.discard();
    return this.#send(request, renewed);
  }

  /** Idle connections are closed: after a silence, the ones that are left may be just as dead. */
  #dropIdle(): void {
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
    const exchange = new Exchange(sent, request, { clock, server: this.server, origin: access.origin, slice: this.#slice });
    this.#running.add(exchange);
    sent.once('close', () => this.#running.delete(exchange));
    try {
      const response = await exchange.response();
      for (const text of warningsOf(response.headers.warning)) warn(text);
      return response;
    } catch (error) {
      if (error instanceof UnreachableError) this.#dropIdle();
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
      maxHeaderSize: headersMax,
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
    const agent = keepAliveAgent(this.#parts.access, tls, this.#connections);
    this.#dropIdle();
    // What still runs over the previous pool ends with its own connection.
    if (this.#agent !== undefined) this.#agent.keepSocketAlive = () => false;
    this.#tls = tls;
    this.#agent = agent;
    return agent;
  }
}

function keepAliveAgent({ server, proxy, origin }: Access, tls: TlsIdentity, connections: Set<Duplex>): http.Agent {
  const options: http.AgentOptions = {
    keepAlive: true,
    maxSockets: connectionsMax,
    timeout: idleConnectionMs,
    scheduling: 'lifo',
    ...(proxy === '' ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
  };
  const agent = server.protocol === 'http:' ? new http.Agent(options) : new https.Agent({ ...options, ...securityOf(tls, origin) });
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

/**
 * One context for all connections: Node would read the certificates again for each, and take their whole text for the name of
 * the pool with every request. What is given as a CA is trusted even where another one has signed it, as in Go: many clusters give the
 * intermediate one only.
 *
 * @throws UnreachableError with code `credentials`
 */
function securityOf(tls: TlsIdentity, origin: string): ConnectionOptions {
  try {
    const { rejectUnauthorized = true, servername } = tls;
    return {
      rejectUnauthorized,
      ...(servername === undefined ? {} : { servername }),
      secureContext: createSecureContext({ ...tls, allowPartialTrustChain: true }),
    };
  } catch (cause) {
    const problem = `${(cause as Error).message}; they must belong together, and be PEM that is not encrypted`;
    throw new UnreachableError(`the client certificate and key of ${origin} cannot be used: ${problem}`, { code: 'credentials', cause });
  }
}

/** The failure of certificates that do not fit, which newer ones may mend; any other is thrown on. */
function distrust(error: unknown): UnreachableError {
  if (error instanceof UnreachableError && (error.code === 'credentials' || isOfCertificates(error.code))) return error;
  throw error;
}

function orThrow<T>(value: T | UnreachableError): T {
  if (value instanceof UnreachableError) throw value;
  return value;
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

/** The texts of `299 - "text"`, of which one header may hold several. They are UTF-8, which Node takes for latin1. */
function warningsOf(header: string | undefined): string[] {
  if (header === undefined) return [];
  return [
    ...Buffer.from(header, 'latin1')
      .toString()
      .matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g),
  ].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}

/** Warnings are told once; from so many different ones on, again. */
const warningsMax = 256;

/** Connections to the API server that the configuration, or the pod that we are in, names. They are opened on demand after start. */
export const agentTransport = component({
  provides: Transport,
  requires: { config: Config, log: Log, clock: Clock, process: Process, lifecycle: Lifecycle },
  create({ config, log, clock, process, lifecycle }) {
    let running: AgentTransport | undefined;
    let stopping = new AbortController();
    const started = (): AgentTransport => {
      if (running === undefined) throw new UnreachableError('the client of the API server has not started', { code: 'stopped' });
      return running;
    };
    lifecycle.append({
      name: 'connections',
      start: async () => {
        stopping = new AbortController();
        const access = await findAccess({
          kubeconfigPath: config.get(kubernetesSettings.kubeconfigPath),
          caPath: config.get(kubernetesSettings.apiserverCaPath),
          tlsVerify: config.get(kubernetesSettings.apiserverTlsVerify),
          env: process.env,
          clock,
          signal: stopping.signal,
          log,
        });
        running = new AgentTransport({ access, clock, warn: toldOnce(log) });
      },
      stop: async () => {
        stopping.abort(new UnreachableError('the client of the API server is stopped', { code: 'stopped' }));
        await running?.close();
      },
    });
    return {
      get server() {
        return started().server;
      },
      open: async (request) => started().open(request),
    };
  },
});

function toldOnce(log: Log): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    // Nobody but us could use the newer version, and the agent must work with old servers.
    if (told.has(text) || / is deprecated in v/.test(text)) return;
    if (told.size >= warningsMax) told.clear();
    told.add(text);
    log.warn('the Kubernetes API server warns', { warning: text });
  };
}
