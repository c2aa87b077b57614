import { describe, expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { type Logged, recordingLog } from '../log/fake.ts';
import { CachedInformer } from './cached-informer.ts';
import type { InformerHandler, InformerOptions, KubeObject } from './index.ts';

interface Slim {
  readonly name: string;
  readonly node: string;
  readonly uid: string;
}

const pods = { group: '', version: 'v1', plural: 'pods', namespaced: true };
const running = new AbortController().signal;

function pod(name: string, version: number, { node = 'n1', uid = 'u1' }: { node?: string; uid?: string } = {}): KubeObject {
  return { metadata: { name, namespace: 'default', resourceVersion: String(version), uid }, spec: { nodeName: node } };
}

function informer(options: Partial<InformerOptions<Slim>> = {}, resyncMs = 0) {
  const [clock, logged] = [manualClock(), [] as Logged[]];
  const made = new CachedInformer<Slim>(
    {
      resource: pods,
      transform: ({ metadata, spec }) => ({
        name: metadata.name ?? '',
        node: (spec as { nodeName: string }).nodeName,
        uid: metadata.uid ?? '',
      }),
      indexers: { node: ({ node }) => [node] },
      ...options,
    },
    { clock, log: recordingLog(logged), resyncMs },
  );
  return { made, clock, logged };
}

/** A handler that keeps what it is told, in words. */
function telling(told: string[], as = ''): InformerHandler<Slim> {
  return {
    added: ({ name }, isInInitialList) => void told.push(`${as}added ${name}${isInInitialList ? ' (initial)' : ''}`),
    updated: (object, previous) => void told.push(`${as}updated ${object.name} ${previous.node} -> ${object.node}`),
    deleted: ({ name, node }, isFinalStateUnknown) =>
      void told.push(`${as}deleted ${name} on ${node}${isFinalStateUnknown ? ' (unknown)' : ''}`),
  };
}

async function list(made: CachedInformer<Slim>, ...objects: readonly KubeObject[]): Promise<void> {
  made.listBegins();
  for (const object of objects) made.put(object, true);
  await made.listEnds(running);
}

describe('a cache', () => {
  it('keeps what the transform makes of objects, by key and by index', async () => {
    const { made } = informer();
    await list(made, pod('a', 1), pod('b', 1, { node: 'n2' }));
    expect(made.size).toBe(2);
    expect(made.get('default/a')).toEqual({ name: 'a', node: 'n1', uid: 'u1' });
    expect([...made.list()].map(({ name }) => name)).toEqual(['a', 'b']);
    expect(made.byIndex('node', 'n2').map(({ name }) => name)).toEqual(['b']);
    made.put(pod('a', 2, { node: 'n2' }), false);
    expect(made.byIndex('node', 'n1')).toEqual([]);
    expect(made.byIndex('node', 'n2').map(({ name }) => name)).toEqual(['b', 'a']);
    made.remove(pod('b', 3));
    expect(made.byIndex('node', 'n2').map(({ name }) => name)).toEqual(['a']);
    expect(made.get('default/b')).toBeUndefined();
    expect(() => made.byIndex('zone', 'x')).toThrow('the informer has no index "zone", only node');
  });

  it('keys objects without a namespace by their name', () => {
    const { made } = informer({ indexers: {} });
    made.put({ metadata: { name: 'cluster-wide', resourceVersion: '1' }, spec: { nodeName: '' } }, false);
    expect(made.get('cluster-wide')?.name).toBe('cluster-wide');
  });

  it.each<[string, Partial<InformerOptions<Slim>>]>([
    [
      'transform',
      { transform: (object) => fail(object.metadata.name === 'bad', { name: object.metadata.name ?? '', node: 'n1', uid: '' }) },
    ],
    ['indexer', { indexers: { node: (object) => fail(object.name === 'bad', ['n1']) } }],
  ])('goes without an object for which the %s fails, and says so', async (_, options) => {
    const { made, logged } = informer(options);
    await list(made, pod('bad', 1), pod('a', 1));
    expect([...made.list()].map(({ name }) => name)).toEqual(['a']);
    expect(made.hasSynced).toBe(true);
    expect(logged).toMatchObject([{ level: 'error', fields: { resource: 'pods', key: 'default/bad', error: new Error('it is bad') } }]);
  });
});

function fail<T>(isBad: boolean, otherwise: T): T {
  if (isBad) throw new Error('it is bad');
  return otherwise;
}

describe('handlers', () => {
  it('are told what happens, each of them everything, in order', async () => {
    const { made } = informer();
    const told: string[] = [];
    made.handle(telling(told, '1: '));
    const off = made.handle(telling(told, '2: '));
    await list(made, pod('a', 1));
    made.put(pod('b', 2), false);
    off();
    made.put(pod('a', 3, { node: 'n2' }), false);
    made.remove(pod('b', 4, { node: 'n9' }));
    expect(told).toEqual([
      '1: added a (initial)',
      '2: added a (initial)',
      '1: added b',
      '2: added b',
      '1: updated a n1 -> n2',
      '1: deleted b on n9',
    ]);
  });

  it('see a delete that was missed with the last known state, and a missed delete and create as an update with another uid', async () => {
    const { made } = informer();
    const told: string[] = [];
    const uids: string[][] = [];
    await list(made, pod('a', 1), pod('b', 1, { uid: 'first' }));
    made.handle({ ...telling(told), updated: (object, previous) => void uids.push([previous.uid, object.uid]) });
    await new Promise(setImmediate);
    told.length = 0;
    await list(made, pod('b', 9, { uid: 'second' }), pod('c', 8));
    expect(uids).toEqual([['first', 'second']]);
    expect(told).toEqual(['added c', 'deleted a on n1 (unknown)']);
  });

  it('hear of no delete before the end of a whole list, and then of all that only an abandoned one has named', async () => {
    const { made } = informer();
    const told: string[] = [];
    await list(made, pod('a', 1), pod('b', 1), pod('c', 1));
    made.handle({ deleted: (object) => void told.push(object.name) });
    await new Promise(setImmediate);
    made.listBegins();
    made.put(pod('a', 1), true);
    made.put(pod('b', 2), true);
    made.listBegins();
    made.put(pod('c', 1), true);
    expect(told).toEqual([]);
    await made.listEnds(running);
    expect(told).toEqual(['a', 'b']);
    expect([...made.list()].map(({ name }) => name)).toEqual(['c']);
  });

  it('hear nothing of what a list or a watch repeats', async () => {
    const { made } = informer();
    const told: string[] = [];
    made.handle(telling(told));
    await list(made, pod('a', 1));
    await list(made, pod('a', 1));
    made.put(pod('a', 1), false);
    made.remove(pod('nobody', 2));
    expect(told).toEqual(['added a (initial)']);
  });

  it('that throw, or reject, are logged and keep nobody from being told', async () => {
    const { made, logged } = informer();
    const told: string[] = [];
    made.handle({
      added: () => {
        throw new Error('no');
      },
    });
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake that must not end the process
    made.handle({ added: async () => Promise.reject(new Error('later')) });
    made.handle(telling(told));
    await list(made, pod('a', 1));
    await new Promise(setImmediate);
    expect(told).toEqual(['added a (initial)']);
    expect(logged.map(({ level, fields }) => [level, fields['key'], fields['happening'], String(fields['error'])])).toEqual([
      ['error', 'default/a', 'added', 'Error: no'],
      ['error', 'default/a', 'added', 'Error: later'],
    ]);
  });

  it('that come late are told of everything that is there, before what happens to it', async () => {
    const { made } = informer();
    await list(made, pod('a', 1), pod('b', 1), pod('c', 1));
    const told: string[] = [];
    made.handle(telling(told));
    made.put(pod('b', 2, { node: 'n2' }), false);
    made.remove(pod('c', 3));
    made.put(pod('d', 4), false);
    expect(told).toEqual([]);
    await new Promise(setImmediate);
    expect(told).toEqual([
      'added a (initial)',
      'added b (initial)',
      'added c (initial)',
      'updated b n1 -> n2',
      'deleted c on n1',
      'added d',
    ]);
    made.put(pod('b', 5, { node: 'n3' }), false);
    expect(told.at(-1)).toBe('updated b n2 -> n3');
    made.put(pod('c', 6), false);
    expect(told.at(-1)).toBe('added c');
  });

  it('that come or leave while others are told are told once, or not at all', async () => {
    const { made } = informer();
    const told: string[] = [];
    made.handle({
      added: ({ name }) => {
        if (name === 'b') made.handle(telling(told, 'late: '));
        if (name === 'c') off();
      },
    });
    const off = made.handle(telling(told));
    for (const name of ['a', 'b', 'c']) made.put(pod(name, 1), false);
    await new Promise(setImmediate);
    expect(told).toEqual(['added a', 'added b', 'late: added a (initial)', 'late: added b (initial)', 'late: added c']);
  });

  it('that leave before they were told, or while they are, hear nothing more', async () => {
    const { made } = informer();
    await list(made, pod('a', 1), pod('b', 1));
    const told: string[] = [];
    made.handle(telling(told))();
    const off = made.handle({
      added: ({ name }) => {
        told.push(name);
        off();
      },
    });
    made.put(pod('c', 2), false);
    await new Promise(setImmediate);
    expect(told).toEqual(['a']);
  });

  it('are shown everything again at each resync', async () => {
    const { made, clock } = informer({}, 300_000);
    const told: string[] = [];
    made.handle(telling(told));
    const controller = new AbortController();
    const resyncing = made.resync(controller.signal);
    await clock.advance(300_000);
    expect(told).toEqual([]);
    await list(made, pod('a', 1), pod('b', 1));
    told.length = 0;
    await clock.advance(300_000);
    expect(told).toEqual(['updated a n1 -> n1', 'updated b n1 -> n1']);
    controller.abort();
    await resyncing;
    expect(clock.pending).toBe(0);
  });
});

describe('synced', () => {
  it('resolves once the first list is complete', async () => {
    const { made } = informer();
    const told: string[] = [];
    made.handle(telling(told));
    const synced = made.synced(running).then(() => told.push('synced'));
    made.listBegins();
    made.put(pod('a', 1), true);
    expect(made.hasSynced).toBe(false);
    await made.listEnds(running);
    await synced;
    expect(told).toEqual(['added a (initial)', 'synced']);
    await made.synced(running);
  });

  it('rejects with the reason of its signal', async () => {
    const { made } = informer();
    const controller = new AbortController();
    const synced = made.synced(controller.signal);
    controller.abort(new Error('too late'));
    await expect(synced).rejects.toThrow('too late');
    await expect(made.synced(controller.signal)).rejects.toThrow('too late');
  });

  it('is not claimed when the end of a list is interrupted', async () => {
    const { made } = informer();
    await list(made, pod('a', 1));
    made.listBegins();
    await expect(made.listEnds(AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping');
    expect(made.size).toBe(1);
  });
});
