import http2, { type Http2Server } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { type CompatServiceDefinition, createServer, type Server } from 'nice-grpc';
import type { AuthTokens } from '../auth-token/index.ts';
import { http2ServerOf, serverOf } from './capture.ts';
import type { ClientLimit } from './client-limit.ts';
import { guardCalls } from './grpc-calls.ts';
import type { GrpcService } from './index.ts';
import { headersMax, type Rest } from './rest.ts';

export interface GrpcParts {
  readonly tokens: AuthTokens;
  readonly rest: Rest;
  /** How many calls one client may have at a time. */
  readonly perClient: ClientLimit;
  readonly services: readonly GrpcService[];
  /** Bytes of the longest message, in both directions. */
  readonly messageMax: number;
}

/**
 * HTTP/2 without a port of its own: connections are handed in. Streams of gRPC go to nice-grpc, all others to REST.
 *
 * Neither nice-grpc nor grpc-js takes an HTTP/2 server from outside, and a proxy in between costs more than twice the CPU. So each of
 * the two is let make its server where we can see it, by way of public functions only: nothing here looks inside them.
 */
export class GrpcEndpoint {
  readonly #server: Server;
  readonly #inject: (socket: TLSSocket) => void;
  readonly #stopping: AbortController;

  private constructor(server: Server, inject: (socket: TLSSocket) => void, stopping: AbortController) {
    this.#server = server;
    this.#inject = inject;
    this.#stopping = stopping;
  }

  static async open({ tokens, rest, perClient, services, messageMax }: GrpcParts): Promise<GrpcEndpoint> {
    const stopping = new AbortController();
    const server = createServer({ ...options, ...sizes(messageMax) }).use(guardCalls({ tokens, perClient, stopping: stopping.signal }));
    for (const { definition, implementation } of services) server.add(served(definition, implementation), implementation);
    const grpcJs = await serverOf(server);
    const [injector, http2Server] = http2ServerOf(() => grpcJs.createConnectionInjector(ServerCredentials.createInsecure()));
    divide(http2Server, rest);
    return new GrpcEndpoint(server, (socket) => injector.injectConnection(socket), stopping);
  }

  accept(socket: TLSSocket): void {
    this.#inject(socket);
  }

  /** Asks streams to end and clients to open no new ones; connections close once they are idle. */
  drain(): void {
    this.#stopping.abort();
    // Never awaited: from Node 24 on it resolves at once for a server that has never listened. Who waits, waits for the sockets.
    void this.#server.shutdown();
  }

  /** Ends whatever is left. */
  close(): void {
    this.#server.forceShutdown();
  }
}

const options = {
  // Off: it keeps books on every call that nobody here reads.
  'grpc.enable_channelz': 0,
  'grpc.max_concurrent_streams': 250,
  // A peer that is gone without a word is found out, and its streams end.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  /** Megabytes that one connection may make us hold. */
  'grpc-node.max_session_memory': 64,
};

function sizes(messageMax: number): Record<string, number> {
  return { 'grpc.max_receive_message_length': messageMax, 'grpc.max_send_message_length': messageMax };
}

/** The part of a definition that there is an implementation for; grpc-js answers for all other methods. */
function served(definition: CompatServiceDefinition, implementation: GrpcService['implementation']): CompatServiceDefinition {
  const only = (methods: object): object => Object.fromEntries(Object.entries(methods).filter(([name]) => name in implementation));
  const part = 'methods' in definition ? { ...definition, methods: only(definition.methods) } : only(definition);
  return part as CompatServiceDefinition;
}

/** Hands each stream to the side that its content type belongs to. */
function divide(server: Http2Server, rest: Rest): void {
  // Node's compatible side looks after every stream of its server, gRPC's too, so it gets a server that never listens.
  const compatible = http2.createServer((request, response) => void rest.callback(request as never, response as never));
  const grpc = server.listeners('stream');
  server.removeAllListeners('stream');
  server.on('stream', (...args) => {
    const [, headers] = args;
    if (headers['content-type']?.includes('application/grpc') === true) for (const listener of grpc) Reflect.apply(listener, server, args);
    else if (lengthOf(args[3]) <= headersMax) compatible.emit('stream', ...args);
    else args[0].respond({ ':status': 431 }, { endStream: true });
  });
}

/** As HTTP/2 counts it. Node passes a limit of this on to clients, but holds them to none. */
function lengthOf(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((sum, text) => sum + text.length, 16 * rawHeaders.length);
}
