import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { many, type Clock } from '../../src/fx/index.ts';
import { manualClock, testApp, type ManualClock } from '../../src/fx/testing.ts';
import { Route, type RouteRequest } from '../api-server/index.ts';
import { fakeConfig } from '../config/fake.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { httpHealthprobe } from './http.ts';
import { Healthprobe, type HealthKind } from './index.ts';

interface Options {
  readonly port?: number;
  readonly dumps?: boolean;
  readonly clock?: Clock;
}

async function started({ port = 0, dumps = false, clock = manualClock() }: Options = {}) {
  const logged: Logged[] = [];
  const config = fakeConfig({ health_port: port, log_all_goroutines_when_unhealthy: dumps });
  const tested = await testApp([config, fakeLog(logged), httpHealthprobe], {
    requires: { probe: Healthprobe, routes: many(Route) },
    clock,
  });
  return { tested, logged, probe: tested.needs.probe, routes: tested.needs.routes };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

const secondsMs = 1000;
const kinds: readonly HealthKind[] = ['liveness', 'readiness', 'startup'];

describe('the catalog', () => {
  it('knows nothing bad of nobody', async () => {
    const { probe, tested } = await started();
    for (const kind of kinds) expect(probe.status(kind)).toEqual({ healthy: [], unhealthy: [] });
    await tested.stop();
  });

  it('counts a component from its first answer on, for as long as it answers', async () => {
    const clock = manualClock();
    const { probe, tested } = await started({ clock });
    const store = probe.register('liveness', 'store');
    expect(probe.status('liveness')).toEqual({ healthy: ['healthcheck'], unhealthy: ['store'] });
    store.taken();
    expect(probe.status('liveness')).toEqual({ healthy: ['healthcheck', 'store'], unhealthy: [] });
    await clock.advance(30 * secondsMs);
    expect(probe.status('liveness').unhealthy).toEqual([]);
    await clock.advance(15 * secondsMs);
    expect(probe.status('liveness')).toEqual({ healthy: ['healthcheck'], unhealthy: ['store'] });
    store.taken();
    expect(probe.status('liveness').unhealthy).toEqual([]);
    store.deregister();
    expect(probe.status('liveness').healthy).toEqual([]);
    await tested.stop();
  });

  it('asks for readiness of what must live too, and forgets no start-up', async () => {
    const clock = manualClock();
    const { probe, tested } = await started({ clock });
    const [alive, ready, up] = kinds.map((kind) => probe.register(kind, `${kind} of x`));
    for (const handle of [alive, ready, up]) handle?.taken();
    expect(probe.status('readiness').healthy).toEqual(['healthcheck', 'liveness of x', 'readiness of x']);
    await clock.advance(60 * secondsMs);
    expect(probe.status('liveness').unhealthy).toEqual(['liveness of x']);
    expect(probe.status('readiness').unhealthy).toEqual(['liveness of x', 'readiness of x']);
    expect(probe.status('startup')).toEqual({ healthy: ['healthcheck', 'startup of x'], unhealthy: [] });
    await tested.stop();
  });

  it('tells that the event loop was blocked, until it has come round in time again', async () => {
    const clock = jumpingClock();
    const { probe, tested } = await started({ clock });
    const store = probe.register('liveness', 'store');
    store.taken();
    await clock.advance(14 * secondsMs);
    clock.jump(40 * secondsMs);
    expect(probe.status('liveness').unhealthy).toEqual(['healthcheck']);
    await clock.advance(secondsMs); // the late round itself
    store.taken();
    expect(probe.status('liveness')).toEqual({ healthy: ['store'], unhealthy: ['healthcheck'] });
    await clock.advance(15 * secondsMs);
    store.taken();
    expect(probe.status('liveness').unhealthy).toEqual([]);
    await tested.stop();
  });
});

describe('the probe port', () => {
  it('answers 200 or 500 with who is well and who is not, as Go writes it', async () => {
    const port = await freePort();
    const { probe, tested, logged } = await started({ port, dumps: true });
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
      return [response.status, await response.text()] as const;
    };
    expect(await get('/live')).toEqual([200, '{"Healthy":null,"Unhealthy":null}']);
    const store = probe.register('readiness', 'store');
    expect(await get('/ready?verbose')).toEqual([500, '{"Healthy":["healthcheck"],"Unhealthy":["store"]}']);
    expect(await get('/ready')).toEqual([500, '{"Healthy":["healthcheck"],"Unhealthy":["store"]}']);
    expect(await get('/anything')).toEqual([200, '{"Healthy":null,"Unhealthy":null}']);
    expect(await get('/startup')).toEqual([200, '{"Healthy":null,"Unhealthy":null}']);
    store.taken();
    expect(await get('/ready')).toEqual([200, '{"Healthy":["healthcheck","store"],"Unhealthy":null}']);
    expect(logged.map(({ message }) => message)).toEqual([
      'Healthcheck failed on: [store]',
      expect.stringMatching(/^diagnostic report: \{"javascriptStack"/),
      'readiness is good again',
    ]);
    await tested.stop();
  });

  it('is cut off from a client that does not finish its request', async () => {
    const port = await freePort();
    const { tested } = await started({ port });
    const { connect } = await import('node:net');
    const socket = connect(port, '127.0.0.1');
    // It may be told that it is late: unread, that would keep its socket from ending.
    socket.resume().write('GET /live HTTP/1.1\r\n');
    await once(socket, 'close');
    await tested.stop();
  });

  it('that is taken is an error that says so', async () => {
    const taker = createServer().listen(0);
    await once(taker, 'listening');
    const { port } = taker.address() as AddressInfo;
    await expect(started({ port })).rejects.toThrow(
      `cannot listen on port ${port} for health probes: listen EADDRINUSE: address already in use :::${port}; free it, or set health_port`,
    );
    taker.close();
  });

  it('is not there for zero and less', async () => {
    const { tested } = await started({ port: -1 });
    await tested.stop();
  });
});

describe('GET /status/health', () => {
  it('is 200 whatever it says', async () => {
    const { probe, routes, tested } = await started();
    probe.register('liveness', 'store');
    const [route] = routes;
    expect(route).toMatchObject({ method: 'GET', path: '/status/health', access: 'session' });
    expect(await route?.handle({} as RouteRequest)).toEqual({
      headers: { 'content-type': 'application/json' },
      body: '{"Healthy":["healthcheck"],"Unhealthy":["store"]}',
    });
    await tested.stop();
  });
});

/** A clock that can go on without its timers, as if something kept the event loop. */
function jumpingClock(): ManualClock & { jump(ms: number): void } {
  const clock = manualClock();
  let ahead = 0;
  return {
    ...clock,
    monotonic: () => clock.monotonic() + ahead,
    jump: (ms) => void (ahead += ms),
    get pending() {
      return clock.pending;
    },
  };
}
