import { once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { component, many, supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { fakeConfig } from '../config/fake.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { Scrubber } from '../scrubber/index.ts';
import { DebugEndpoint } from './index.ts';
import { prometheusTelemetry } from './prometheus.ts';
import { isLoopback, metricsServer } from './server.ts';
import { processVars } from './vars.ts';

const scrubber = supply(Scrubber, { text: (text) => text.replaceAll('hunter2', '***'), data: (value) => value, remember: () => {} });
const broken = component({
  name: 'broken',
  provides: many(DebugEndpoint),
  create: (): DebugEndpoint => ({ path: '/debug/broken', answer: () => Promise.reject(new Error('secret detail')) }),
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

async function started(port: number) {
  const logged: Logged[] = [];
  const list = [
    fakeConfig({ metrics_port: port }),
    fakeLog(logged),
    scrubber,
    prometheusTelemetry,
    processVars,
    broken,
    metricsServer,
  ] as const;
  return { tested: await testApp(list), logged };
}

/** An address that is not the loopback's; some machines have none. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['10.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['12.7.0.0', false],
  [undefined, false],
])('%s is this machine: %s', (address, expected) => expect(isLoopback(address)).toBe(expected));

describe('the metrics port', () => {
  it('serves metrics, and debugging to this machine', async () => {
    const port = await freePort();
    const { tested, logged } = await started(port);
    const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.text()).toContain('process_resident_memory_bytes');
    expect(await (await get('/debug/vars')).json()).toMatchObject({ pid: process.pid, memstats: { rss: expect.any(Number) as number } });
    expect((await get('/nothing')).status).toBe(404);
    expect((await get('/metrics', { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await get('//')).status).toBe(400);
    const failed = await get('/debug/broken');
    expect([failed.status, await failed.text()]).toEqual([500, 'internal error, see the log\n']);
    expect(logged).toEqual([expect.objectContaining({ level: 'error', message: 'cannot answer /debug/broken on the metrics port' })]);
    await tested.stop();
  });

  it.runIf(outside !== undefined)('shows no debugging to other machines', async () => {
    const port = await freePort();
    const { tested } = await started(port);
    expect((await fetch(`http://${outside}:${port}/metrics`)).status).toBe(200);
    const vars = await fetch(`http://${outside}:${port}/debug/vars`);
    expect([vars.status, await vars.text()]).toEqual([403, 'only from this machine: use kubectl port-forward\n']);
    await tested.stop();
  });

  it('that is taken costs the metrics, not the agent', async () => {
    const taker = createServer().listen(0);
    await once(taker, 'listening');
    const { port } = taker.address() as AddressInfo;
    const { tested, logged } = await started(port);
    expect(logged.map(({ level, message }) => [level, message])).toEqual([
      ['error', `Error creating expvar server on port ${port}: free it or set metrics_port; the agent runs without metrics`],
    ]);
    await tested.stop();
    taker.close();
  });
});
