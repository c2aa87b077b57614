import { afterEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock } from '../../src/fx/testing.ts';
import type { KubeObject } from './index.ts';
import { Reflector, type Reflection } from './reflector.ts';
import { ScriptedApi } from './test-support.ts';

/** Keeps names with versions, and what it was told. */
class Names implements Reflection {
  readonly known = new Map<string, string>();
  readonly told: string[] = [];
  #unnamed = new Set<string>();

  listBegins(): void {
    this.told.push('list');
    this.#unnamed = new Set(this.known.keys());
  }

  put({ metadata: { name = '', resourceVersion = '' } }: KubeObject): void {
    this.#unnamed.delete(name);
    this.known.set(name, resourceVersion);
  }

  remove({ metadata: { name = '' } }: KubeObject): void {
    this.known.delete(name);
  }

  listEnds(): Promise<void> {
    for (const name of this.#unnamed) this.known.delete(name);
    this.told.push(`complete: ${[...this.known.keys()].join(' ')}`);
    return Promise.resolve();
  }
}

interface Bench {
  readonly clock: ManualClock;
  readonly api: ScriptedApi;
  readonly names: Names;
  readonly failures: { readonly message: string; readonly inMs: number }[];
  readonly opened: string[];
}

let stop = async (): Promise<void> => {};
afterEach(() => stop());

async function reflect(prepare: (api: ScriptedApi) => void, listTimeoutMs = 0): Promise<Bench> {
  const [clock, names] = [manualClock(), new Names()];
  const api = new ScriptedApi();
  prepare(api);
  const [failures, opened] = [[] as Bench['failures'], [] as string[]];
  const reflector = new Reflector({
    transport: api,
    denials: { all: [], refused: () => {}, granted: () => {} },
    clock,
    random: { next: () => 0 },
    collection: { resource: { group: '', version: 'v1', plural: 'pods', namespaced: true }, labelSelector: 'a=b' },
    reflection: names,
    observer: {
      opened: (what) => void opened.push(what),
      failed: (error, inMs) => void failures.push({ message: error instanceof Error ? error.message : String(error), inMs }),
    },
    listTimeoutMs,
  });
  const controller = new AbortController();
  const running = reflector.run(controller.signal);
  stop = async () => {
    controller.abort(new Error('the test is over'));
    await running;
    expect(clock.pending).toBe(0);
    expect(api.watches).toEqual([]);
    stop = async () => {};
  };
  await clock.advance(0);
  return { clock, api, names, failures, opened };
}

const listPath = '/api/v1/pods?labelSelector=a%3Db&limit=500';
const watchPath = (version: number | string): string =>
  `/api/v1/pods?labelSelector=a%3Db&watch=true&allowWatchBookmarks=true&resourceVersion=${version}&timeoutSeconds=300`;
const oneList = (api: ScriptedApi): void => {
  api.list({ names: ['a', 'b'], version: 10 });
};

describe('a list', () => {
  it('comes in pages of 500, and the watch begins at its version', async () => {
    const { api, names, opened } = await reflect((server) => {
      server.list({ names: ['a', 'b'], version: 10, next: 'more' });
      server.list({ names: ['c'], version: 10 });
    });
    expect(api.paths).toEqual([listPath, `${listPath}&continue=more`, watchPath(10)]);
    expect(names.told).toEqual(['list', 'complete: a b c']);
    expect(opened).toEqual(['list', 'list', 'watch']);
  });

  it('goes on with the same page after a failure', async () => {
    const { clock, api, failures } = await reflect((server) => {
      server.list({ names: ['a'], version: 10, next: 'more' });
      server.refuse(503);
      server.cut();
      server.list({ names: ['b'], version: 10 });
    });
    await clock.advance(10_000);
    expect(api.paths).toEqual([listPath, ...Array.from({ length: 3 }, () => `${listPath}&continue=more`), watchPath(10)]);
    expect(failures.map(({ inMs }) => inMs)).toEqual([800, 1600]);
  });

  it('is read without pages when the snapshot of its pages is gone, and forgets no object meanwhile', async () => {
    const { clock, api, names } = await reflect((server) => {
      server.list({ names: ['a'], version: 10, next: 'more' });
      server.refuse(410, { reason: 'Expired' });
      server.list({ names: ['a', 'b'], version: 12 });
    });
    await clock.advance(1000);
    expect(api.paths).toEqual([listPath, `${listPath}&continue=more`, listPath.replace('&limit=500', ''), watchPath(12)]);
    expect(names.told).toEqual(['list', 'list', 'complete: a b']);
  });

  it('begins anew when its continuation is not understood', async () => {
    const { clock, api } = await reflect((server) => {
      server.list({ names: ['a'], version: 10, next: 'more' });
      server.refuse(400);
      server.list({ names: ['a'], version: 12 });
    });
    await clock.advance(1000);
    expect(api.paths.slice(2)).toEqual([listPath, watchPath(12)]);
  });

  it('that is cut off is not taken for complete', async () => {
    const { clock, names, failures } = await reflect((server) => {
      server.answer('{"kind":"PodList","items":[{"metadata":{"name":"a"}},');
      server.list({ names: ['a', 'b'], version: 10 });
    });
    expect(names.told).toEqual(['list']);
    expect(failures[0]?.message).toContain('a list that is cut off');
    await clock.advance(1000);
    expect(names.told).toEqual(['list', 'list', 'complete: a b']);
  });

  it('is tried again at the longest delay, 30 s to 60 s, and within seconds after two good minutes', async () => {
    const { clock, api, failures } = await reflect((server) => {
      for (let times = 0; times < 8; times += 1) server.refuse(500);
      server.list({ names: ['a'], version: 10 });
    });
    await clock.advance(120_000);
    expect(failures.map(({ inMs }) => inMs)).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    await clock.advance(120_000);
    api.line('no event');
    await clock.advance(0);
    expect(failures.at(-1)?.inMs).toBe(800);
  });

  it('is given up after the time that the configuration allows', async () => {
    const { clock, failures, api } = await reflect((server) => {
      server.hang();
      server.list({ names: ['a'], version: 10 });
    }, 5000);
    await clock.advance(6000);
    expect(failures[0]?.message).toContain('a list of /api/v1/pods took longer than 5000 ms');
    expect(api.paths).toHaveLength(3);
  });

  it.each([401, 403, 404, 405])('that is refused with %i is asked for again after half a minute', async (code) => {
    const { clock, api, failures } = await reflect((server) => {
      server.refuse(code);
      server.list({ names: ['a'], version: 10 });
    });
    await clock.advance(29_999);
    expect(api.paths).toHaveLength(1);
    await clock.advance(1);
    expect(api.paths).toHaveLength(3);
    expect(failures[0]?.inMs).toBe(30_000);
  });

  it('waits as long as a 429 asks for', async () => {
    const { clock, api, failures } = await reflect((server) => {
      server.refuse(429, { retryAfterSeconds: 7 });
      server.list({ names: ['a'], version: 10 });
    });
    expect(failures[0]?.inMs).toBe(7000);
    await clock.advance(7000);
    expect(api.paths).toEqual([listPath, listPath, watchPath(10)]);
  });
});

describe('a watch', () => {
  it('puts and removes, and goes on from the last version when the API server ends it', async () => {
    const { clock, api, names } = await reflect(oneList);
    await clock.advance(2000);
    api.event('ADDED', { name: 'c', version: 11 });
    api.event('MODIFIED', { name: 'a', version: 12 });
    api.event('DELETED', { name: 'b', version: 13 });
    await clock.advance(0);
    expect(Object.fromEntries(names.known)).toEqual({ a: '12', c: '11' });
    api.event('BOOKMARK', { version: 20 });
    api.end();
    await clock.advance(0);
    expect(api.paths).toEqual([listPath, watchPath(10), watchPath(20)]);
  });

  it('asks for a time between 300 and 600 seconds', async () => {
    const { api } = await reflect(oneList);
    expect(Number(/timeoutSeconds=(\d+)/.exec(api.paths[1] ?? '')?.[1])).toBe(300);
  });

  it.each<[string, (api: ScriptedApi) => void]>([
    ['an ERROR event', (api) => api.error({ code: 410, reason: 'Expired', message: 'too old resource version: 10 (90)' })],
    ['an answer', (api) => (api.end(), api.refuse(410, { reason: 'Gone' }))],
    ['too large a version', (api) => (api.end(), api.refuse(504, { message: 'Too large resource version: 10, current: 4' }))],
    ['an unknown refusal', (api) => (api.end(), api.refuse(400, { message: 'no' }))],
  ])('that cannot go on, by %s, is followed by a list, which keeps what it names', async (_, spoil) => {
    const { clock, api, names } = await reflect(oneList);
    await clock.advance(2000);
    spoil(api);
    api.list({ names: ['b', 'c'], version: 90 });
    await clock.advance(0);
    expect([...names.known.keys()]).toEqual(['a', 'b']);
    await clock.advance(1000);
    expect([...names.known.keys()]).toEqual(['b', 'c']);
    expect(names.told).toEqual(['list', 'complete: a b', 'list', 'complete: b c']);
    expect(api.paths.slice(-2)).toEqual([listPath, watchPath(90)]);
  });

  it.each<[string, (api: ScriptedApi) => void]>([
    ['a refused connection', (api) => api.refuseConnection()],
    ['a broken connection', (api) => api.cut()],
    ['429', (api) => api.refuse(429)],
    ['503', (api) => api.refuse(503)],
    ['500', (api) => api.refuse(500)],
  ])('that fails by %s is opened again after a while, without a list', async (_, fail) => {
    const { clock, api, failures } = await reflect((server) => {
      oneList(server);
      fail(server);
      fail(server);
    });
    await clock.advance(10_000);
    expect(api.paths).toEqual([listPath, watchPath(10), watchPath(10), watchPath(10)]);
    expect(failures.map(({ inMs }) => inMs)).toEqual([800, 1600]);
  });

  it('is followed by a list soon when the API server was away, and comes back without old versions', async () => {
    const { clock, api, failures } = await reflect((server) => {
      oneList(server);
      for (let count = 0; count < 7; count += 1) server.refuseConnection();
      server.refuse(410);
      server.list({ names: ['b', 'c'], version: 90 });
      server.refuse(410);
    });
    await clock.advance(200_000);
    expect(failures.map(({ inMs }) => inMs)).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 800, 1600]);
    expect(api.paths.filter((path) => path === listPath)).toHaveLength(3);
  });

  it('is given up for a list after six internal errors in a row', async () => {
    const { clock, api } = await reflect((server) => {
      oneList(server);
      for (let times = 0; times < 6; times += 1) server.refuse(500);
      server.list({ names: ['a'], version: 12 });
    });
    await clock.advance(100_000);
    expect(api.paths.filter((path) => path === listPath)).toHaveLength(2);
  });

  it('may meet as many internal errors as it likes, if not in a row', async () => {
    const { clock, api } = await reflect((server) => {
      oneList(server);
      for (let times = 0; times < 5; times += 1) server.refuse(500);
    });
    await clock.advance(40_000);
    api.event('BOOKMARK', { version: 11 });
    for (let times = 0; times < 4; times += 1) api.refuse(500);
    api.line('no event');
    await clock.advance(200_000);
    expect(api.paths.filter((path) => path === listPath)).toHaveLength(1);
    expect(api.paths.slice(-1)).toEqual([watchPath(11)]);
  });

  it('goes on after a line that is no event', async () => {
    const { clock, api, names, failures } = await reflect(oneList);
    await clock.advance(2000);
    api.event('ADDED', { name: 'c', version: 11 });
    api.line('{"type":');
    await clock.advance(1000);
    api.event('ADDED', { name: 'd', version: 12 });
    await clock.advance(0);
    expect([...names.known.keys()]).toEqual(['a', 'b', 'c', 'd']);
    expect(failures).toHaveLength(1);
    expect(api.paths).toEqual([listPath, watchPath(10), watchPath(11)]);
  });

  it('that ends at once without an event is a failure, and one with events is opened once a second', async () => {
    const { clock, api, failures } = await reflect(oneList);
    await clock.advance(500);
    api.end();
    await clock.advance(0);
    expect(failures[0]?.message).toContain('very short watch of /api/v1/pods: the API server ended it after 500 ms without an event');
    await clock.advance(800);
    api.event('ADDED', { name: 'c', version: 11 });
    api.end();
    await clock.advance(999);
    expect(api.paths).toHaveLength(3);
    await clock.advance(1);
    expect(api.paths).toHaveLength(4);
    expect(failures).toHaveLength(1);
  });

  it('closed every second for an hour costs one list, and less than a request a second', async () => {
    const { clock, api } = await reflect(oneList);
    for (let second = 0; second < 3600; second += 1) {
      await clock.advance(1000);
      if (api.watches.length > 0) api.end();
    }
    expect(api.paths.filter((path) => path === listPath)).toHaveLength(1);
    expect(api.paths.length).toBeGreaterThan(3000);
    expect(api.paths.length).toBeLessThanOrEqual(3602);
  });

  it('closed at once for an hour costs one list, and a request every 30 s', async () => {
    const { clock, api } = await reflect(oneList);
    for (let second = 0; second < 3600; second += 1) {
      if (api.watches.length > 0) api.end();
      await clock.advance(1000);
    }
    expect(api.paths.filter((path) => path === listPath)).toHaveLength(1);
    expect(api.paths.length).toBeLessThanOrEqual(130);
  });
});

describe('a silent watch', () => {
  it('is kept when it speaks again, and what stood in for it is closed', async () => {
    const { clock, api, names, opened, failures } = await reflect(oneList);
    await clock.advance(30_000);
    expect(api.watches).toHaveLength(2);
    expect(opened).toEqual(['list', 'watch', 'stand-in']);
    await clock.advance(30_000);
    expect(api.watches).toHaveLength(2);
    api.event('BOOKMARK', { version: 40 }, 0);
    await clock.advance(0);
    expect(api.watches).toHaveLength(1);
    await clock.advance(30_000);
    expect(api.paths.slice(-1)).toEqual([watchPath(40)]);
    api.event('ADDED', { name: 'c', version: 50 }, 0);
    await clock.advance(0);
    expect([...names.known.keys()]).toEqual(['a', 'b', 'c']);
    expect(failures).toEqual([]);
  });

  it('gives way to what stood in for it when only that speaks: a half-open connection costs half a minute, and no event', async () => {
    const { clock, api, names, failures } = await reflect(oneList);
    await clock.advance(30_000);
    api.event('ADDED', { name: 'c', version: 11 }, 1);
    await clock.advance(0);
    expect(api.watches).toHaveLength(1);
    api.event('MODIFIED', { name: 'c', version: 12 });
    await clock.advance(0);
    expect(names.known.get('c')).toBe('12');
    expect(failures).toEqual([]);
  });

  it('is not lost when what stands in for it is forgotten as well', async () => {
    const { clock, api, names, failures } = await reflect(oneList);
    await clock.advance(60_000);
    expect(api.paths).toEqual([listPath, watchPath(10), watchPath(10), watchPath(10)]);
    expect(api.watches).toHaveLength(2);
    api.event('ADDED', { name: 'c', version: 11 });
    await clock.advance(0);
    expect(api.watches).toHaveLength(1);
    expect([...names.known.keys()]).toEqual(['a', 'b', 'c']);
    expect(failures).toEqual([]);
  });

  it('is given up for what stands in for it after two minutes without a bookmark', async () => {
    const { clock, api, failures } = await reflect(oneList);
    await clock.advance(119_999);
    expect(api.watches).toHaveLength(2);
    await clock.advance(1);
    expect(api.watches).toHaveLength(1);
    await clock.advance(3_600_000);
    expect(api.paths.length).toBeLessThanOrEqual(3 + 3_720 / 30);
    expect(api.watches.length).toBeLessThanOrEqual(2);
    expect(failures).toEqual([]);
  });

  it('is a failure when the API server begins no answer to the second either, after 45 s in all', async () => {
    const { clock, api, failures } = await reflect(oneList);
    api.hang();
    await clock.advance(44_999);
    expect(failures).toEqual([]);
    await clock.advance(1);
    expect(failures[0]?.message).toBe('the API server did not begin to answer a watch within 15000 ms');
    await clock.advance(800);
    expect(api.paths.slice(-1)).toEqual([watchPath(10)]);
    expect(api.watches).toHaveLength(1);
  });

  it('ended by the API server leaves the watch to what stood in for it', async () => {
    const { clock, api, names, failures } = await reflect(oneList);
    await clock.advance(30_000);
    api.end(0);
    await clock.advance(0);
    api.event('ADDED', { name: 'c', version: 11 });
    await clock.advance(0);
    expect([...names.known.keys()]).toEqual(['a', 'b', 'c']);
    expect(api.paths).toHaveLength(3);
    expect(failures).toEqual([]);
  });

  it('is not believed any more once the other one has spoken', async () => {
    const { clock, api, names } = await reflect(oneList);
    await clock.advance(30_000);
    api.event('ADDED', { name: 'c', version: 11 }, 1);
    api.event('ADDED', { name: 'stale', version: 9 }, 0);
    await clock.advance(0);
    expect([...names.known.keys()]).toEqual(['a', 'b', 'c']);
    expect(api.watches).toHaveLength(1);
  });

  it('discards what a connection had half said when another speaks first', async () => {
    const { clock, api, names } = await reflect(oneList);
    await clock.advance(30_000);
    api.text('{"type":"ADDED","object":{"metadata":{"name":"half",', 0);
    await clock.advance(0);
    expect(api.watches).toHaveLength(2);
    api.event('ADDED', { name: 'c', version: 11 }, 1);
    await clock.advance(0);
    expect(api.watches).toHaveLength(1);
    expect([...names.known.keys()]).toEqual(['a', 'b', 'c']);
  });
});
