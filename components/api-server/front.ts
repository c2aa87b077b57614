import { once } from 'node:events';
import http, { type Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import type { Clock } from '../../src/fx/index.ts';
import type { KeyPair } from '../../src/certificates/index.ts';
import type { ClientLimit } from './client-limit.ts';
import type { GrpcEndpoint } from './grpc.ts';
import { headersMax, type Rest } from './rest.ts';

/** Milliseconds that a client may take; kinder to the network than to whoever keeps connections busy with nothing. */
export interface Patience {
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** Longer than clients keep an idle connection (node agents 60 s, forwarders 120 s), so that it is they who close it. */
  readonly keepAliveMs: number;
  /** Between two looks at who is late. */
  readonly checkMs: number;
}
export const patience: Patience = { handshakeMs: 5000, headersMs: 10_000, requestMs: 60_000, keepAliveMs: 130_000, checkMs: 2000 };

export interface FrontParts {
  readonly identity: KeyPair;
  readonly allowLegacyTls: boolean;
  /** How many one client may have. */
  readonly connections: ClientLimit;
  readonly rest: Rest;
  readonly grpc: GrpcEndpoint;
  readonly clock: Clock;
  readonly patience: Patience;
}

/** The one port: ends TLS and hands each connection to the server of the protocol that its client chose. */
export class Front {
  readonly #parts: FrontParts;
  readonly #tls: tls.Server;
  readonly #http: HttpServer;
  /** Every connection, from before its handshake until it is closed. */
  readonly #sockets = new Set<Socket>();
  /** Those that still shake hands, by the address and port that they come from. */
  readonly #handshakes = new Map<string, Socket>();
  /** Those of HTTP/1.1. */
  readonly #plain = new Set<TLSSocket>();

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#http = httpServer(parts);
    this.#tls = tls.createServer(tlsOptions(parts));
    this.#tls.on('connection', (socket: Socket) => this.#admit(socket));
    this.#tls.on('tlsClientError', (_, socket) => socket.destroy());
    this.#tls.on('secureConnection', (socket) => this.#hand(socket));
  }

  /** @returns the port @throws what Node says of a port that cannot be had */
  async listen(port: number): Promise<number> {
    // Without a host: at all addresses, of IPv6 too where the machine has it.
    this.#tls.listen(port);
    await once(this.#tls, 'listening');
    // Only a server that listens watches how long its connections take; this one is given its connections by another that does.
    this.#http.emit('listening');
    return (this.#tls.address() as AddressInfo).port;
  }

  /** Takes no more connections, lets requests on those that there are be answered, and after `graceMs` cuts what is left. */
  async close(graceMs: number): Promise<void> {
    const closed = this.#tls.listening ? once(this.#tls, 'close') : undefined;
    this.#tls.close();
    const busy = this.#parts.rest.drain();
    for (const socket of this.#handshakes.values()) socket.destroy();
    for (const socket of this.#plain) if (!busy.has(socket)) socket.destroySoon();
    this.#parts.grpc.drain();
    await this.#emptied(graceMs);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#http.close();
    this.#parts.grpc.close();
    this.#parts.rest.stop();
  }

  /** Before the handshake, which is what costs most. */
  #admit(socket: Socket): void {
    const { connections } = this.#parts;
    const client = socket.remoteAddress ?? '';
    if (!connections.enter(client)) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    this.#sockets.add(socket);
    this.#handshakes.set(peer, socket);
    socket.once('close', () => {
      connections.leave(client);
      this.#sockets.delete(socket);
      if (this.#handshakes.get(peer) === socket) this.#handshakes.delete(peer);
    });
  }

  #hand(socket: TLSSocket): void {
    this.#handshakes.delete(peerOf(socket));
    // What goes wrong with a connection is told to whoever has a request on it; without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    if (socket.alpnProtocol === 'h2') {
      this.#parts.grpc.accept(socket);
      return;
    }
    this.#plain.add(socket);
    socket.once('close', () => this.#plain.delete(socket));
    this.#http.emit('connection', socket);
  }

  async #emptied(graceMs: number): Promise<void> {
    const grace = new AbortController();
    const closing = [...this.#sockets].filter(({ closed }) => !closed).map((socket) => once(socket, 'close').catch(() => undefined));
    await Promise.race([Promise.all(closing), this.#parts.clock.sleep(graceMs, grace.signal).catch(() => undefined)]);
    grace.abort();
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function tlsOptions({ identity, allowLegacyTls, patience: { handshakeMs } }: FrontParts): tls.TlsOptions {
  // Go agents name no protocol; clients that name one of these two get it. OpenSSL refuses a client that shares none with the list.
  const common = { cert: identity.certificate, key: identity.key, ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: handshakeMs };
  if (!allowLegacyTls) return { ...common, minVersion: 'TLSv1.3' };
  // OpenSSL's security level 1 and above has no cipher for TLS 1.0.
  return { ...common, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
}

function httpServer({ rest, patience: { headersMs, requestMs, keepAliveMs, checkMs } }: FrontParts): HttpServer {
  return http.createServer(
    {
      maxHeaderSize: headersMax,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkMs,
    },
    (request, response) => void rest.callback(request, response),
  );
}
