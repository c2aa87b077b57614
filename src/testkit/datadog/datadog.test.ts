import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { startDatadog, type Datadog, type DatadogOptions } from './index.ts';
import { queriesIn } from './query.ts';

let datadog: Datadog | undefined;
async function started(options: DatadogOptions = {}): Promise<Datadog> {
  return (datadog = await startDatadog(options));
}
afterEach(() => datadog?.stop());

function query({ url, apiKey, appKey }: Datadog, text: string, keys = {}): Promise<Response> {
  const parameters = new URLSearchParams({ from: '1700000000', to: '1700000300', query: text });
  return fetch(`${url}/api/v1/query?${String(parameters)}`, { headers: { 'DD-API-KEY': apiKey, 'DD-APPLICATION-KEY': appKey, ...keys } });
}

describe('the query API', () => {
  it('finds the series of each query, in the window that was asked for', async () => {
    const server = await started();
    server.set('avg:nginx.requests{a:b,c:d}', (from, to) => [
      [from, 1],
      [to, null],
    ]);
    server.set('max:cpu{*} by {host}', { 'host:a': (_, to) => [[to, 2]], 'host:b': (_, to) => [[to, 3]] });
    const response = await query(server, 'avg:nginx.requests{a:b,c:d},max:cpu{*} by {host},avg:unknown{*}');
    expect(response.headers.get('x-ratelimit-remaining')).toBe('299');
    expect(await response.json()).toMatchObject({
      status: 'ok',
      series: [
        {
          metric: 'nginx.requests',
          scope: '*',
          query_index: 0,
          pointlist: [
            [1_700_000_000_000, 1],
            [1_700_000_300_000, null],
          ],
        },
        { metric: 'cpu', scope: 'host:a', query_index: 1, pointlist: [[1_700_000_300_000, 2]] },
        { metric: 'cpu', scope: 'host:b', query_index: 1 },
      ],
    });
    expect(server.asked).toEqual(['avg:nginx.requests{a:b,c:d},max:cpu{*} by {host},avg:unknown{*}']);
  });

  it('refuses wrong keys, whichever', async () => {
    const server = await started();
    for (const keys of [{ 'DD-API-KEY': 'x' }, { 'DD-APPLICATION-KEY': 'x' }]) {
      const response = await query(server, 'avg:a{*}', keys);
      expect([response.status, await response.json()]).toEqual([403, { errors: ['Forbidden'] }]);
    }
    const before = server.apiKey;
    server.rotate({ apiKey: 'fresh' });
    expect((await query(server, 'avg:a{*}', { 'DD-API-KEY': before })).status).toBe(403);
    expect((await query(server, 'avg:a{*}')).status).toBe(200);
  });

  it('refuses what it cannot parse', async () => {
    const server = await started();
    for (const text of ['avg:a{*', 'avg:a{*}}', 'avg:a{*},', '']) expect((await query(server, text)).status).toBe(400);
  });

  it('has a rate limit', async () => {
    const server = await started({ rateLimit: { requests: 1, periodSeconds: 60 } });
    expect((await query(server, 'avg:a{*}')).status).toBe(200);
    const response = await query(server, 'avg:a{*}');
    expect(response.status).toBe(429);
    expect(response.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(Number(response.headers.get('x-ratelimit-reset'))).toBeGreaterThan(0);
  });

  it('takes joined queries apart where they were joined', () => {
    const part = fc.constantFrom('avg:a{x:y,z:w}', 'top(avg:b{*}, 10, "mean, of", "desc")', 'max:c{*} by {host,pod}', 'a[1,2]');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (queries) => {
        expect(queriesIn(queries.join(','))).toEqual(queries);
      }),
    );
  });
});

describe('the intake', () => {
  it.each([
    ['identity', (body: string) => Buffer.from(body)],
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('keeps what comes as %s', async (encoding, compress) => {
    const server = await started();
    const headers = { 'DD-API-KEY': server.apiKey, 'Content-Type': 'application/json', 'Content-Encoding': encoding };
    const body = new Uint8Array(compress('{"series":[1]}'));
    const response = await fetch(`${server.url}/api/v2/series`, { method: 'POST', headers, body });
    expect([response.status, await response.json()]).toEqual([202, { errors: [] }]);
    expect(server.received).toMatchObject([{ path: '/api/v2/series', json: { series: [1] }, keyEnding: 'aaaaa' }]);
  });

  it('tells what is wrong with a payload, and keeps nothing of it', async () => {
    const server = await started();
    const send = async (headers: Record<string, string>, body: string): Promise<unknown> => {
      const response = await fetch(`${server.url}/intake/?api_key=${server.apiKey}`, { method: 'POST', headers, body });
      return [response.status, await response.json()];
    };
    expect(await send({ 'Content-Encoding': 'lzw' }, '')).toEqual([400, { errors: ['unsupported Content-Encoding: lzw'] }]);
    expect(await send({ 'Content-Encoding': 'gzip' }, 'x')).toEqual([400, { errors: ['the body is not gzip'] }]);
    expect(await send({ 'Content-Type': 'application/json' }, '{')).toMatchObject([400, {}]);
    expect(server.received).toEqual([]);
  });

  it('validates keys', async () => {
    const server = await started();
    const ask = async (key: string): Promise<unknown> => (await fetch(`${server.url}/api/v1/validate?api_key=${key}`)).json();
    expect(await ask(server.apiKey)).toEqual({ valid: true });
    expect(await ask('x')).toEqual({ errors: ['Forbidden'] });
  });
});

describe('faults', () => {
  const failure = (response: Promise<Response>): Promise<unknown> => response.then((each) => each.json()).catch((error: unknown) => error);

  it('take effect on the requests that they are meant for, and end', async () => {
    const server = await started();
    const refusal = server.faults.add({ kind: 'refuse', code: 503, when: ({ query: text }) => text === 'avg:a{*}', times: 1 });
    expect((await query(server, 'avg:b{*}')).status).toBe(200);
    expect((await query(server, 'avg:a{*}')).status).toBe(503);
    expect((await query(server, 'avg:a{*}')).status).toBe(200);
    expect(refusal.hits).toBe(1);
    const limit = server.faults.add({ kind: 'refuse', code: 429, resetSeconds: 7 });
    expect((await query(server, 'avg:a{*}')).headers.get('x-ratelimit-reset')).toBe('7');
    limit.remove();
    server.faults.add({ kind: 'latency', milliseconds: 1 });
    expect((await query(server, 'avg:a{*}')).status).toBe(200);
    server.faults.add({ kind: 'garbage' });
    expect(await failure(query(server, 'avg:a{*}'))).toBeInstanceOf(SyntaxError);
    server.faults.clear();
    server.faults.add({ kind: 'cut' });
    expect(await failure(query(server, 'avg:a{*}'))).toBeInstanceOf(TypeError);
    server.faults.clear();
    expect((await query(server, 'avg:a{*}')).status).toBe(200);
  });

  it('that hang or wait leave nothing behind when it stops', async () => {
    const server = await started();
    const hang = server.faults.add({ kind: 'hang', when: ({ query: text }) => text === 'avg:a{*}' });
    const latency = server.faults.add({ kind: 'latency', milliseconds: 3_600_000, when: ({ query: text }) => text === 'avg:b{*}' });
    const waiting = ['avg:a{*}', 'avg:b{*}'].map((text) => failure(query(server, text)));
    await expect.poll(() => hang.hits + latency.hits).toBe(2);
    await server.stop();
    await server.stop();
    expect((await Promise.all(waiting)).every((error) => error instanceof TypeError)).toBe(true);
  });
});

it('serves HTTPS with a certificate of its own authority', async () => {
  const server = await started({ tls: true });
  expect(server.url).toMatch(/^https:/);
  expect(server.ca).toMatch(/BEGIN CERTIFICATE/);
  await expect(fetch(`${server.url}/api/v1/validate`)).rejects.toMatchObject({ cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } });
});

it('says which port is taken', async () => {
  const server = await started();
  await expect(startDatadog({ port: Number(new URL(server.url).port) })).rejects.toThrow(/EADDRINUSE/);
});
