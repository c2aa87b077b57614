import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { array, asyncProperty, assert, constantFrom, oneof, string, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Route } from '../../components/api-server/index.ts';
import { fakeTokens } from '../../components/auth-token/fake.ts';
import { manualClock } from '../../src/fx/testing.ts';
import { everythingFrom, goClient, http2Client, rawSocket } from './support/clients.ts';
import { wireServer, type WireServer } from './support/server.ts';

const ok: Route = { method: 'GET', path: '/ok', access: 'session', handle: () => ({ body: 'ok' }) };
const echo: Route = { method: 'POST', path: '/echo', access: 'session', handle: async ({ body }) => ({ body: await body() }) };
const routes = [ok, echo];
const authorization = `Authorization: Bearer ${fakeTokens.session}`;

async function stillAnswers(server: WireServer): Promise<void> {
  await using client = goClient(server.port);
  expect((await client.ask('/ok', { as: 'session' })).body).toBe('ok');
}

/** What comes back for bytes that are sent over TLS, once the server has closed the connection. */
async function answerTo(server: WireServer, bytes: string | Uint8Array, protocols: readonly string[] = []): Promise<string> {
  const socket = await rawSocket(server.port, { ALPNProtocols: [...protocols] });
  const answer = everythingFrom(socket);
  socket.end(bytes);
  return await answer;
}

function* flood(begun: () => void): Generator<Buffer> {
  for (;;) {
    yield Buffer.alloc(65_536);
    begun();
  }
}

describe('headers', () => {
  it('over 16 KiB are refused, over HTTP/1.1', async () => {
    await using server = await wireServer({ routes });
    const answer = await answerTo(server, `GET /ok HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    await stillAnswers(server);
  });

  it('over 16 KiB are refused, over HTTP/2', async () => {
    await using server = await wireServer({ routes });
    await using client = http2Client(server.port);
    const headers = { 'x-long': 'x'.repeat(17_000) };
    expect(await client.ask('/ok', { as: 'session', headers })).toMatchObject({ status: 431, body: '' });
    expect((await client.ask('/ok', { as: 'session' })).body).toBe('ok');
    await stillAnswers(server);
  });
});

describe('a client that is slow', () => {
  // As long as a machine with much else to do may need for a good client.
  const soon = { headersMs: 1500, requestMs: 2000, checkMs: 50 };

  it('with its handshake is cut', async () => {
    await using server = await wireServer({ routes, patience: { handshakeMs: 300 } });
    const socket = connect(server.port, '127.0.0.1');
    socket.resume().on('error', () => undefined);
    await once(socket, 'close');
  });

  it('with its headers is told so and cut, while others are served', async () => {
    await using server = await wireServer({ routes, patience: soon });
    const slow = Array.from({ length: 200 }, async () => {
      const socket = await rawSocket(server.port);
      const answer = everythingFrom(socket);
      socket.write('GET /ok HTTP/1.1\r\nHost: x\r\n');
      return answer;
    });
    for (let count = 0; count < 20; count += 1) await stillAnswers(server);
    for (const answer of await Promise.all(slow)) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  }, 60_000);

  it('with its body is cut', async () => {
    await using server = await wireServer({ routes, patience: soon });
    const socket = await rawSocket(server.port);
    const answer = everythingFrom(socket);
    socket.write(`POST /echo HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Length: 100\r\n\r\nabc`);
    expect(await answer).not.toContain('200 OK');
    await stillAnswers(server);
  });

  it('with taking the answer is cut when the time is up', async () => {
    const clock = manualClock();
    const begun = Promise.withResolvers<void>();
    const endless: Route = {
      method: 'GET',
      path: '/endless',
      access: 'session',
      handle: () => ({ body: Readable.from(flood(begun.resolve)) }),
    };
    await using server = await wireServer({ routes: [endless, ...routes], clock });
    const socket = await rawSocket(server.port);
    socket.on('error', () => undefined).pause();
    socket.write(`GET /endless HTTP/1.1\r\nHost: x\r\n${authorization}\r\n\r\n`);
    await begun.promise;
    await clock.advance(60_000);
    socket.resume();
    await once(socket, 'close');
    await stillAnswers(server);
  });
});

describe('a handler that is slow', () => {
  it.each([
    ['HTTP/1.1', goClient],
    ['HTTP/2', http2Client],
  ])('is given up after cluster_agent.server.idle_timeout_seconds, over %s', async (_, clientOf) => {
    const clock = manualClock();
    const begun = Promise.withResolvers<AbortSignal>();
    const stuck: Route = {
      method: 'GET',
      path: '/stuck',
      access: 'session',
      handle: ({ signal }) => {
        begun.resolve(signal);
        return new Promise(() => {});
      },
    };
    await using server = await wireServer({ routes: [stuck, ok], clock, values: { 'cluster_agent.server.idle_timeout_seconds': 7 } });
    await using client = clientOf(server.port);
    const answer = client.ask('/stuck', { as: 'session' }).then(
      ({ status }) => status,
      () => 'cut',
    );
    const signal = await begun.promise;
    await clock.advance(6999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(String(signal.reason)).toContain('the time for this request is up');
    expect(await answer).toBe('cut');
    await stillAnswers(server);
  });
});

describe('rubbish', () => {
  it.each([
    ['no HTTP at all', '\u0016\u0003\u0001 rubbish \r\n\r\n'],
    ['an unknown version', 'GET / HTTP/9.9\r\n\r\n'],
    ['a header without a colon', 'GET /ok HTTP/1.1\r\nHost x\r\n\r\n'],
    ['two lengths', `POST /echo HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    [
      'a length and chunks',
      `POST /echo HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a bad chunk', `POST /echo HTTP/1.1\r\nHost: x\r\n${authorization}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`],
    ['a control character in a header', 'GET /ok HTTP/1.1\r\nHost: x\r\nX-A: a\u0000b\r\n\r\n'],
  ])('is a bad request: %s', async (_, bytes) => {
    await using server = await wireServer({ routes });
    expect(await answerTo(server, bytes)).toMatch(/^HTTP\/1\.1 400 /);
    await stillAnswers(server);
  });

  it('in HTTP/2 ends only its own connection', async () => {
    await using server = await wireServer({ routes });
    expect(await answerTo(server, 'GET /ok HTTP/1.1\r\n\r\n', ['h2'])).not.toContain('ok');
    expect(await answerTo(server, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\u00ff'.repeat(200)}`, ['h2'])).not.toContain('ok');
    await stillAnswers(server);
  });

  it('on the bare port ends only its own connection', async () => {
    await using server = await wireServer({ routes });
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write('GET /ok HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'close');
    await stillAnswers(server);
  });

  it('never brings it down, nor shows its inside', async () => {
    await using server = await wireServer({ routes });
    const piece = oneof(
      constantFrom('GET ', 'POST ', '/ok', '/echo', '/%', '/%ff%fe', '?', ' HTTP/1.1', '\r\n', '\r\n\r\n', 'Host: x', authorization, ': '),
      constantFrom(
        'Content-Length: 5',
        'Transfer-Encoding: chunked',
        'Connection: close',
        'Expect: 100-continue',
        'Upgrade: h2c',
        '5\r\nabcde\r\n0',
      ),
      string({ maxLength: 50 }),
    );
    const line = tuple(
      constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT', 'PRI'),
      oneof(constantFrom('*', '/ok', '//', 'http://x/ok'), string()),
    );
    const text = tuple(line, array(piece, { maxLength: 12 })).map(
      ([[method, path], pieces]) => `${method} ${path} HTTP/1.1\r\nHost: x\r\n${pieces.join('')}\r\n\r\n`,
    );
    const bytes = oneof(
      text,
      uint8Array({ maxLength: 300 }),
      array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
    );
    const attack = asyncProperty(bytes, constantFrom([], ['h2'], ['http/1.1']), async (sent, protocols) => {
      const answer = await answerTo(server, sent, protocols);
      expect(answer).not.toMatch(/ 500 |\.ts:|node:|at [A-Z]\w+\./);
    });
    await assert(attack, { numRuns: 150, endOnFailure: true });
    await stillAnswers(server);
    expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  }, 60_000);
});
