import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RouteError, type Route } from '../../components/api-server/index.ts';
import { fakeAuthTokens, fakeTokens } from '../../components/auth-token/fake.ts';
import { clients, goClient, namedHttp1Client, rawSocket } from './support/clients.ts';
import { wireServer } from './support/server.ts';

const version: Route = {
  method: 'GET',
  path: '/version',
  access: 'cluster-agent',
  handle: () => ({ headers: { 'Content-Type': 'application/json' }, body: '{"Major":7}' }),
};
const labels: Route = {
  method: 'GET',
  path: '/api/v1/tags/node/:nodeName',
  access: 'cluster-agent',
  handlerName: 'getNodeLabels',
  handle: ({ params }) => ({ body: JSON.stringify(params) }),
};
const status: Route = { method: 'GET', path: '/status', access: 'session', handle: () => ({ body: 'fine' }) };
const empty: Route = { method: 'POST', path: '/empty', access: 'session', handle: () => ({}) };
const echo: Route = { method: 'POST', path: '/echo', access: 'session', handle: async (request) => ({ body: await request.body() }) };
// A view of some bytes, which is no Buffer.
const bytes: Route = {
  method: 'GET',
  path: '/bytes',
  access: 'session',
  handle: () => ({ body: new TextEncoder().encode('not these').subarray(4) }),
};
const routes = [version, labels, status, empty, echo, bytes];

function like(route: Route, changes: Partial<Route>): Route {
  return Object.assign({}, route, changes);
}

const text = 'text/plain; charset=utf-8';

describe.each(Object.entries(clients))('over %s', (_, clientOf) => {
  it('answers matched requests', async () => {
    await using server = await wireServer({ routes });
    await using client = clientOf(server.port);
    const json = await client.ask('/version', { as: 'cluster-agent' });
    expect([json.status, json.headers['content-type'], json.body]).toEqual([200, 'application/json', '{"Major":7}']);
    const sniffed = await client.ask('/api/v1/tags/node/a%2Fb?x=1', { as: 'cluster-agent' });
    expect([sniffed.status, sniffed.headers['content-type'], sniffed.body]).toEqual([200, text, '{"nodeName":"a/b"}']);
    const nothing = await client.ask('/empty', { method: 'POST', as: 'session' });
    expect([nothing.status, nothing.headers['content-type'], nothing.headers['content-length'], nothing.body]).toEqual([
      200,
      undefined,
      '0',
      '',
    ]);
    expect((await client.ask('/echo', { method: 'POST', as: 'session', body: 'x'.repeat(300_000) })).body).toHaveLength(300_000);
    expect((await client.ask('/echo', { method: 'POST', as: 'session' })).body).toBe('');
    expect((await client.ask('/bytes', { as: 'session' })).body).toBe('these');
  });

  it.each([
    { asking: 'without a header', headers: {}, status: 401, body: 'no session token provided\n' },
    { asking: 'with an empty header', headers: { authorization: '' }, status: 401, body: 'no session token provided\n' },
    {
      asking: 'in another scheme',
      headers: { authorization: 'Basic eDp5' },
      status: 401,
      body: 'unsupported authorization scheme: Basic\n',
    },
    {
      asking: 'in lower case',
      headers: { authorization: `bearer ${fakeTokens.session}` },
      status: 401,
      body: 'unsupported authorization scheme: bearer\n',
    },
    { asking: 'with a wrong token', headers: { authorization: 'Bearer nope' }, status: 403, body: 'invalid session token\n' },
    { asking: 'with no token', headers: { authorization: 'Bearer' }, status: 403, body: 'invalid session token\n' },
    {
      asking: 'with two spaces',
      headers: { authorization: `Bearer  ${fakeTokens.session}` },
      status: 403,
      body: 'invalid session token\n',
    },
  ])('refuses who asks $asking', async ({ headers, status: expected, body }) => {
    await using server = await wireServer({ routes });
    await using client = clientOf(server.port);
    for (const path of ['/version', '/status']) {
      const answer = await client.ask(path, { headers });
      expect([answer.status, answer.body]).toEqual([expected, body]);
      expect(answer.headers).toMatchObject({ 'content-type': text, 'x-content-type-options': 'nosniff' });
      expect(answer.headers['www-authenticate']).toBe(expected === 401 ? 'Bearer realm="Datadog Agent"' : undefined);
    }
  });

  it('tells whoever asks for what there is not, token or none', async () => {
    await using server = await wireServer({ routes });
    await using client = clientOf(server.port);
    for (const path of [
      '/',
      '/nope',
      '/version/',
      '/VERSION',
      '/api/v1/tags/node/',
      '/api/v1/tags/node/a/b',
      '//version',
      '/a/b/c/d/e/f',
    ]) {
      const answer = await client.ask(path);
      expect([path, answer.status, answer.body]).toEqual([path, 404, '404 page not found\n']);
      expect(answer.headers).toMatchObject({ 'content-type': text, 'x-content-type-options': 'nosniff' });
    }
    for (const [method, path] of [
      ['POST', '/version'],
      ['DELETE', '/api/v1/tags/node/x'],
      ['GET', '/echo'],
      ['OPTIONS', '/status'],
    ] as const) {
      const answer = await client.ask(path, { method });
      expect([answer.status, answer.headers['content-length'], answer.headers['content-type'], answer.body]).toEqual([
        405,
        '0',
        undefined,
        '',
      ]);
    }
  });

  it('turns failures into texts that tell nothing of the inside', async () => {
    const fail = (path: string, error: () => unknown): Route => ({
      method: 'GET',
      path,
      access: 'session',
      handle: async () => {
        await nextTurn();
        throw error();
      },
    });
    const failing = [
      fail('/known', () => new RouteError(503, 'Startup in progress')),
      fail('/panic', () => new Error('the secret of /etc/passwd')),
      fail('/odd', () => undefined),
    ];
    await using server = await wireServer({ routes: failing });
    await using client = clientOf(server.port);
    const known = await client.ask('/known', { as: 'session' });
    expect([known.status, known.body, known.headers['x-content-type-options']]).toEqual([503, 'Startup in progress\n', 'nosniff']);
    for (const path of ['/panic', '/odd']) {
      const answer = await client.ask(path, { as: 'session' });
      expect([answer.status, answer.body]).toEqual([500, 'internal server error\n']);
    }
    expect(server.logged.filter(({ level }) => level === 'error').map(({ fields }) => fields['route'])).toEqual(['GET /panic', 'GET /odd']);
  });

  it('refuses bodies that are too long, said or found to be, and stays usable', async () => {
    const short: Route = like(echo, { path: '/short', bodyMax: 10 });
    await using server = await wireServer({ routes: [short, echo] });
    await using client = clientOf(server.port);
    for (const headers of [{ 'content-length': '11' }, {}] as const) {
      const answer = await client.ask('/short', { method: 'POST', as: 'session', body: 'x'.repeat(11), headers });
      expect([answer.status, answer.body]).toEqual([413, 'request body is longer than 10 bytes\n']);
    }
    expect((await client.ask('/short', { method: 'POST', as: 'session', body: 'x'.repeat(10) })).body).toBe('x'.repeat(10));
    expect((await client.ask('/echo', { method: 'POST', as: 'session', body: new Uint8Array(1_048_577) })).status).toBe(413);
    expect((await client.ask('/echo', { method: 'POST', as: 'session', body: new Uint8Array(1_048_576) })).status).toBe(200);
  });

  it('streams answers', async () => {
    const big = Buffer.alloc(5_000_000, 'abc');
    const download: Route = {
      method: 'GET',
      path: '/download',
      access: 'session',
      handle: () => ({ headers: { 'Content-Type': 'application/zip' }, body: Readable.from([big.subarray(0, 1000), big.subarray(1000)]) }),
    };
    await using server = await wireServer({ routes: [download] });
    await using client = clientOf(server.port);
    const answer = await client.ask('/download', { as: 'session' });
    expect(answer.headers['content-type']).toBe('application/zip');
    expect(createHash('sha256').update(answer.body).digest('hex')).toBe(createHash('sha256').update(big).digest('hex'));
  });

  it('adds and takes off routes while it runs', async () => {
    await using server = await wireServer({ routes });
    await using client = clientOf(server.port);
    const added: Route = { method: 'GET', path: '/api/v1/clusterchecks', access: 'session', handle: () => ({ body: 'here' }) };
    expect((await client.ask(added.path, { as: 'session' })).status).toBe(404);
    const takeOff = server.api.add(added);
    expect((await client.ask(added.path, { as: 'session' })).body).toBe('here');
    expect(() => server.api.add(like(added, {}))).toThrow('GET /api/v1/clusterchecks would hide GET /api/v1/clusterchecks');
    takeOff();
    takeOff();
    expect((await client.ask(added.path, { as: 'session' })).status).toBe(404);
  });
});

describe('tokens', () => {
  it('of node agents open also local routes, session tokens only those', async () => {
    await using server = await wireServer({ routes });
    await using client = goClient(server.port);
    expect((await client.ask('/status', { as: 'session' })).status).toBe(200);
    expect((await client.ask('/status', { as: 'cluster-agent' })).status).toBe(200);
    expect((await client.ask('/version', { as: 'session' })).status).toBe(403);
  });

  it('that are not there open nothing', async () => {
    await using server = await wireServer({ routes, tokens: fakeAuthTokens({}) });
    await using client = goClient(server.port);
    for (const authorization of ['Bearer ', 'Bearer', 'Bearer undefined', `Bearer ${fakeTokens.session}`])
      for (const path of ['/version', '/status']) expect((await client.ask(path, { headers: { authorization } })).status).toBe(403);
  });
});

describe('a handler', () => {
  it('is measured once its client has shown a token', async () => {
    const fail = (): never => {
      throw new RouteError(404, 'gone');
    };
    const failing = like(labels, { path: '/fails', handlerName: 'fails', handle: fail });
    await using server = await wireServer({ routes: [version, labels, failing] });
    await using client = goClient(server.port);
    for (const path of ['/version', '/api/v1/tags/node/a', '/api/v1/tags/node/b', '/fails'])
      await client.ask(path, { as: 'cluster-agent' });
    await client.ask('/api/v1/tags/node/a');
    expect(await server.metric('api_requests')).toEqual([
      'api_requests{handler="getNodeLabels",status="200",forwarded="false"} 2',
      'api_requests{handler="fails",status="404",forwarded="false"} 1',
    ]);
    expect(await server.metric('api_elapsed_count')).toEqual([
      'api_elapsed_count{handler="getNodeLabels",status="200",forwarded="false"} 2',
      'api_elapsed_count{handler="fails",status="404",forwarded="false"} 1',
    ]);
  });

  it('sees what was asked, from where', async () => {
    const seen: unknown[] = [];
    const route: Route = {
      method: 'GET',
      path: '/a/:b/c',
      access: 'session',
      handle: ({ method, url, query, params, headers, remoteAddress, signal }) => {
        seen.push(method, url, query.getAll('x'), params, headers['x-real-ip'], remoteAddress, signal.aborted);
        return {};
      },
    };
    await using server = await wireServer({ routes: [route] });
    await using client = goClient(server.port);
    await client.ask('/a/%E2%82%AC/c?x=1&x=2', { as: 'session', headers: { 'X-Real-Ip': '10.0.0.1' } });
    expect(seen).toEqual(['GET', '/a/%E2%82%AC/c?x=1&x=2', ['1', '2'], { b: '€' }, '10.0.0.1', '127.0.0.1', false]);
  });

  it('is told when its client goes away', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const begun = Promise.withResolvers<void>();
    const route: Route = {
      method: 'GET',
      path: '/wait',
      access: 'session',
      handle: ({ signal }) => {
        signal.addEventListener('abort', () => resolve(signal.reason));
        begun.resolve();
        return new Promise(() => {});
      },
    };
    await using server = await wireServer({ routes: [route] });
    const socket = await rawSocket(server.port);
    socket.write(`GET /wait HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${fakeTokens.session}\r\n\r\n`);
    await begun.promise;
    socket.destroy();
    expect(String(await promise)).toContain('the client is gone');
  });
});

it('prefers the path that says more', async () => {
  const setting: Route = {
    method: 'GET',
    path: '/config/:setting',
    access: 'session',
    handle: ({ params }) => ({ body: `one: ${params['setting']}` }),
  };
  const list: Route = { method: 'GET', path: '/config/list-runtime', access: 'session', handle: () => ({ body: 'list' }) };
  const set: Route = like(setting, { method: 'POST', handle: () => ({ body: 'set' }) });
  await using server = await wireServer({ routes: [setting, set, list] });
  await using client = namedHttp1Client(server.port);
  expect((await client.ask('/config/list-runtime', { as: 'session' })).body).toBe('list');
  expect((await client.ask('/config/log_level', { as: 'session' })).body).toBe('one: log_level');
  expect((await client.ask('/config/log_level', { method: 'POST', as: 'session' })).body).toBe('set');
  expect((await client.ask('/config/list-runtime', { method: 'POST', as: 'session' })).body).toBe('set');
});
