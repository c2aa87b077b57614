import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualClock, testApp, type TestedApp } from '../../src/fx/testing.ts';
import { type Cluster, startCluster } from '../../src/testkit/cluster/index.ts';
import { CertificateAuthority } from '../../src/certificates/index.ts';
import { portOf } from '../../test/cluster/support/real-server.ts';
import { type Identity, kubernetesAs } from '../../test/kubernetes/support.ts';
import { StatusProvider } from '../status/index.ts';
import { many } from '../../src/fx/index.ts';
import { Kubernetes, UnreachableError, type Resource } from './index.ts';
import { recordingTelemetry } from './test-support.ts';

const user = 'agent';
const masters = ['system:masters'];
const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
const target = { resource: configMaps, namespace: 'kube-system', name: 'extension-apiserver-authentication' };
const requires = { kubernetes: Kubernetes };

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

/** Machines may be slow. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });
let cluster: Cluster;
let clock: ReturnType<typeof manualClock>;
let telemetry: ReturnType<typeof recordingTelemetry>;
let app: TestedApp<typeof requires>;
let kubernetes: Kubernetes;

beforeEach(async () => {
  cluster = await startCluster();
  clock = manualClock();
  telemetry = recordingTelemetry();
  app = await testApp(kubernetesAs(cluster.clientFor({ user, groups: masters }), { telemetry }), { requires, clock });
  ({ kubernetes } = app.needs);
});
afterEach(async () => {
  await app.stop();
  await cluster.stop();
  expect(clock.pending).toBe(0);
});

/** Waits until a call waits for a retry: the timer of its deadline, and that of the retry. */
const untilItWaits = (): Promise<void> => eventually(() => clock.pending).toBe(2);

it('makes its calls over one connection', async () => {
  for (let call = 0; call < 25; call += 1) await kubernetes.get(target);
  await failure(kubernetes.get({ ...target, name: 'missing' }));
  await kubernetes.list(configMaps);
  expect(cluster.traffic(user)).toEqual({ connections: 1, requests: 27 });
});

describe('the deadline of a call', () => {
  it.each([
    ['a server that hangs', { kind: 'hang' }],
    ['a half-open connection', { kind: 'half-open' }],
    ['an answer that is too late', { kind: 'latency', milliseconds: 3_600_000 }],
  ] as const)('ends it on %s, and the next call works', async (_, effect) => {
    await kubernetes.get(target);
    const fault = cluster.faults.add({ ...effect, user });
    const call = failure(kubernetes.get(target));
    await eventually(() => fault.hits).toBe(1);
    await clock.advance(9999);
    expect(telemetry.values['apiserver_client_timeouts'] ?? 0).toBe(0);
    await clock.advance(1);
    const error = await call;
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ code: 'timeout' });
    expect(String(error)).toContain(
      `GET ${cluster.url}/api/v1/namespaces/kube-system/configmaps/${target.name}: no answer within 10000 ms`,
    );
    expect(telemetry.values['apiserver_client_timeouts']).toBe(1);
    fault.remove();
    await kubernetes.get(target);
  });

  it("is the caller's where that says so, and its signal ends it at any time", async () => {
    const fault = cluster.faults.add({ kind: 'hang', user });
    const short = failure(kubernetes.get(target, { timeoutMs: 500 }));
    await eventually(() => fault.hits).toBe(1);
    await clock.advance(500);
    expect(await short).toMatchObject({ code: 'timeout' });
    const controller = new AbortController();
    const endless = failure(kubernetes.get(target, { timeoutMs: 0, signal: controller.signal }));
    await eventually(() => fault.hits).toBe(2);
    const reason = new Error('not needed any more');
    controller.abort(reason);
    expect(await endless).toBe(reason);
    expect(await failure(kubernetes.get(target, { signal: controller.signal }))).toBe(reason);
    expect(telemetry.values['apiserver_client_timeouts']).toBe(1);
    fault.remove();
  });

  it('comes from kubernetes_apiserver_client_timeout', async () => {
    const list = kubernetesAs(cluster.clientFor({ user: 'impatient' }), { config: { kubernetes_apiserver_client_timeout: 2 } });
    await using impatient = await testApp(list, { requires, clock });
    const fault = cluster.faults.add({ kind: 'hang', user: 'impatient' });
    const call = failure(impatient.needs.kubernetes.get(target));
    await eventually(() => fault.hits).toBe(1);
    await clock.advance(2000);
    expect(await call).toMatchObject({ code: 'timeout' });
    fault.remove();
  });
});

describe('a read', () => {
  it('that is refused with 429 waits as long as it is told', async () => {
    const fault = cluster.faults.add({ kind: 'refuse', code: 429, retryAfterSeconds: 3, user, times: 1 });
    const call = kubernetes.get(target);
    await untilItWaits();
    await clock.advance(2999);
    expect(fault.hits).toBe(1);
    expect(cluster.traffic(user).requests).toBe(1);
    await clock.advance(300);
    expect(await call).toMatchObject({ kind: 'ConfigMap' });
  });

  it('that fails with 500 is tried again with doubling, jittered delays', async () => {
    const fault = cluster.faults.add({ kind: 'refuse', code: 500, user, times: 3 });
    const call = kubernetes.get(target);
    for (let tries = 1; tries <= 3; tries += 1) {
      await untilItWaits();
      expect(fault.hits).toBe(tries);
      await clock.advance(200 * 2 ** tries);
    }
    expect(await call).toMatchObject({ kind: 'ConfigMap' });
  });

  it('outlives a partition that is short', async () => {
    const fault = cluster.faults.add({ kind: 'partition', user });
    const call = kubernetes.get(target);
    await untilItWaits();
    fault.remove();
    await clock.advance(400);
    expect(await call).toMatchObject({ kind: 'ConfigMap' });
  });

  it('is given up with the last answer when the next try would come too late', async () => {
    cluster.faults.add({ kind: 'refuse', code: 429, retryAfterSeconds: 60, user });
    expect(await failure(kubernetes.get(target))).toMatchObject({ code: 429, reason: 'TooManyRequests', retryAfterMs: 60_000 });
  });

  it('is not tried again where that cannot help, or is not wanted', async () => {
    const wrong = cluster.faults.add({ kind: 'refuse', code: 410, user, times: 1 });
    expect(await failure(kubernetes.list(configMaps))).toMatchObject({ code: 410 });
    expect(wrong.hits).toBe(1);
    const broken = cluster.faults.add({ kind: 'refuse', code: 503, user, times: 1 });
    expect(await failure(kubernetes.get(target, { retriesMax: 0 }))).toMatchObject({ code: 503 });
    expect(broken.hits).toBe(1);
  });
});

describe('a write', () => {
  it('is tried again only when its caller says so', async () => {
    const object = { metadata: { name: 'written' } };
    const where = { resource: configMaps, namespace: 'default' };
    const fault = cluster.faults.add({ kind: 'refuse', code: 500, user, times: 2 });
    expect(await failure(kubernetes.create(where, object))).toMatchObject({ code: 500, reason: 'InternalError' });
    expect(fault.hits).toBe(1);
    const call = kubernetes.create(where, object, { retriesMax: 1 });
    await untilItWaits();
    await clock.advance(400);
    expect(await call).toMatchObject({ metadata: { name: 'written' } });
  });

  it('is never repeated after its connection broke: it may have been done', async () => {
    const fault = cluster.faults.add({ kind: 'partition', user });
    const call = failure(kubernetes.create({ resource: configMaps, namespace: 'default' }, { metadata: { name: 'x' } }, { retriesMax: 5 }));
    expect(await call).toMatchObject({ code: 'ECONNRESET' });
    fault.remove();
  });

  it('to a name that leads elsewhere is refused before it leaves', () => {
    for (const name of ['', '.', '..', 'a/b', '%2e%2e'])
      expect(() => kubernetes.get({ ...target, name })).toThrow(/cannot be the name of a Kubernetes object/);
    expect(() => kubernetes.create({ resource: configMaps }, {})).toThrow(
      'configmaps are namespaced: say in which namespace the object is',
    );
    expect(cluster.traffic(user).requests).toBe(0);
  });
});

it('shows in the status which verbs RBAC denies', async () => {
  const wanted = { client: Kubernetes, providers: many(StatusProvider) };
  await using limited = await testApp(kubernetesAs(cluster.clientFor({ user: 'limited' })), { requires: wanted });
  const { client, providers } = limited.needs;
  const [section] = providers;
  expect(section?.section).toBe('Kubernetes API');
  expect(await section?.text({ verbose: false })).toBe('');
  await failure(client.get(target));
  await failure(client.get(target));
  await failure(client.list({ ...configMaps, plural: 'secrets' }));
  expect(await section?.text({ verbose: false })).toBe(
    '  RBAC denies what the agent needs; add these verbs to its roles:\n' +
      '    cannot get configmaps "extension-apiserver-authentication" in namespace "kube-system" (2 times)\n' +
      '    cannot list secrets (once)\n',
  );
  expect(await section?.json({ verbose: false })).toEqual({ kubernetesDenials: client.denials });
});

describe('what answers and is no API server', () => {
  const authority = new CertificateAuthority('strange-ca');
  const strange = async (
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    use: (client: Kubernetes) => Promise<void>,
  ) => {
    const { certificate, key } = authority.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
    const server = createServer({ cert: certificate, key }, answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const identity: Identity = { url: `https://127.0.0.1:${portOf(server)}`, ca: authority.certificate };
    const tested = await testApp(kubernetesAs(identity), { requires });
    try {
      await use(tested.needs.kubernetes);
    } finally {
      await tested.stop();
      server.close();
    }
  };

  it('is told from one that has no such object', async () => {
    await strange(
      (_, response) => response.writeHead(404, { 'Content-Type': 'text/html' }).end('<html>\n<h1>Nothing  here</h1></html>'),
      async (client) => {
        expect(await failure(client.get(target))).toMatchObject({
          code: 404,
          reason: 'NotFound',
          message: expect.stringContaining("in words that are not the API server's: <html> <h1>Nothing here</h1></html>"),
        });
      },
    );
  });

  it('is told from one that does not know a kind', async () => {
    await strange(
      (_, response) => response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n'),
      async (client) => {
        const message = expect.stringMatching(/: 404 page not found: .* is its CustomResourceDefinition applied\?$/);
        expect(await failure(client.get(target))).toMatchObject({ code: 404, reason: 'NotFound', message });
      },
    );
  });

  it('is told from one that knows us and refuses', async () => {
    await strange(
      (_, response) => response.writeHead(403, { 'Content-Type': 'text/html' }).end('Blocked by the proxy'),
      async (client) => {
        expect(await failure(client.raw('/version'))).toMatchObject({ code: 403, reason: 'Unknown' });
      },
    );
  });

  it('is no success', async () => {
    await strange(
      (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('welcome'),
      async (client) => {
        expect(await failure(client.list(configMaps))).toMatchObject({ code: 'bad-answer' });
        expect(await client.raw('/anything')).toBe('welcome');
      },
    );
  });

  it('does not hurt with garbage, half an answer, or one without an end', { timeout: 30_000 }, async () => {
    const answers: Record<string, (response: ServerResponse) => void> = {
      '/garbage': (response) => response.end('{"kind": "Pod"'),
      '/half': (response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 1000 }).write('{');
        setImmediate(() => response.destroy());
      },
      '/endless': (response) => {
        const more = (): void => {
          while (response.write(Buffer.alloc(1_048_576, ' ')));
          response.once('drain', more);
        };
        more();
      },
    };
    await strange(
      ({ url = '' }, response) => answers[url]?.(response.setHeader('Content-Type', 'application/json')),
      async (client) => {
        expect(await failure(client.raw('/garbage'))).toMatchObject({
          code: 'bad-answer',
          message: expect.stringContaining('14 characters'),
        });
        expect(await failure(client.raw('/half', { retriesMax: 0 }))).toMatchObject({ code: 'ECONNRESET' });
        expect(await failure(client.raw('/endless'))).toMatchObject({
          code: 'bad-answer',
          message: expect.stringContaining('longer than'),
        });
      },
    );
  });
});
