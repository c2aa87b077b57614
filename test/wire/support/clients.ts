import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import http2, { type ClientHttp2Session } from 'node:http2';
import { Agent, request } from 'node:https';
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls';
import { fakeTokens } from '../../../components/auth-token/fake.ts';

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Whose token is shown. Default: nobody's. */
  readonly as?: keyof typeof fakeTokens;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One way to speak HTTP with the server, over one connection that is kept. */
export interface Client extends AsyncDisposable {
  ask(path: string, ask?: Ask): Promise<Answer>;
}

/** As Go agents do it: TLS without ALPN, HTTP/1.1, one connection, certificate unchecked. */
export function goClient(port: number, host?: string): Client {
  return http1Client(port, [], host);
}

/** HTTP/1.1, agreed on by ALPN. */
export function namedHttp1Client(port: number): Client {
  return http1Client(port, ['http/1.1']);
}

function http1Client(port: number, ALPNProtocols: string[], host = '127.0.0.1'): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ALPNProtocols });
  return {
    async ask(path, { method = 'GET', headers = {}, body, as } = {}) {
      const outgoing = request({ host, port, path, method, agent, headers: { ...headers, ...authorization(as) } });
      outgoing.end(body);
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await text(incoming) };
    },
    [Symbol.asyncDispose]: async () => agent.destroy(),
  };
}

/** REST over HTTP/2, as curl and Go's default client do it. */
export function http2Client(port: number): Client {
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  return {
    async ask(path, { method = 'GET', headers = {}, body, as } = {}) {
      const stream = session.request({ ':path': path, ':method': method, ...headers, ...authorization(as) });
      stream.end(body);
      const [received] = (await once(stream, 'response')) as [IncomingHttpHeaders & { readonly ':status': number }];
      return { status: received[':status'], headers: received, body: await text(stream) };
    },
    [Symbol.asyncDispose]: () => closed(session),
  };
}

/** The same requests in each way that clients make them. */
export const clients: Readonly<Record<string, (port: number) => Client>> = {
  'HTTP/1.1 without ALPN': goClient,
  'HTTP/1.1': namedHttp1Client,
  'HTTP/2': http2Client,
};

/** A TLS connection for whatever no client would send. */
export async function rawSocket(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** Everything that arrives until the other side ends the connection. */
export async function everythingFrom(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  // However it ends: `once` from node:events would take a reset for a failure.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

async function closed(session: ClientHttp2Session): Promise<void> {
  if (session.closed) return;
  session.close();
  await once(session, 'close');
}

function authorization(as: Ask['as']): { authorization?: string } {
  return as === undefined ? {} : { authorization: `Bearer ${fakeTokens[as]}` };
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
