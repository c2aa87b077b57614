import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../../src/certificates/index.ts';
import { supply } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { fakeConfig } from '../config/fake.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { delegatingProvider } from './delegating-provider.ts';
import { valuesIn } from './delegation/answer.ts';
import { delegatesIn, isDelegated } from './delegation/delegates.ts';
import { DelegateError, ExternalMetricsProvider, MetricError, type MetricRequest } from './index.ts';
import { parseSelector } from './selector.ts';
import { Handler } from './server/handler.ts';
import type { ServerRequest } from './server/messages.ts';
import { Listener } from './server/listener.ts';

const { certificate: cert, key } = selfSigned({ commonName: 'localhost', hosts: ['localhost'] });
const asked = (metric: string, labels = ''): MetricRequest => ({ namespace: 'shop', metric, selector: parseSelector(labels) });
const own = { metricName: 'own', metricLabels: undefined, timestamp: 1, value: 1 };

describe('delegatingProvider', () => {
  let folder: string;
  let backend: Listener;
  let requests: ServerRequest[] = [];
  let sockets = new Set<unknown>();
  let answer: ExternalMetricsProvider['read'];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'delegates-'));
    await writeFile(join(folder, 'token'), 'abc\n');
    await writeFile(join(folder, 'ca.crt'), cert);
    requests = [];
    sockets = new Set();
    answer = () => [{ metricName: 's0-queue', metricLabels: { a: 'b' }, timestamp: 1_700_000_000, value: 2.5 }];
    const handler = new Handler({
      auth: {
        authenticate: async ({ headers }) =>
          headers['authorization']?.[0] === 'Bearer abc' ? { name: 'agent', groups: [], extra: {} } : undefined,
        authorize: async (_, { verb }) => ({ allowed: verb === 'list', reason: '' }),
        clientCas: [],
        onChange: () => () => {},
      },
      provider: { read: (request) => answer(request) },
      clock: manualClock(),
      checks: [],
      inFlightMax: 1000,
      metrics: async () => '',
      version: {},
    });
    const handle = (request: ServerRequest): ReturnType<Handler['handle']> => {
      requests.push(request);
      sockets.add(request.socket);
      return handler.handle(request);
    };
    backend = new Listener(handle);
    await backend.listen(0, '127.0.0.1', { cert, key, ca: [] });
  });
  afterEach(async () => {
    await backend.close();
    await rm(folder, { recursive: true });
  });

  const keda = (more: object = {}): object => ({
    prefix: 's0-',
    url: `https://localhost:${backend.port}`,
    ca_file: join(folder, 'ca.crt'),
    token_file: join(folder, 'token'),
    ...more,
  });
  const serving = async (delegates: unknown, logged: Logged[] = []) => {
    const clock = manualClock();
    const list = [
      supply(ExternalMetricsProvider, { read: () => [own] }),
      fakeConfig({ 'external_metrics_provider.delegates': delegates }),
      fakeLog(logged),
      delegatingProvider,
    ] as const;
    const tested = await testApp(list, { requires: { provider: ExternalMetricsProvider }, clock });
    const read = async (request: MetricRequest): Promise<unknown> => {
      try {
        return await tested.needs.provider.read(request);
      } catch (error) {
        const { code, reason, message } = error as DelegateError;
        return { code, reason, message };
      }
    };
    return { read, clock, [Symbol.asyncDispose]: () => tested[Symbol.asyncDispose]() };
  };
  const named = (): string => `external metrics server localhost:${backend.port}`;

  it('reads metrics with the prefix from the other server, as this agent, and all others here', async () => {
    await using tested = await serving([keda()]);
    expect(await tested.read(asked('s0-queue', 'scaledobject.keda.sh/name=web,x in (y,z)'))).toEqual([
      { metricName: 's0-queue', metricLabels: { a: 'b' }, timestamp: 1_700_000_000, value: 2.5, quantity: '2500m' },
    ]);
    expect(await tested.read(asked('queue'))).toEqual([own]);
    const [request, ...more] = requests;
    expect(more).toEqual([]);
    expect(request?.path).toBe('/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-queue');
    expect(request?.query.get('labelSelector')).toBe('scaledobject.keda.sh/name=web,x in (y,z)');
    expect(request?.headers).toMatchObject({ authorization: ['Bearer abc'], accept: ['application/json'] });
  });

  it('keeps its connection', async () => {
    await using tested = await serving([keda()]);
    for (const _ of Array(5).keys()) await tested.read(asked('s0-queue'));
    expect([requests.length, sockets.size]).toEqual([5, 1]);
  });

  it('passes quantities on as they were written', async () => {
    answer = () => ['9007199254740993', '1.5e+07', '16Ki'].map((quantity) => ({ ...own, value: 0, quantity }));
    await using tested = await serving([keda()]);
    expect(await tested.read(asked('s0-queue'))).toMatchObject([
      { quantity: '9007199254740993' },
      { quantity: '1.5e+07', value: 15_000_000 },
      { quantity: '16Ki', value: 16_384 },
    ]);
  });

  it('passes failures on, and names the server', async () => {
    await using tested = await serving([keda()]);
    const failing = async (error: Error): Promise<unknown> => {
      answer = () => {
        throw error;
      };
      return tested.read(asked('s0-queue'));
    };
    expect(await failing(new MetricError('InternalError', 'no such metric'))).toEqual({
      code: 500,
      reason: 'InternalError',
      message: `${named()}: Internal error occurred: no such metric`,
    });
    expect(await failing(new MetricError('Forbidden', 'not yours'))).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(await failing(new DelegateError('not here', { code: 404, reason: 'NotFound' }))).toMatchObject({
      code: 404,
      reason: 'NotFound',
    });
  });

  it('tells readers of a refused token as a fault of its own', async () => {
    await writeFile(join(folder, 'token'), 'wrong');
    await using tested = await serving([keda()]);
    const message = `${named()} refuses the token of this agent: Unauthorized`;
    expect(await tested.read(asked('s0-queue'))).toEqual({ code: 500, reason: 'InternalError', message });
  });

  it('reads its token anew after a minute, and after a failure at once', async () => {
    await using tested = await serving([keda()]);
    await tested.read(asked('s0-queue'));
    await writeFile(join(folder, 'token'), 'wrong');
    expect(await tested.read(asked('s0-queue'))).toMatchObject([{ value: 2.5 }]);
    await tested.clock.advance(60_000);
    expect(await tested.read(asked('s0-queue'))).toMatchObject({ code: 500 });
    await writeFile(join(folder, 'token'), 'abc');
    expect(await tested.read(asked('s0-queue'))).toMatchObject([{ value: 2.5 }]);
  });

  it('gives up after 3 seconds, and keeps no more than 100 reads waiting', async () => {
    answer = () => new Promise(() => {});
    await using tested = await serving([keda()]);
    const waiting = Array.from({ length: 100 }, () => tested.read(asked('s0-queue')));
    expect(await tested.read(asked('s0-queue'))).toEqual({
      code: 503,
      reason: 'ServiceUnavailable',
      message: `${named()}: 100 reads wait for it already`,
    });
    await expect.poll(() => requests.length, { timeout: 20_000 }).toBe(100);
    await tested.clock.advance(3000);
    const late = { code: 504, reason: 'Timeout', message: `${named()}: no answer within 3 s` };
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => late));
  });

  it('trusts nobody without a reason, unless it is told to', async () => {
    const { ca_file: _, ...unknown } = keda() as { ca_file: string };
    await using strict = await serving([unknown]);
    expect(await strict.read(asked('s0-queue'))).toMatchObject({ code: 503, message: expect.stringContaining('self-signed certificate') });
    await using careless = await serving([{ ...unknown, insecure_skip_verify: true }]);
    expect(await careless.read(asked('s0-queue'))).toMatchObject([{ value: 2.5 }]);
  });

  it('survives that the other server is away, and finds it again', async () => {
    await using tested = await serving([keda()]);
    await tested.read(asked('s0-queue'));
    const { port } = backend;
    await backend.close();
    expect(await tested.read(asked('s0-queue'))).toMatchObject({ code: 503, message: expect.stringContaining('ECONNREFUSED') });
    await backend.listen(port, '127.0.0.1', { cert, key, ca: [] });
    expect(await tested.read(asked('s0-queue'))).toMatchObject([{ value: 2.5 }]);
  });

  it('says what is wrong in its settings, and serves the rest', async () => {
    const logged: Logged[] = [];
    await using tested = await serving([{ prefix: '' }, keda()], logged);
    const errors = logged.filter(({ level }) => level === 'error');
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('entry 1: prefix must not be empty')]);
    expect(await tested.read(asked('s0-queue'))).toMatchObject([{ value: 2.5 }]);
    expect(await tested.read(asked('queue'))).toEqual([own]);
  });

  it('refuses answers that are endless, or none', async () => {
    const bodies = ['x'.repeat(2 * 1024 * 1024), '<html>', '{"kind":"PodList","items":[]}'];
    const server = createServer({ cert, key }, (_, response) => void response.end(bodies.shift())).listen(0, '127.0.0.1');
    try {
      await expect.poll(() => server.listening).toBe(true);
      await using tested = await serving([keda({ url: `https://localhost:${(server.address() as AddressInfo).port}` })]);
      expect(await tested.read(asked('s0-queue'))).toMatchObject({ message: expect.stringContaining('longer than 1048576 bytes') });
      expect(await tested.read(asked('s0-queue'))).toMatchObject({
        code: 500,
        message: expect.stringContaining('no list of metric values'),
      });
      expect(await tested.read(asked('s0-queue'))).toMatchObject({
        code: 500,
        message: expect.stringContaining('no list of metric values'),
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('delegatesIn', () => {
  it('knows services by their name in the cluster, and takes the closest prefix', () => {
    const { delegates, problem } = delegatesIn([
      { prefix: 's', service: 'monitoring/adapter' },
      { prefix: 's0-', service: 'keda/keda-metrics:6443' },
      { prefix: 'x', url: 'https://[::1]:99/base/' },
    ]);
    expect(problem).toBe('');
    expect(delegates.map(({ name, host, port, basePath }) => [name, host, port, basePath])).toEqual([
      ['keda/keda-metrics', 'keda-metrics.keda.svc', 6443, ''],
      ['monitoring/adapter', 'adapter.monitoring.svc', 443, ''],
      ['[::1]:99', '::1', 99, '/base'],
    ]);
    expect(delegates[0]).toMatchObject({ tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token', isVerified: true });
  });

  it.each([
    ['s0-', 'it is no list'],
    [['s0-'], 'entry 1: '],
    [[{ service: 'a/b' }], 'entry 1: prefix '],
    [[{ prefix: 'DatadogMetric@x', service: 'a/b' }], 'must not begin with datadogmetric@'],
    [[{ prefix: 'a' }], 'must have either service or url'],
    [[{ prefix: 'a', service: 'a/b', url: 'https://a' }], 'must have either service or url'],
    [[{ prefix: 'a', service: 'b' }], 'service must be namespace/name'],
    [[{ prefix: 'a', url: 'http://b' }], 'url must be a URL with https'],
    [[{ prefix: 'a', service: 'a/b', ca: 'x' }], 'Unrecognized key: "ca"'],
    [
      [
        { prefix: 'a', service: 'a/b' },
        { prefix: 'a', service: 'c/d' },
      ],
      'entry 2: an earlier one has the prefix "a" too',
    ],
  ])('refuses %j', (value, problem) => {
    expect(delegatesIn(value).problem).toContain(problem);
  });

  it('tells which metrics are elsewhere', () => {
    const elsewhere = isDelegated([{ prefix: 's0-', service: 'keda/metrics' }]);
    expect(['s0-queue', 's1-queue', 'queue'].map(elsewhere)).toEqual([true, false, false]);
  });
});

describe('valuesIn', () => {
  it.each(['[]', 'null'])('reads items that are %s as no values: servers in Go write both', (items) => {
    expect(valuesIn({ status: 200, body: `{"kind":"ExternalMetricValueList","items":${items}}` }, 'server x', 0)).toEqual([]);
  });

  it('throws nothing but an error that names the server, whatever comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(() => valuesIn({ status, body }, 'server x', 0)).toThrow(/server x/);
      }),
    );
  });
});
