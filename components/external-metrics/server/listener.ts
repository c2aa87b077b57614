import { once } from 'node:events';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { Answer, ServerRequest } from './handler.ts';

export type TlsFacts = Pick<SecureContextOptions, 'cert' | 'key' | 'minVersion'> & { readonly ca: readonly string[] };

interface ListenerOptions {
  readonly handle: (request: ServerRequest) => Promise<Answer>;
  /** Requests at the same time; more are told to come back. */
  readonly inFlightMax: number;
}

/** A TLS port for HTTP/1.1 and HTTP/2 that asks for client certificates, and takes whatever comes: judging is the handler's. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #server: Http2SecureServer | undefined;
  #tls: TlsFacts | undefined;
  #inFlight = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** @throws Error when the port cannot be had */
  async listen(port: number, host: string, tls: TlsFacts): Promise<void> {
    const server = createSecureServer({ ...contextOf(tls), allowHTTP1: true, requestCert: true, rejectUnauthorized: false });
    server.on('request', (request, response) => void this.#answer(request, response));
    server.on('connection', (socket: Socket) => this.#track(socket));
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session)).on('error', () => {});
    });
    server.on('tlsClientError', () => {});
    this.#server = server;
    this.#tls = tls;
    server.listen(port, host);
    await once(server, 'listening');
  }

  /** The certificate that is served, PEM. */
  get certificate(): TlsFacts['cert'] {
    return this.#tls?.cert;
  }

  /** Takes effect with the next connection. */
  renew(changed: Partial<TlsFacts>): void {
    if (this.#tls === undefined) return;
    this.#tls = { ...this.#tls, ...changed };
    this.#server?.setSecureContext(contextOf(this.#tls));
  }

  /** Takes no new connection; ends those that are idle now, and the others once they are. */
  drain(): void {
    this.#server?.close();
    for (const session of this.#sessions) session.close();
    if (this.#inFlight === 0) this.#cut();
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

  async #answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    request.resume();
    this.#inFlight += 1;
    try {
      const isTooMuch = this.#inFlight > this.#options.inFlightMax;
      const answer = isTooMuch ? busy : await this.#options.handle(read(request));
      if (response.writableEnded || response.destroyed) return;
      const { status, contentType, body, headers } = answer;
      response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body), ...headers });
      response.end(request.method === 'HEAD' || status === 304 ? '' : body);
    } catch {
      response.stream?.destroy();
    } finally {
      this.#inFlight -= 1;
      if (this.#inFlight === 0 && this.#server?.listening === false) this.#cut();
    }
  }
}

const busy: Answer = {
  status: 429,
  contentType: 'text/plain; charset=utf-8',
  body: 'Too many requests, please try again later.\n',
  headers: { 'retry-after': '1' },
};

function contextOf({ ca, ...context }: TlsFacts): SecureContextOptions {
  return ca.length === 0 ? context : { ...context, ca: [...ca] };
}

/** HTTP/2 gives a stand-in for its socket, always the same one, which answers for the certificate as well. */
function read(request: Http2ServerRequest): ServerRequest {
  const [path, query] = splitOnce(request.url);
  const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const [name, value] = [request.rawHeaders[at]?.toLowerCase() ?? '', request.rawHeaders[at + 1] ?? ''];
    (headers[name] ??= []).push(value);
  }
  const socket = (request.httpVersionMajor === 2 ? request.stream.session?.socket : request.socket) as TLSSocket;
  return { method: request.method, path, query: new URLSearchParams(query), headers, socket };
}

function splitOnce(url: string): readonly [string, string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}
