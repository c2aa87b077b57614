import http2, { type Http2Server } from 'node:http2';
import { Server as GrpcJsServer } from '@grpc/grpc-js';
import type { Server } from 'nice-grpc';

/** The grpc-js server that nice-grpc makes when it is told to listen, with every service and bound to no port. */
export async function serverOf(server: Pick<Server, 'listen'>): Promise<GrpcJsServer> {
  // oxlint-disable-next-line typescript/unbound-method -- it is only put back
  const { bindAsync } = GrpcJsServer.prototype;
  let made: GrpcJsServer | undefined;
  GrpcJsServer.prototype.bindAsync = function capture(...[, , callback]) {
    // oxlint-disable-next-line typescript/no-this-alias -- the server is known to nobody but its own methods
    made = this;
    queueMicrotask(() => callback(null, 0));
  };
  try {
    const listening = server.listen('127.0.0.1:0');
    GrpcJsServer.prototype.bindAsync = bindAsync;
    await listening;
  } finally {
    GrpcJsServer.prototype.bindAsync = bindAsync;
  }
  if (made === undefined) throw new Error(twoCopies('nice-grpc made no server of our @grpc/grpc-js'));
  return made;
}

/** What `make` returns, with the HTTP/2 server that it makes on the way. */
export function http2ServerOf<T>(make: () => T): [T, Http2Server] {
  const { createServer: original } = http2;
  let made: Http2Server | undefined;
  const watched = (settings: http2.ServerOptions): Http2Server => (made = original(settings));
  Object.assign(http2, { createServer: watched });
  try {
    const value = make();
    if (made === undefined) throw new Error(twoCopies('@grpc/grpc-js made no HTTP/2 server'));
    return [value, made];
  } finally {
    Object.assign(http2, { createServer: original });
  }
}

function twoCopies(what: string): string {
  return `${what}: gRPC and REST cannot share a port; "npm ls @grpc/grpc-js" must show one copy of a version that we were tested with`;
}
