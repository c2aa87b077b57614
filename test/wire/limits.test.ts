import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { array, asyncProperty, assert, constantFrom, oneof, string, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiServerSettings, type Route } from '../../components/api-server/index.ts';
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

/** Waits until a client that had too much has let go. */
async function answersAgain(server: WireServer): Promise<void> {
  const answers = (): Promise<boolean> =>
    stillAnswers(server).then(
      () => true,
      () => false,
    );
  await expect.poll(answers).toBe(true);
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

describe('a client that wants too much at a time', () => {
  /** Answers when it is let, and says when it has begun. */
  function holding(path: string) {
    const [begun, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const route: Route = {
      method: 'GET',
      path,
      access: 'session',
      handle: async () => {
        begun.resolve();
        await letGo.promise;
        return { body: 'done' };
      },
    };
    return { route, begun: begun.promise, letGo: letGo.resolve };
  }

  it('of connections has those beyond the limit cut, and may have others when it lets go', async () => {
    await using server = await wireServer({ values: { 'cluster_agent.server.max_connections_per_client': 3 }, routes });
    const sockets = [await rawSocket(server.port), await rawSocket(server.port), await rawSocket(server.port)];
    for (let count = 0; count < 5; count += 1) await expect(rawSocket(server.port)).rejects.toThrow(/ECONNRESET|disconnected/);
    const complaints = server.logged.filter(({ level }) => level === 'warn');
    expect(complaints).toEqual([
      expect.objectContaining({ message: expect.stringContaining('3 connections at a time') as string, fields: { address: '127.0.0.1' } }),
    ]);
    expect(complaints[0]?.message).toContain('cluster_agent.server.max_connections_per_client');
    expect(await server.metric('api_refused{')).toEqual(['api_refused{what="connections"} 5']);
    sockets[0]?.destroy();
    await answersAgain(server);
    for (const socket of sockets) socket.destroy();
  });

  it.each(['HTTP/1.1', 'HTTP/2'])('of requests is told 429 over %s, until one is answered', async (protocol) => {
    const [first, second] = [holding('/first'), holding('/second')];
    const values = { 'cluster_agent.server.max_requests_per_client': 2 };
    await using server = await wireServer({ routes: [first.route, second.route, ...routes], values });
    await using one = goClient(server.port);
    await using two = goClient(server.port);
    await using three = protocol === 'HTTP/2' ? http2Client(server.port) : goClient(server.port);
    const answers = [one.ask('/first', { as: 'session' }), two.ask('/second', { as: 'session' })];
    await Promise.all([first.begun, second.begun]);
    const refused = await three.ask('/ok', { as: 'session' });
    expect(refused).toMatchObject({ status: 429, body: 'too many requests of this client at a time\n' });
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'x-content-type-options': 'nosniff' });
    // Who shows no token is told only that.
    expect(await three.ask('/ok')).toMatchObject({ status: 401 });
    first.letGo();
    await answers[0];
    expect(await three.ask('/ok', { as: 'session' })).toMatchObject({ status: 200 });
    second.letGo();
    expect(await Promise.all(answers)).toMatchObject([{ body: 'done' }, { body: 'done' }]);
  });

  it('takes back what a client that went away had', async () => {
    const stuck = holding('/stuck');
    await using server = await wireServer({ routes: [stuck.route, ok], values: { 'cluster_agent.server.max_requests_per_client': 1 } });
    const socket = await rawSocket(server.port);
    socket.write(`GET /stuck HTTP/1.1\r\nHost: x\r\n${authorization}\r\n\r\n`);
    await stuck.begun;
    socket.destroy();
    await answersAgain(server);
    stuck.letGo();
  });

  it('may have what 5 000 nodes behind one proxy need, and as much as it likes with 0', async () => {
    const { connectionsPerClient, requestsPerClient } = apiServerSettings;
    for (const { default: most } of [connectionsPerClient, requestsPerClient]) expect(most).toBeGreaterThanOrEqual(10_000);
    await using server = await wireServer({ routes, values: { 'cluster_agent.server.max_connections_per_client': 0 } });
    const sockets = await Promise.all(Array.from({ length: 20 }, () => rawSocket(server.port)));
    await stillAnswers(server);
    for (const socket of sockets) socket.destroy();
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
    ['a URL without a path', 'GET http:// HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['a URL that is none', 'GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
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
      oneof(constantFrom('*', '/ok', '//', '?', 'http://', 'http://[', 'http://x/ok'), string()),
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
