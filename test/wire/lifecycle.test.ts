import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { ApiServer, Route } from '../../components/api-server/index.ts';
import { muxedApiServer } from '../../components/api-server/muxed.ts';
import { fakeAuthTokens, fakeTokens } from '../../components/auth-token/fake.ts';
import { fakeConfig, type FakeValues } from '../../components/config/fake.ts';
import { fakeLog } from '../../components/log/fake.ts';
import { fakeOwnPod } from '../../components/own-pod/fake.ts';
import { prometheusTelemetry } from '../../components/telemetry/prometheus.ts';
import { app, component, many } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { everythingFrom, goClient, http2Client, rawSocket } from './support/clients.ts';
import { wireServer } from './support/server.ts';

const ok: Route = { method: 'GET', path: '/ok', access: 'session', handle: () => ({ body: 'ok' }) };
const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${fakeTokens.session}\r\n\r\n`;

/** The API server and what it stands on. */
const listWith = (values: FakeValues = {}) =>
  [
    fakeConfig({ 'cluster_agent.cmd_port': 0, ...values }),
    fakeLog(),
    fakeAuthTokens(),
    fakeOwnPod('agent-0', 'datadog'),
    prometheusTelemetry,
    muxedApiServer,
  ] as const;

/** A route that tells when it is asked, and answers when the test lets it. */
function held(): { readonly route: Route; readonly begun: Promise<void>; readonly release: () => void } {
  const begun = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const handle = async (): Promise<{ body: string }> => {
    begun.resolve();
    await released.promise;
    return { body: 'at last' };
  };
  return { route: { method: 'GET', path: '/held', access: 'session', handle }, begun: begun.promise, release: released.resolve };
}

describe('a start', () => {
  it('opens the port before what comes later has started, with its routes in place', async () => {
    const answers: string[] = [];
    const ask = async ({ api }: { readonly api: ApiServer }): Promise<void> => {
      await using client = goClient(api.port);
      answers.push((await client.ask('/ok', { as: 'session' })).body);
    };
    const contributor = component({
      name: 'contributor',
      provides: { api: many(Route) },
      requires: { api: ApiServer },
      create: () => ({ api: ok }),
    });
    const later = component({ name: 'later', requires: { api: ApiServer }, create: (needs) => needs, start: ask });
    await using _ = await testApp([...listWith(), later, contributor]);
    expect(answers).toEqual(['ok']);
  });

  it('is reached at every address of the machine, also where a cluster has only those of IPv6', async () => {
    const echo: Route = { method: 'GET', path: '/ok', access: 'session', handle: ({ remoteAddress }) => ({ body: remoteAddress }) };
    await using server = await wireServer({ routes: [echo] });
    const addresses = Object.values(networkInterfaces()).flatMap((each = []) => each.filter(({ address }) => !address.startsWith('fe80')));
    const seen: string[] = [];
    for (const { address } of addresses) {
      await using client = goClient(server.port, address);
      seen.push((await client.ask('/ok', { as: 'session' })).body);
    }
    // Who connects to an address of its own machine comes from that address: IPv4 is not shown as IPv6.
    expect(seen).toEqual(addresses.map(({ address }) => address));
  });

  it('says who uses the port, and which setting names another', async () => {
    const other = createServer().listen(0, '0.0.0.0');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(testApp(listWith({ 'cluster_agent.cmd_port': port }), { requires: { api: ApiServer } })).rejects.toThrow(
      `unable to create the api server: port ${port} is in use by this agent itself: set cluster_agent.cmd_port (DD_CLUSTER_AGENT_CMD_PORT)`,
    );
    other.close();
    await once(other, 'close');
  });

  it('refuses two routes that would hide each other', async () => {
    await expect(wireServer({ routes: [ok, Object.assign({}, ok)] })).rejects.toThrow('GET /ok would hide GET /ok');
  });

  it('can be repeated', async () => {
    let port = 0;
    const report = component({
      name: 'report',
      requires: { api: ApiServer },
      create: ({ api }) => api,
      start: (api) => void (port = api.port),
    });
    const twice = app([...listWith(), component({ name: 'route', provides: many(Route), create: () => ok }), report]);
    for (let count = 0; count < 2; count += 1) {
      await twice.start();
      await using client = goClient(port);
      const { headers, body } = await client.ask('/ok', { as: 'session' });
      expect([headers['connection'], body]).toEqual(['keep-alive', 'ok']);
      await twice.stop();
    }
  });
});

describe('TLS', () => {
  it('is 1.3 only', async () => {
    await using server = await wireServer();
    const socket = await rawSocket(server.port);
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
    await expect(rawSocket(server.port, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version|alert/i);
  });

  it.each(['TLSv1', 'TLSv1.2'] as const)('is %s too where cluster_agent.allow_legacy_tls says so', async (version) => {
    await using server = await wireServer({ values: { 'cluster_agent.allow_legacy_tls': true } });
    const socket = await rawSocket(server.port, { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  });

  it('agrees on HTTP/2, HTTP/1.1 or nothing', async () => {
    await using server = await wireServer();
    const agreed = async (ALPNProtocols: string[]): Promise<unknown> => {
      const socket = await rawSocket(server.port, { ALPNProtocols });
      socket.destroy();
      return socket.alpnProtocol;
    };
    expect([await agreed(['h2']), await agreed(['http/1.1', 'h2']), await agreed(['http/1.1']), await agreed([])]).toEqual([
      'h2',
      'h2',
      'http/1.1',
      false,
    ]);
  });

  it('shows a certificate that clients can check by every name of the agent', async () => {
    const values = { 'cluster_agent.kubernetes_service_name': 'datadog-cluster-agent' };
    await using tested = await testApp(listWith(values), { requires: { api: ApiServer } });
    const { port } = tested.needs.api;
    const socket = await rawSocket(port);
    const { raw } = socket.getPeerCertificate();
    socket.destroy();
    const certificate = new X509Certificate(raw);
    const names = [
      'localhost',
      'datadog-cluster-agent',
      'datadog-cluster-agent.datadog.svc',
      'datadog-cluster-agent.datadog.svc.cluster.local',
    ];
    expect(names.map((name) => certificate.checkHost(name))).toEqual(names);
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.subject).toBe('O=Datadog\\, Inc.');
    const checked = tls.connect({ host: '127.0.0.1', port, ca: certificate.toString() });
    await once(checked, 'secureConnect');
    expect(checked.authorized).toBe(true);
    checked.destroy();
  });
});

describe('a stop', () => {
  it('answers what was asked, tells clients to leave, and takes nothing new', async () => {
    const { route, begun, release } = held();
    const server = await wireServer({ routes: [route, ok], clock: manualClock() });
    const [busy, idle] = [await rawSocket(server.port), await rawSocket(server.port)];
    const [answer, nothing] = [everythingFrom(busy), everythingFrom(idle)];
    busy.write(request('/held'));
    await begun;
    const stopped = server.stop();
    expect(await nothing).toBe('');
    await expect(rawSocket(server.port)).rejects.toThrow('ECONNREFUSED');
    release();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n[^]*\r\n\r\nat last$/);
    await stopped;
  });

  it('answers what was asked over HTTP/2', async () => {
    const { route, begun, release } = held();
    const server = await wireServer({ routes: [route] });
    await using client = http2Client(server.port);
    const answer = client.ask('/held', { as: 'session' });
    await begun;
    const stopped = server.stop();
    release();
    expect((await answer).body).toBe('at last');
    await stopped;
  });

  it('cuts what is not done after 5 s', async () => {
    const clock = manualClock();
    const { route, begun } = held();
    const server = await wireServer({ routes: [route], clock });
    const sockets = [await rawSocket(server.port), await rawSocket(server.port, { ALPNProtocols: ['h2'] })];
    const answers = sockets.map(everythingFrom);
    sockets[0]?.write(request('/held'));
    await begun;
    let isStopped = false;
    const stopped = server.stop().then(() => (isStopped = true));
    await clock.advance(4999);
    expect(isStopped).toBe(false);
    await clock.advance(1);
    await stopped;
    expect((await Promise.all(answers))[0]).toBe('');
  });

  it('is not held up by clients that never finish a handshake, or never ask', async () => {
    const server = await wireServer({ routes: [ok], clock: manualClock() });
    const closed = Array.from({ length: 20 }, async () => {
      const socket = connect(server.port, '127.0.0.1');
      await once(
        socket.on('error', () => undefined),
        'connect',
      );
      return once(socket, 'close');
    });
    const silent = await Promise.all(Array.from({ length: 20 }, () => rawSocket(server.port)));
    const nothing = silent.map(everythingFrom);
    // The clock stands still: nobody waits for the grace to be over.
    await server.stop();
    expect(await Promise.all(nothing)).toEqual(silent.map(() => ''));
    await Promise.all(closed);
  });
});
