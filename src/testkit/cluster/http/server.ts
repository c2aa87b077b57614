import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import type { Faults, RequestFacts } from '../faults.ts';
import type { Authenticator } from '../security/authentication.ts';
import type { KeyPair } from '../../../certificates/index.ts';
import type { User } from '../security/user.ts';
import { sendError } from './exchange.ts';
import type { FaultGate } from './fault-gate.ts';
import { type RequestInfo, requestInfo } from './request-info.ts';
import type { Router } from './router.ts';

/** What a client did so far. */
export interface Traffic {
  /** TLS connections over which it made at least one request. */
  readonly connections: number;
  readonly requests: number;
}

/** What the listener serves with. */
export interface ServerParts {
  readonly identity: KeyPair;
  /** The authority of client certificates, PEM. */
  readonly authority: string;
  readonly authenticator: Authenticator;
  readonly router: Router;
  readonly faults: Faults;
  readonly gate: FaultGate;
}

/** The HTTPS listener: connections, who is behind them, and what they are made to suffer. */
export class HttpServer {
  readonly #parts: ServerParts;
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #traffic = new Map<string, { sockets: WeakSet<Socket>; connections: number; requests: number }>();

  constructor(parts: ServerParts) {
    this.#parts = parts;
    const { identity, authority } = parts;
    const tls = { cert: identity.certificate, key: identity.key, ca: authority, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer({ ...tls, keepAliveTimeout: 180_000 }, (request, response) => void this.#handle(request, response));
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // A client that goes away in the middle of an answer is its own business.
      socket.on('error', () => socket.destroy());
    });
  }

  /** Begins to listen on loopback and returns the port. Port 0 takes a free one. Rejects where the port is taken. */
  async listen(port: number): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#parts.gate.stop();
    for (const stream of this.#parts.gate.streams()) stream.end();
    this.#server.closeAllConnections();
    const gone = [...this.#sockets].map((socket) => once(socket, 'close'));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([closed, ...gone]);
    // The handles themselves are freed a turn after they said so: whoever looks for leaks next must not see them.
    await nextTurn();
  }

  /** What the user of this name did so far. */
  traffic(user: string): Traffic {
    const seen = this.#traffic.get(user);
    return { connections: seen?.connections ?? 0, requests: seen?.requests ?? 0 };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What the socket says is told by its own handler; a stream without one would end the process.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    try {
      const url = new URL(request.url ?? '/', 'https://in-process');
      const user = this.#parts.authenticator.authenticate(request);
      const info = requestInfo(request.method ?? 'GET', url);
      const facts = factsOf(info, user);
      this.#count(request.socket, user.name);
      if (!(await this.#parts.gate.pass(this.#parts.faults, facts, { request, response }))) return;
      await this.#parts.router.handle({ request, response, info, user }, facts);
    } catch (error) {
      sendError(response, error);
    }
  }

  #count(socket: Socket, user: string): void {
    const seen = this.#traffic.get(user) ?? { sockets: new WeakSet<Socket>(), connections: 0, requests: 0 };
    if (!seen.sockets.has(socket)) seen.connections += 1;
    seen.sockets.add(socket);
    seen.requests += 1;
    this.#traffic.set(user, seen);
    this.#parts.gate.connected(socket, user);
  }
}

function factsOf({ verb, path, group, plural, subresource, namespace, name }: RequestInfo, user: User): RequestFacts {
  return { user: user.name, verb, path, group, plural, subresource, namespace, name };
}
