import { once } from 'node:events';
import http2, { type ClientHttp2Session } from 'node:http2';
import tls, { type TLSSocket } from 'node:tls';
import { fakeTokens } from '../../../components/auth-token/fake.ts';
import { hot, type Work } from './work.ts';

const authorization = `Bearer ${fakeTokens['cluster-agent']}`;

/** Clients of a server, each of which asks again as soon as it is answered. */
export interface Load {
  /** Lets them ask for a while. @returns how many answers came, and how long it took until the last of them */
  run(ms: number): Promise<{ readonly answers: number; readonly ms: number }>;
  close(): void;
}

/** One client: asks once, and calls back when it is answered. */
type Ask = (answered: () => void) => void;

async function drive(clients: readonly Ask[], ms: number): Promise<{ answers: number; ms: number }> {
  const begun = performance.now();
  let answers = 0;
  const one = (ask: Ask): Promise<void> =>
    new Promise((done) => {
      const next = (): void => {
        answers += 1;
        if (performance.now() - begun < ms) ask(next);
        else done();
      };
      ask(next);
    });
  await Promise.all(clients.map(one));
  return { answers, ms: performance.now() - begun };
}

/**
 * Asks as node agents do: each over one connection, without ALPN, one request after the other. Written on bare sockets, because it is
 * not the client that is to be measured.
 */
export async function restLoad(port: number): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: 32 }, () => connect(port)));
  const clients = sockets.map((socket, index) => restClient(socket, index));
  return { run: (ms) => drive(clients, ms), close: () => sockets.forEach((socket) => socket.destroy()) };
}

export async function connect(port: number): Promise<TLSSocket> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket.setNoDelay();
}

/** The first of them. */
export const hotRequest = hot.slice(0, 1).map(requestText).join('');

/** Asks for everything in turn. @throws Error when an answer is no 200 */
function restClient(socket: TLSSocket, first: number): Ask {
  const requests = hot.map(requestText);
  let turn = first;
  let received = '';
  let answered = (): void => {};
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    const bodyAt = received.indexOf('\r\n\r\n') + 4;
    const length = Number(/^content-length: (\d+)/im.exec(received)?.[1] ?? Infinity);
    if (bodyAt === 3 || received.length < bodyAt + length) return;
    if (!received.startsWith('HTTP/1.1 200 ')) throw new Error(`the server answered ${received.slice(0, 100)}`);
    received = '';
    answered();
  });
  return (callback) => {
    answered = callback;
    turn += 1;
    socket.write(requests[turn % requests.length] ?? '');
  };
}

function requestText({ method, path, body = '' }: Work): string {
  const length = method === 'POST' ? `Content-Length: ${body.length}\r\n` : '';
  const common = 'Host: agent:5005\r\nUser-Agent: Go-http-client/1.1\r\nX-Real-Ip: 10.0.0.1\r\nAccept-Encoding: gzip\r\n';
  return `${method} ${path} HTTP/1.1\r\n${common}Authorization: ${authorization}\r\n${length}\r\n${body}`;
}

/** `TaggerFetchEntity`, by its bytes, over a few connections with many calls at a time on each. */
export async function grpcLoad(port: number): Promise<Load> {
  const sessions = await Promise.all(Array.from({ length: 4 }, () => grpcSession(port)));
  const clients = sessions.flatMap((session) => Array.from({ length: 16 }, () => grpcClient(session)));
  return { run: (ms) => drive(clients, ms), close: () => sessions.forEach((session) => session.destroy()) };
}

async function grpcSession(port: number): Promise<ClientHttp2Session> {
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  await once(session, 'connect');
  return session;
}

/** FetchEntityRequest{id: {prefix: "p", uid: "u"}, cardinality: HIGH}. */
const message = Buffer.from([0, 0, 0, 0, 10, 0x0a, 6, 0x0a, 1, 0x70, 0x12, 1, 0x75, 0x10, 2]);

export function grpcHeaders(method: string): Record<string, string> {
  const path = `/datadog.api.v1.AgentSecure/${method}`;
  return { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', authorization };
}

function grpcClient(session: ClientHttp2Session): Ask {
  const headers = grpcHeaders('TaggerFetchEntity');
  return (answered) => {
    const stream = session.request(headers);
    stream.on('trailers', ({ 'grpc-status': status }) => {
      if (status !== '0') throw new Error(`the server answered grpc-status ${String(status)}`);
    });
    stream.on('close', answered).resume().end(message);
  };
}
