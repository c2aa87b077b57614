import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/fx/testing.ts';
import type { DelegatedAuth, UserInfo } from '../../delegated-auth/index.ts';
import { recordingTelemetry } from '../../kubernetes/test-support.ts';
import { MetricError, type ExternalMetricsProvider, type MetricRequest } from '../index.ts';
import { flagsIn } from './flags.ts';
import { measured, measuredReads } from './metrics.ts';
import { Handler, type HandlerParts } from './handler.ts';
import type { Answer, ServerRequest } from './messages.ts';
import { discoveryFor } from './negotiation.ts';
import { attributesOf } from './request-info.ts';

const user: UserInfo = { name: 'jane', groups: ['system:authenticated'], extra: {} };
const everything: Pick<DelegatedAuth, keyof DelegatedAuth> = {
  authenticate: async () => user,
  authorize: async () => ({ allowed: true, reason: '' }),
  clientCas: [],
  onChange: () => () => {},
};
const value = { metricName: 'datadogmetric@default:demo', metricLabels: undefined, timestamp: 1_700_000_000, value: 2.5 };
const provider: ExternalMetricsProvider = { read: () => [value] };

function handlerWith(parts: Partial<HandlerParts> = {}): Handler {
  const checks = [{ name: 'ping', isWell: () => true }];
  return new Handler({
    auth: everything,
    provider,
    clock: manualClock(),
    checks,
    inFlightMax: 100,
    metrics: async () => 'up 1\n',
    version: { major: '7' },
    ...parts,
  });
}
function asking(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): ServerRequest {
  const [pathname = '', query = ''] = path.split('?');
  const lists = Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, [each]]));
  return { method, path: pathname, query: new URLSearchParams(query), headers: lists, socket: {} as ServerRequest['socket'] };
}
const bodyOf = ({ body }: Answer): unknown => JSON.parse(String(body));
const metricPath = '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/datadogmetric@default:demo';

describe('reading a metric', () => {
  it('answers as the Go agent does', async () => {
    const answer = await handlerWith().handle(asking(metricPath));
    expect(answer).toMatchObject({ status: 200, contentType: 'application/json' });
    expect(answer.body).toBe(
      '{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","metadata":{},"items":[{"metricName":"datadogmetric@default:demo","metricLabels":null,"timestamp":"2023-11-14T22:13:20Z","value":"2500m"}]}\n',
    );
  });

  it.each([
    ['application/vnd.kubernetes.protobuf, */*', 'application/vnd.kubernetes.protobuf'],
    ['application/vnd.kubernetes.protobuf,application/json', 'application/vnd.kubernetes.protobuf'],
    ['application/yaml', 'application/yaml'],
    ['application/json;q=0.1, application/yaml;q=0.9', 'application/yaml'],
    ['text/html, */*;q=0.8', 'application/json'],
    ['', 'application/json'],
  ])('accepts %s with %s', async (accept, contentType) => {
    expect(await handlerWith().handle(asking(metricPath, { accept }))).toMatchObject({ status: 200, contentType });
  });

  it('hands on namespace, name and selector, escaped or not', async () => {
    const asked: MetricRequest[] = [];
    const handler = handlerWith({ provider: { read: (request) => (asked.push(request), []) } });
    await handler.handle(asking('/apis/external.metrics.k8s.io/v1beta1/namespaces/a/datadogmetric%40b%3Ac?labelSelector=x%3Dy%2Cz'));
    expect(asked.map(({ namespace, metric, selector }) => [namespace, metric, selector.toString()])).toEqual([
      ['a', 'datadogmetric@b:c', 'x=y,z'],
    ]);
  });

  it.each([
    [new MetricError('InternalError', 'DatadogMetric not found'), 500, 'Internal error occurred: DatadogMetric not found', 'InternalError'],
    [new MetricError(undefined, 'external metrics invalid'), 500, 'external metrics invalid', undefined],
    [new MetricError('Forbidden', 'other namespace'), 403, 'other namespace', 'Forbidden'],
    [new Error('a <bug> & more'), 500, 'Internal error occurred: a <bug> & more', 'InternalError'],
  ] as const)('tells of %s', async (...[error, code, message, reason]) => {
    const failing = handlerWith({
      provider: {
        read: () => {
          throw error;
        },
      },
    });
    const answer = await failing.handle(asking(metricPath));
    expect(answer.status).toBe(code);
    expect(bodyOf(answer)).toMatchObject({ kind: 'Status', status: 'Failure', code, message, ...(reason === undefined ? {} : { reason }) });
    expect(String(answer.body)).not.toContain('<bug>');
    const bytes = await failing.handle(asking(metricPath, { accept: 'application/vnd.kubernetes.protobuf' }));
    expect(Buffer.from(bytes.body).subarray(0, 4).toString('hex')).toBe('6b387300');
  });

  it('refuses what it cannot do with the right status', async () => {
    const status = async (...request: Parameters<typeof asking>): Promise<number> =>
      (await handlerWith().handle(asking(...request))).status;
    for (const watch of ['watch', 'watch=true', 'watch=yes']) expect(await status(`${metricPath}?${watch}`)).toBe(405);
    for (const watch of ['watch=0', 'watch=False']) expect(await status(`${metricPath}?${watch}`)).toBe(200);
    expect(bodyOf(await handlerWith().handle(asking(`${metricPath}?watch=1`)))).toMatchObject({
      message: 'watch is not supported on resources of kind "*.external.metrics.k8s.io"',
      reason: 'MethodNotAllowed',
    });
    expect(await status(metricPath, {}, 'POST')).toBe(405);
    expect(await status(`${metricPath}?labelSelector=a+b`)).toBe(400);
    expect(await status(metricPath, { accept: 'text/html' })).toBe(406);
    expect(await status('/apis/external.metrics.k8s.io/v1beta1/pods')).toBe(404);
    expect(await status('/elsewhere')).toBe(404);
  });

  it('tells clients to come back when there are too many at once, but never the API server itself', async () => {
    const open = Promise.withResolvers<readonly []>();
    const authenticated: string[] = [];
    const authenticate: DelegatedAuth['authenticate'] = async ({ headers }) => {
      const [name = ''] = headers['x-remote-user'] ?? [];
      authenticated.push(name);
      return { name, groups: name === 'system:kube-aggregator' ? ['system:masters'] : [], extra: {} };
    };
    const handler = handlerWith({ inFlightMax: 1, auth: { ...everything, authenticate }, provider: { read: () => open.promise } });
    const first = handler.handle(asking(metricPath, { 'x-remote-user': 'jane' }));
    const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await handler.handle(asking('/apis', headers))).status;
    expect(await status({ 'x-remote-user': 'jane' })).toBe(429);
    expect(await status({ 'x-remote-user': 'system:kube-aggregator' })).toBe(200);
    expect(await status({ 'x-remote-user': 'keda', authorization: 'Bearer token' })).toBe(429);
    expect(authenticated).toEqual(['jane', 'jane', 'system:kube-aggregator']);
    open.resolve([]);
    expect((await first).status).toBe(200);
    expect(await status({ 'x-remote-user': 'jane' })).toBe(200);
  });

  it('gives up after a minute', async () => {
    const clock = manualClock();
    const answered = handlerWith({ clock, provider: { read: () => new Promise(() => {}) } }).handle(asking(metricPath));
    await clock.advance(60_000);
    expect((await answered).status).toBe(504);
    expect(clock.pending).toBe(0);
  });
});

describe('judging', () => {
  const withAuth = (auth: Partial<Pick<DelegatedAuth, keyof DelegatedAuth>>): Handler => handlerWith({ auth: { ...everything, ...auth } });

  it('refuses who is nobody, and who may not, in words of Kubernetes', async () => {
    expect((await withAuth({ authenticate: async () => undefined }).handle(asking('/apis'))).status).toBe(401);
    const denying = withAuth({ authorize: async () => ({ allowed: false, reason: 'no rule' }) });
    expect(bodyOf(await denying.handle(asking(metricPath)))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'datadogmetric@default:demo.external.metrics.k8s.io is forbidden: User "jane" cannot list resource "datadogmetric@default:demo" in API group "external.metrics.k8s.io" in the namespace "default": no rule',
      details: { group: 'external.metrics.k8s.io', kind: 'datadogmetric@default:demo' },
    });
    expect(bodyOf(await denying.handle(asking('/<b>&')))).toMatchObject({
      message: 'forbidden: User "jane" cannot get path "/&lt;b&gt;&amp;": no rule',
    });
    expect(bodyOf(await denying.handle(asking('/metrics')))).toMatchObject({
      message: 'forbidden: User "jane" cannot get path "/metrics": no rule',
    });
  });

  it('says so when nobody can be asked', async () => {
    const answer = await withAuth({ authorize: () => Promise.reject(new Error('connection refused')) }).handle(asking('/metrics?a=b'));
    expect(answer).toMatchObject({ status: 500, body: 'Internal Server Error: "/metrics?a=b": connection refused\n' });
    const star = await withAuth({ authorize: () => Promise.reject(new Error('connection refused')) }).handle(asking('*<'));
    expect(star.body).toBe('Internal Server Error: "*&lt;": connection refused\n');
  });

  it.each([
    ['GET', '/apis/g/v1/namespaces/ns/metric', { verb: 'list', resource: 'metric', namespace: 'ns', group: 'g', version: 'v1' }],
    ['GET', '/apis/g/v1/namespaces/ns', { verb: 'get', resource: 'namespaces', namespace: '', group: 'g', version: 'v1' }],
    ['DELETE', '/apis/g/v1/things/one', { verb: 'delete', resource: 'things', namespace: '', group: 'g', version: 'v1' }],
    ['GET', '/apis/g/v1', { verb: 'get', path: '/apis/g/v1' }],
    ['GET', '/healthz', { verb: 'get', path: '/healthz' }],
  ])('%s %s is %o', (method, path, attributes) => expect(attributesOf(method, path)).toEqual(attributes));
});

describe('discovery', () => {
  it('lists exactly one resource, never none', async () => {
    const list = bodyOf(await handlerWith().handle(asking('/apis/external.metrics.k8s.io/v1beta1')));
    expect(list).toMatchObject({ kind: 'APIResourceList', resources: [{ name: 'externalmetrics', namespaced: true, verbs: ['get'] }] });
  });

  it.each([
    ['application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json', 'v2'],
    ['application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList', 'v2beta1'],
    [
      'application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      'v2',
    ],
    ['application/json', undefined],
    ['*/*', undefined],
  ])('%s asks for %s', (accept, wanted) => expect(discoveryFor(accept)).toBe(wanted));

  it('is found with a slash at the end as well', async () => {
    const paths = ['/apis', '/apis/external.metrics.k8s.io', '/apis/external.metrics.k8s.io/v1beta1', '/version', metricPath];
    for (const path of paths) {
      const [plain, slashed] = [await handlerWith().handle(asking(path)), await handlerWith().handle(asking(`${path}/`))];
      expect([slashed.status, slashed.body]).toEqual([200, plain.body]);
    }
    expect((await handlerWith().handle(asking('/apis//'))).status).toBe(404);
  });

  it('says that a client has it already', async () => {
    for (const path of ['/apis', '/openapi/v2', '/openapi/v3', '/openapi/v3/apis/external.metrics.k8s.io/v1beta1']) {
      const { headers } = await handlerWith().handle(asking(path));
      expect(await handlerWith().handle(asking(path, { 'if-none-match': headers?.['etag'] ?? '' }))).toMatchObject({
        status: 304,
        body: '',
      });
    }
  });
});

describe('health', () => {
  it('names what is not well', async () => {
    const checks = [
      { name: 'ping', isWell: () => true },
      { name: 'shutdown', isOfReadiness: true, isWell: () => false },
    ];
    const get = async (path: string): Promise<readonly [number, unknown]> => {
      const { status, body } = await handlerWith({ checks }).handle(asking(path));
      return [status, body];
    };
    expect(await get('/healthz')).toEqual([200, 'ok']);
    expect(await get('/livez?verbose')).toEqual([200, '[+]ping ok\nlivez check passed\n']);
    expect(await get('/readyz')).toEqual([500, '[+]ping ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n']);
    expect(await get('/readyz?exclude=shutdown')).toEqual([200, 'ok']);
    expect(await get('/readyz/ping')).toEqual([200, 'ok']);
    expect(await get('/livez?exclude=ping')).toEqual([200, 'ok']);
    expect((await get('/readyz/nothing'))[0]).toBe(404);
  });
});

describe('flagsIn', () => {
  it('reads what the map of flags says, and names what has no effect', () => {
    expect(
      flagsIn({
        'secure-port': '6443',
        'authorization-always-allow-paths': '/a,/b*',
        'client-qps': '5',
        'authentication-token-webhook-cache-ttl': '1m30s',
        'client-ca-file': '/ca.crt',
        'requestheader-allowed-names': 'a,b',
        'authentication-skip-lookup': 'true',
      }),
    ).toMatchObject({
      port: 6443,
      auth: {
        alwaysAllowPaths: ['/a', '/b*'],
        tokenTtlMs: 90_000,
        clientCaFile: '/ca.crt',
        frontProxyNames: ['a', 'b'],
        isLookupSkipped: true,
      },
      ignored: ['client-qps'],
      certDir: '/etc/datadog-agent/certificates',
    });
  });

  it.each([
    [{ 'no-such-flag': '1' }, 'unknown flag "no-such-flag"'],
    [{ 'secure-port': 'x' }, 'it must be a port'],
    [{ 'tls-min-version': 'toString' }, 'VersionTLS13'],
    [{ 'authentication-skip-lookup': 'maybe' }, 'it must be one of true, false'],
    [{ 'authorization-webhook-cache-authorized-ttl': '10' }, 'a duration'],
  ])('refuses %o', (given, why) => expect(() => flagsIn(given as unknown as Record<string, string>)).toThrow(why));
});

it('counts what is answered, under names that no stranger chooses', async () => {
  const telemetry = recordingTelemetry();
  const reading = measuredReads(provider, telemetry, manualClock());
  const mayRead = async ({ name }: UserInfo) => ({ allowed: name === 'jane', reason: '' });
  const authenticate: DelegatedAuth['authenticate'] = async ({ headers }) => ({ ...user, name: headers['x-remote-user']?.[0] ?? '' });
  const handler = handlerWith({ provider: reading, auth: { ...everything, authenticate, authorize: mayRead } });
  const handle = measured((request) => handler.handle(request), telemetry);
  const pathIn = (namespace: string): string => `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/m`;
  await handle(asking(pathIn('default'), { 'x-remote-user': 'jane' }));
  await handle(asking(pathIn('made-up'), { 'x-remote-user': 'bob' }));
  await handle(asking(pathIn('made-up'), { 'x-remote-user': 'bob' }, 'MADEUP'));
  expect(telemetry.values).toEqual({
    'apiserver_request_total{verb=GET,code=200}': 1,
    'apiserver_request_total{verb=GET,code=403}': 1,
    'apiserver_request_total{verb=other,code=403}': 1,
    apiserver_current_inflight_requests: 0,
    'external_metrics_api_requests{namespace=default,handler=get,in_error=false}': 1,
    'external_metrics_api_elapsed{handler=get,in_error=false}': [0],
  });
});

it('answers whatever comes with a status, and never throws', async () => {
  const handler = handlerWith();
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(metricPath, '/apis', '/apis/', '/openapi/v3', '/healthz/x', '//', '%'),
  );
  await fc.assert(
    fc.asyncProperty(text, text, text, fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'), async (...[path, query, accept, method]) => {
      const request = { ...asking('', { accept }, method), path, query: new URLSearchParams({ labelSelector: query }) };
      const { status } = await handler.handle(request);
      expect([200, 304, 400, 404, 405, 406]).toContain(status);
    }),
    { numRuns: 150 },
  );
});
