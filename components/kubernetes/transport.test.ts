import dns from 'node:dns';
import { createServer as createProxy, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { manualClock, LeakWatch } from '../../src/fx/testing.ts';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';
import { CertificateAuthority } from '../../src/certificates/index.ts';
import { portOf } from '../../test/cluster/support/real-server.ts';
import { fixedAccess, transportTo } from '../../test/kubernetes/support.ts';
import { AgentTransport } from './agent-transport.ts';
import type { Access } from './credentials.ts';
import { UnreachableError } from './index.ts';
import { proxyFor } from './proxy.ts';

const mebibyte = 1_048_576;
const user = 'agent';
/** Machines may be slow. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });
let cluster: Cluster;
let transport: AgentTransport;

beforeEach(async () => {
  cluster = await startCluster();
  transport = transportTo(cluster.clientFor({ user, groups: ['system:masters'] }));
});
afterEach(async () => {
  await transport.close();
  await cluster.stop();
});

const get = async (path: string): Promise<string> => (await transport.open({ method: 'GET', path })).text(mebibyte);
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('connections', () => {
  it('are kept and used again', async () => {
    for (let call = 0; call < 20; call += 1) await get('/version');
    expect(cluster.traffic(user)).toEqual({ connections: 1, requests: 20 });
  });

  it('survive answers whose body nobody wants', async () => {
    for (let call = 0; call < 5; call += 1) (await transport.open({ method: 'GET', path: '/api/v1/namespaces/nobody' })).discard();
    await get('/version');
    expect(cluster.traffic(user).connections).toBeLessThanOrEqual(2);
  });

  it('are shared by at most as many as run at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => get('/version')));
    await Promise.all(Array.from({ length: 8 }, () => get('/version')));
    expect(cluster.traffic(user).connections).toBeLessThanOrEqual(8);
  });

  it('are all gone after close, with watches and idle ones', async () => {
    const leaks = new LeakWatch();
    await leaks.inside(async () => {
      const other = transportTo(cluster.clientFor({ user: 'other', groups: ['system:masters'] }));
      const watch = await other.open({ method: 'GET', path: '/api/v1/pods?watch=true' });
      const reading = failure(watch.chunks()[Symbol.asyncIterator]().next());
      await (await other.open({ method: 'GET', path: '/version' })).text(mebibyte);
      await other.close();
      expect(await reading).toMatchObject({ code: 'stopped' });
      expect(await failure(other.open({ method: 'GET', path: '/version' }))).toMatchObject({ code: 'stopped' });
    });
    await leaks.end();
  });
});

describe('a stream', () => {
  it('gives what comes, and ends with its reader', async () => {
    const watch = await transport.open({ method: 'GET', path: '/api/v1/namespaces?watch=true&resourceVersion=0' });
    expect(watch.status).toBe(200);
    let text = '';
    for await (const chunk of watch.chunks()) {
      text += Buffer.from(chunk).toString();
      if (text.includes('kube-system')) break;
    }
    expect(text).toContain('"type":"ADDED"');
  });

  it('fails with the reason of its signal', async () => {
    const controller = new AbortController();
    const watch = await transport.open({ method: 'GET', path: '/api/v1/pods?watch=true', signal: controller.signal });
    const reading = failure(watch.chunks()[Symbol.asyncIterator]().next());
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await reading).toBe(reason);
  });

  it('fails with words of its own when the server cuts it', async () => {
    const watch = await transport.open({ method: 'GET', path: '/api/v1/pods?watch=true' });
    const reading = failure(watch.chunks()[Symbol.asyncIterator]().next());
    cluster.faults.add({ kind: 'cut-watches', how: 'reset' });
    expect(await reading).toMatchObject({ code: 'ECONNRESET', message: expect.stringContaining(`GET ${cluster.url}/api/v1/pods: `) });
  });
});

describe('silence', () => {
  it('before the answer is a failure after the limit, and not before', async () => {
    const clock = manualClock();
    const patient = new AgentTransport({ access: fixedAccess(cluster.clientFor({ user })), clock, warn: () => {} });
    const hang = cluster.faults.add({ kind: 'hang', user });
    const answer = failure(patient.open({ method: 'GET', path: '/version', idleTimeoutMs: 1000 }));
    await eventually(() => hang.hits).toBe(1);
    await clock.advance(999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await answer).toMatchObject({ code: 'timeout', message: expect.stringContaining('not a byte came in 1000 ms') });
    expect(clock.pending).toBe(0);
    await patient.close();
  });

  it('in the middle of a stream is one too, but not while the reader is busy', async () => {
    const clock = manualClock();
    const access = fixedAccess(cluster.clientFor({ user, groups: ['system:masters'] }));
    const patient = new AgentTransport({ access, clock, warn: () => {} });
    const watch = await patient.open({ method: 'GET', path: '/api/v1/namespaces?watch=true&resourceVersion=0', idleTimeoutMs: 1000 });
    const chunks = watch.chunks()[Symbol.asyncIterator]();
    await chunks.next();
    await clock.advance(10_000);
    cluster.faults.add({ kind: 'half-open', user });
    const silent = failure(
      (async () => {
        while ((await chunks.next()).done !== true);
      })(),
    );
    await eventually(() => clock.pending).toBe(1);
    await clock.advance(1000);
    await clock.advance(1000);
    expect(await silent).toMatchObject({ code: 'timeout' });
    await patient.close();
  });

  it('makes the next call dial anew instead of waiting on another dead connection', async () => {
    await Promise.all([get('/version'), get('/version'), get('/version')]);
    const { connections } = cluster.traffic(user);
    const hang = cluster.faults.add({ kind: 'hang', user, times: 1 });
    await failure(transport.open({ method: 'GET', path: '/version', idleTimeoutMs: 50 }));
    hang.remove();
    await get('/version');
    expect(cluster.traffic(user).connections).toBe(connections + 1);
  });
});

describe('a failure', () => {
  it('of the connection names verb, address and path, and what to do', async () => {
    const { url } = cluster;
    await cluster.stop();
    const error = await failure(transport.open({ method: 'GET', path: '/api/v1/pods?continue=long' }));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    expect(String(error)).toContain(`GET ${url}/api/v1/pods: connect ECONNREFUSED`);
    expect(String(error)).toContain('nothing listens there');
  });

  it('of a name with several addresses names them all', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
    const lookup = vi
      .spyOn(dns, 'lookup')
      .mockImplementation(((_host: string, _options: object, found: (...answer: unknown[]) => void) => found(null, addresses)) as never);
    const { port } = new URL(cluster.url);
    await cluster.stop();
    const named = transportTo({ ...cluster.clientFor({ user }), url: `https://kube.example:${port}` });
    const error = await failure(named.open({ method: 'GET', path: '/version' }));
    lookup.mockRestore();
    expect(String(error)).toContain(`connect ECONNREFUSED 127.0.0.1:${port}, connect ECONNREFUSED 127.0.0.2:${port}; nothing listens`);
    await named.close();
  });

  it('is an answer to something that nobody asked', async () => {
    const server = createTcpServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const other = transportTo({ ...cluster.clientFor({ user }), url: `http://127.0.0.1:${portOf(server)}` });
    const error = await failure(other.open({ method: 'GET', path: '/version' }));
    expect(error).toMatchObject({
      code: 'bad-answer',
      message: expect.stringContaining('/version: no answer, and the connection is over'),
    });
    await other.close();
    server.close();
  });

  it('of TLS names the setting that mends it', async () => {
    const stranger = { ...cluster.clientFor({ user }), ca: new CertificateAuthority('another').certificate };
    const wary = transportTo(stranger);
    const error = await failure(wary.open({ method: 'GET', path: '/version' }));
    expect(String(error)).toContain('kubernetes_apiserver_ca_path');
    await wary.close();
  });

  it('of a partition comes at once', async () => {
    cluster.faults.add({ kind: 'partition', user });
    expect(await failure(get('/version'))).toMatchObject({ code: 'ECONNRESET' });
  });

  it('is an answer that is longer than its reader allows', async () => {
    const answer = await transport.open({ method: 'GET', path: '/openapi/v2' });
    expect(await failure(answer.text(1000))).toMatchObject({
      code: 'bad-answer',
      message: expect.stringContaining('longer than 1000 bytes'),
    });
  });
});

it('trusts what is given as a CA, also where that is signed by another', async () => {
  const { certificate, key } = new CertificateAuthority('unknown').issue({ commonName: 'server', hosts: ['127.0.0.1'] });
  const server = createServer({ cert: certificate, key }, (_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const trusting = transportTo({ url: `https://127.0.0.1:${portOf(server)}`, ca: certificate });
  expect((await trusting.open({ method: 'GET', path: '/version' })).status).toBe(200);
  await trusting.close();
  server.close();
});

describe('credentials', () => {
  it('that are refused are renewed once, and the request goes out again', async () => {
    const good = fixedAccess(cluster.clientFor({ user: 'rotated', groups: ['system:masters'], with: 'token' }));
    const renewed = await good.credentials();
    const stale = { tls: renewed.tls, headers: { Authorization: 'Bearer stale' } };
    let renewals = 0;
    const access: Access = {
      ...good,
      credentials: () => Promise.resolve(stale),
      renew: () => {
        renewals += 1;
        return Promise.resolve(renewed);
      },
    };
    const rotating = new AgentTransport({ access, clock: manualClock(), warn: () => {} });
    const answer = await rotating.open({ method: 'GET', path: '/api/v1/pods' });
    expect(answer.status).toBe(200);
    expect(renewals).toBe(1);
    await answer.text(mebibyte);
    await rotating.close();
  });

  it('that change the certificate bring a new pool, and leave running watches alone', async () => {
    const first = await fixedAccess(cluster.clientFor({ user: 'first', groups: ['system:masters'] })).credentials();
    const second = await fixedAccess(cluster.clientFor({ user: 'second', groups: ['system:masters'] })).credentials();
    let now = first;
    const access: Access = { ...fixedAccess(cluster.clientFor({ user })), credentials: () => Promise.resolve(now) };
    const rotating = new AgentTransport({ access, clock: manualClock(), warn: () => {} });
    const watch = await rotating.open({ method: 'GET', path: '/api/v1/namespaces?watch=true&resourceVersion=0' });
    now = second;
    await (await rotating.open({ method: 'GET', path: '/version' })).text(mebibyte);
    expect(cluster.traffic('second').requests).toBe(1);
    expect((await watch.chunks()[Symbol.asyncIterator]().next()).done).toBe(false);
    await rotating.close();
  });
});

it('goes through the proxy that it is told, except on this machine', async () => {
  const asked: string[] = [];
  const proxy = createProxy().listen(0, '127.0.0.1');
  proxy.on('connect', ({ url = '' }: IncomingMessage, client: Socket) => {
    asked.push(url);
    const upstream = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  await once(proxy, 'listening');
  const env = { HTTPS_PROXY: `127.0.0.1:${portOf(proxy)}` };
  const identity = cluster.clientFor({ user: 'behind', groups: ['system:masters'] });
  const host = `kubernetes.default.svc:${new URL(cluster.url).port}`;
  for (const url of [cluster.url, `https://${host}`]) {
    const access = { ...fixedAccess({ ...identity, url }), proxy: proxyFor(new URL(url), env) };
    const proxied = new AgentTransport({ access, clock: manualClock(), warn: () => {} });
    for (let call = 0; call < 3; call += 1) await (await proxied.open({ method: 'GET', path: '/version' })).text(mebibyte);
    await proxied.close();
  }
  expect(asked).toEqual([host]);
  expect(cluster.traffic('behind')).toEqual({ connections: 2, requests: 6 });
  proxy.close();
});

describe('a server of another kind', () => {
  const authority = new CertificateAuthority('other-ca');
  let server: Server;
  let identity: Parameters<typeof transportTo>[0];
  let other: AgentTransport;
  const warnings: string[] = [];

  beforeEach(async () => {
    const { certificate, key } = authority.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
    server = createServer({ cert: certificate, key }, ({ url }, response) => {
      // Go writes UTF-8, which Node takes for latin1.
      const warning = Buffer.from('299 - "one \\"quoted\\"", 299 - "zwei Größen"').toString('latin1');
      if (url === '/long') response.setHeader('Audit', 'x'.repeat(100_000));
      response.setHeader('Warning', warning).end(url === '/large' ? Buffer.alloc(4 * mebibyte) : Buffer.from('{}'));
    }).listen(0, '127.0.0.1');
    // Only its client ends a connection.
    server.keepAliveTimeout = 0;
    await once(server, 'listening');
    identity = { url: `https://127.0.0.1:${portOf(server)}/`, ca: authority.certificate };
    other = transportTo(identity, (text) => warnings.push(text));
  });
  afterEach(async () => {
    await other.close();
    server.close();
  });

  it('is heard when it warns', async () => {
    await (await other.open({ method: 'GET', path: '/version' })).text(100);
    expect(warnings).toEqual(['one "quoted"', 'zwei Größen']);
  });

  it('may send headers longer than Node expects, as gateways do', async () => {
    expect(await (await other.open({ method: 'GET', path: '/long' })).text(100)).toBe('{}');
  });

  it('cannot hold the event loop by sending without a pause, not even over several connections', async () => {
    let [readBytes, turns] = [0, 0];
    // Time passes only while we read: 2 ms, a slice, for 50 kB.
    const clock = { ...manualClock(), monotonic: () => readBytes / 25_000 };
    const slow = new AgentTransport({ access: fixedAccess(identity), clock, warn: () => {} });
    const bytesByTurn = new Map<number, number>();
    const read = async (): Promise<void> => {
      const answer = await slow.open({ method: 'GET', path: '/large' });
      for await (const { length } of answer.chunks()) {
        readBytes += length;
        bytesByTurn.set(turns, (bytesByTurn.get(turns) ?? 0) + length);
      }
    };
    const turn = (): void => {
      turns += 1;
      turning = setImmediate(turn);
    };
    let turning = setImmediate(turn);
    await Promise.all([read(), read(), read()]);
    clearImmediate(turning);
    expect(readBytes).toBe(12 * mebibyte);
    expect(Math.max(...bytesByTurn.values())).toBeLessThan(mebibyte);
    await slow.close();
  });

  it('has no connection left after close, not even an idle one', async () => {
    const connections = (): Promise<number> =>
      new Promise((resolve, reject) => void server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))));
    const call = async (): Promise<unknown> => (await other.open({ method: 'GET', path: '/version' })).text(100);
    await Promise.all([call(), call(), call()]);
    expect(await connections()).toBe(3);
    await other.close();
    await eventually(connections).toBe(0);
  });
});
