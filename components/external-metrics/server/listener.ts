import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { Answer, ServerRequest } from './messages.ts';

export type TlsFacts = Pick<SecureContextOptions, 'cert' | 'key' | 'minVersion'> & { readonly ca: readonly string[] };

/** Bytes. A front proxy sends a header for each group of a user, and there may be hundreds: more than Node takes by itself. */
const headersMax = 256 * 1024;
/** Streams at the same time are as many as Go lets a connection have; Node has no limit. */
const limits = {
  maxHeaderSize: headersMax,
  maxHeaderListPairs: 4096,
  settings: { maxHeaderListSize: headersMax, maxConcurrentStreams: 250 },
};

/** A TLS port for HTTP/1.1 and HTTP/2 that asks for client certificates, and takes whatever comes: judging is the handler's. */
export class Listener {
  readonly #handle: (request: ServerRequest) => Promise<Answer>;
  readonly #idleMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #server: Http2SecureServer | undefined;
  #tls: TlsFacts | undefined;
  /** Requests whose client has not got the whole answer. */
  #open = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  /** @param idleMs how long a connection is kept on which nothing is heard; API servers are heard twice a minute */
  constructor(handle: (request: ServerRequest) => Promise<Answer>, idleMs = 90_000) {
    this.#handle = handle;
    this.#idleMs = idleMs;
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** @throws Error when the port cannot be had */
  async listen(port: number, host: string, tls: TlsFacts): Promise<void> {
    const server = createSecureServer({
      ...contextOf(tls),
      ...limits,
      allowHTTP1: true,
      http1Options: { keepAliveTimeout: this.#idleMs },
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.on('request', (...pair) => {
      const [request, response] = pair as unknown as [IncomingMessage, ServerResponse];
      this.#opened(response);
      void this.#answer(overHttp1(request, response, () => this.#drained !== undefined));
    });
    // Node's compatible side, which would make a request and a response of HTTP/1 of each stream, for a third more work.
    server.removeAllListeners('stream');
    server.on('stream', (...[stream, { ':method': method = '', ':path': url = '' }, , rawHeaders]: StreamEvent) => {
      this.#opened(stream);
      void this.#answer(overHttp2(stream, { method, url, rawHeaders }));
    });
    server.on('connection', (socket: Socket) => this.#track(socket));
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.setTimeout(this.#idleMs, () => session.destroy());
      session.on('error', () => {});
      session.on('close', () => {
        this.#sessions.delete(session);
        this.#lookIfDrained();
      });
    });
    server.on('tlsClientError', () => {});
    this.#server = server;
    this.#tls = tls;
    this.#drained = undefined;
    // In Go this address means every one, of IPv6 too; Node takes none for that.
    server.listen(port, host === '0.0.0.0' ? undefined : host);
    await once(server, 'listening');
  }

  /** The certificate that is served, PEM. */
  get certificate(): TlsFacts['cert'] {
    return this.#tls?.cert;
  }

  /** Takes effect with the next connection. @throws Error when it cannot be served; what was served before then still is */
  renew(changed: Partial<TlsFacts>): void {
    if (this.#tls === undefined) return;
    const renewed = { ...this.#tls, ...changed };
    this.#server?.setSecureContext(contextOf(renewed));
    this.#tls = renewed;
  }

  /** Takes no new connection, and ends those that there are once their requests are answered: until then. */
  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    this.#server?.close();
    for (const session of this.#sessions) session.close();
    this.#lookIfDrained();
    return this.#drained.promise;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = server.listening ? once(server, 'close') : undefined;
    if (server.listening) server.close();
    this.#cut();
    await closed;
  }

  #cut(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #opened(exchange: ServerResponse | ServerHttp2Stream): void {
    this.#open += 1;
    exchange.once('close', () => {
      this.#open -= 1;
      this.#lookIfDrained();
    });
  }

  #lookIfDrained(): void {
    if (this.#open === 0 && this.#sessions.size === 0) this.#drained?.resolve();
  }

  async #answer(exchange: Exchange): Promise<void> {
    try {
      const answer = await this.#handle(read(exchange));
      if (!exchange.isOver()) send(exchange, answer);
    } catch {
      exchange.cut();
    }
  }
}

/** Node's types leave out the last. */
type StreamEvent = [stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: readonly string[]];

/** What came in a request. */
interface Received {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
}

/** A request, and where its answer goes. */
interface Exchange extends Received {
  readonly socket: TLSSocket;
  /** Answered already, or its client is gone. */
  isOver(): boolean;
  /** @param body left out where only the headers are wanted */
  send(status: number, headers: OutgoingHttpHeaders, body: string | Uint8Array | undefined): void;
  cut(): void;
}

function overHttp1(request: IncomingMessage, response: ServerResponse, isLast: () => boolean): Exchange {
  request.resume();
  const { method = '', url = '', rawHeaders } = request;
  return {
    method,
    url,
    rawHeaders,
    socket: request.socket as TLSSocket,
    isOver: () => response.writableEnded || response.destroyed,
    send: (status, headers, body) => {
      if (isLast()) response.setHeader('connection', 'close');
      response.writeHead(status, headers).end(body);
    },
    cut: () => void request.socket.destroy(),
  };
}

/** HTTP/2 gives a stand-in for its socket, always the same one, which answers for the certificate as well. */
function overHttp2(stream: ServerHttp2Stream, received: Received): Exchange {
  stream.on('error', () => {}).resume();
  return {
    ...received,
    socket: stream.session?.socket as TLSSocket,
    isOver: () => stream.closed || stream.destroyed,
    send: (status, headers, body) => {
      stream.respond({ ':status': status, ...headers }, { endStream: body === undefined });
      if (body === undefined) return;
      stream.end(body, () => {
        // Whatever the client still has to say is of no interest, and would keep the stream.
        if (!stream.endAfterHeaders) stream.close(constants.NGHTTP2_NO_ERROR);
      });
    },
    cut: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  };
}

function send(exchange: Exchange, { status, contentType, body, headers }: Answer): void {
  const isBare = exchange.method === 'HEAD' || status === 304;
  exchange.send(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body), ...headers }, isBare ? undefined : body);
}

function contextOf({ ca, ...context }: TlsFacts): SecureContextOptions {
  return ca.length === 0 ? context : { ...context, ca: [...ca] };
}

function read({ method, url, rawHeaders, socket }: Exchange): ServerRequest {
  const [path, query] = splitOnce(url);
  const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at]?.toLowerCase() ?? '', rawHeaders[at + 1] ?? ''];
    (headers[name] ??= []).push(textOf(value));
  }
  return { method, path, query: new URLSearchParams(query), headers, socket };
}

/** Node takes the bytes of a header for Latin-1; API servers write names of users and groups in UTF-8. */
function textOf(value: string): string {
  return /[^\0-\x7f]/.test(value) ? Buffer.from(value, 'latin1').toString() : value;
}

function splitOnce(url: string): readonly [string, string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}
