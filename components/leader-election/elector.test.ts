import { beforeEach, describe, expect, it } from 'vitest';
import { manualClock, type ManualClock } from '../../src/fx/testing.ts';
import { Store } from '../../test/leader-election/network.ts';
import { KubernetesError, type KubeObject } from '../kubernetes/index.ts';
import { Elector, type ElectorOptions } from './elector.ts';
import { lockOf, type LockKind } from './lock.ts';
import { recordText, type LeaderRecord } from './record.ts';

const annotation = 'control-plane.alpha.kubernetes.io/leader';
const conflict = (): KubernetesError => new KubernetesError('modified', { code: 409, reason: 'Conflict' });
const other: LeaderRecord = { holderIdentity: 'other', leaseDurationSeconds: 60, acquireTime: 0, renewTime: 0, leaderTransitions: 3 };
const held = (record: LeaderRecord | string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'lock', annotations: { [annotation]: typeof record === 'string' ? record : recordText(record) } },
});

let clock: ManualClock;
let store: Store;
/** Verbs in the order of their calls. */
let calls: string[];
/** What becomes of the next calls, one by one; then they succeed. */
let fates: (() => Promise<void> | void)[];

const never = (): Promise<void> => new Promise<void>(() => {});

function call<T>(verb: string, act: () => KubeObject): Promise<T> {
  calls.push(verb);
  const fate = fates.shift() ?? (() => {});
  return Promise.resolve()
    .then(fate)
    .then(() => act() as T);
}

interface Subject {
  readonly elector: Elector;
  readonly told: readonly (boolean | string)[];
  readonly failures: readonly unknown[];
  readonly stop: () => Promise<void>;
}

async function start(options: Partial<ElectorOptions> & { readonly kind?: LockKind } = {}): Promise<Subject> {
  const told: (boolean | string)[] = [];
  const failures: unknown[] = [];
  const { kind = 'configmap', ...others } = options;
  const client = {
    get: <T>() => call<T>('get', () => store.get()),
    create: <T>(_where: unknown, object: unknown) => call<T>('create', () => store.create(object as KubeObject)),
    replace: <T>(_target: unknown, object: unknown) => call<T>('replace', () => store.replace(object as KubeObject)),
  };
  const elector = new Elector({
    identity: 'me',
    lock: lockOf(kind, { client, namespace: 'default', name: 'lock' }),
    leaseDurationSeconds: 60,
    releaseOnStop: true,
    clock,
    random: { next: () => 0.5 },
    changed: (isLeader) => told.push(isLeader),
    holderChanged: (identity) => told.push(identity),
    failed: (error) => failures.push(error),
    ...others,
  });
  const controller = new AbortController();
  const ended = elector.run(controller.signal);
  await clock.advance(0);
  const stop = async (): Promise<void> => {
    controller.abort(new Error('stopped'));
    await clock.advance(10_000);
    await ended;
    expect(clock.pending).toBe(0);
  };
  return { elector, told, failures, stop };
}

const recordNow = (): unknown => JSON.parse(store.get().metadata.annotations?.[annotation] ?? 'null');

beforeEach(() => {
  clock = manualClock(1_000_000);
  store = new Store();
  calls = [];
  fates = [];
});

describe('acquiring', () => {
  it('creates the object where there is none', async () => {
    const { elector, told, stop } = await start();
    expect({ leads: elector.isLeader(), leader: elector.leader(), told, calls }).toEqual({
      leads: true,
      leader: { kind: 'self' },
      told: ['me', true],
      calls: ['get', 'create'],
    });
    expect(recordNow()).toMatchObject({ holderIdentity: 'me', leaseDurationSeconds: 60, leaderTransitions: 0 });
    await stop();
  });

  it.each([
    ['without a record', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'lock' } }, 1],
    ['that was released', held({ ...other, holderIdentity: '', leaseDurationSeconds: 1 }), 4],
    ['of its own', held({ ...other, holderIdentity: 'me' }), 3],
  ])('takes a lock %s at once', async (_what, object, leaderTransitions) => {
    store.create(object);
    const { elector, stop } = await start();
    expect(elector.isLeader()).toBe(true);
    expect(recordNow()).toMatchObject({ holderIdentity: 'me', leaderTransitions });
    await stop();
  });

  it.each([
    ['long over by its own times', held({ ...other, acquireTime: 0, renewTime: 0 })],
    ['far in the future', held({ ...other, renewTime: 9e12 })],
    ['that nobody can read', held('{"holder')],
    [
      "in the Python client's words",
      held('{"holderIdentity": "other", "leaseDurationSeconds": "60", "renewTime": "2020-01-01 00:00:00.1"}'),
    ],
    ['without a duration', held('{"holderIdentity":"other"}')],
  ])('watches a record %s for a whole lease of its own time before it takes over', async (_what, object) => {
    store.create(object);
    const { elector, told, stop } = await start();
    await clock.advance(59_999);
    expect(elector.isLeader()).toBe(false);
    await clock.advance(1);
    expect(elector.isLeader()).toBe(true);
    expect(told.slice(-2)).toEqual(['me', true]);
    await stop();
  });

  it('goes by the duration that the holder wrote, not by its own', async () => {
    store.create(held({ ...other, leaseDurationSeconds: 10 }));
    const { elector, stop } = await start();
    await clock.advance(10_000);
    expect(elector.isLeader()).toBe(true);
    await stop();
  });

  it('waits on while the record changes', async () => {
    const { resourceVersion: _, ...metadata } = store.create(held(other)).metadata;
    const { elector, told, stop } = await start();
    for (let second = 1; second < 300; second += 1) {
      store.replace({ ...store.get(), metadata: { ...metadata, ...held({ ...other, renewTime: second * 1000 }).metadata } });
      await clock.advance(1000);
      expect(elector.leader()).toEqual({ kind: 'other', identity: 'other' });
    }
    expect(told).toEqual(['other']);
    await stop();
    expect(calls).not.toContain('replace');
  });

  it('does not mistake somebody else who touches the object for the holder', async () => {
    store.create(held(other));
    const { elector, stop } = await start();
    for (let second = 1; second < 90; second += 1) {
      const { metadata, ...rest } = store.get();
      if (!elector.isLeader()) store.replace({ ...rest, metadata: { ...metadata, labels: { touched: String(second) } } });
      await clock.advance(1000);
    }
    expect(elector.isLeader()).toBe(true);
    expect(store.get().metadata.labels).toBeDefined();
    await stop();
  });

  it('knows no leader once the record that it saw is over', async () => {
    store.create(held(other));
    const { elector, stop } = await start();
    expect(elector.leader()).toEqual({ kind: 'other', identity: 'other' });
    fates = Array.from({ length: 100 }, () => () => Promise.reject(new Error('refused')));
    await clock.advance(60_000);
    expect(elector.leader()).toEqual({ kind: 'unknown' });
    await stop();
  });

  it('sees who was faster when a create or a write comes too late', async () => {
    fates = [() => {}, () => void store.create(held(other))];
    const { elector, failures, stop } = await start();
    expect(calls).toEqual(['get', 'create', 'get']);
    expect(elector.leader()).toEqual({ kind: 'other', identity: 'other' });
    expect(failures).toEqual([]);
    await stop();
  });

  it.each([
    ['object', () => void (store.object = undefined)],
    ['record', () => void store.replace({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'lock' } })],
  ])('does not take a lock whose %s was removed while its holder may lead', async (_what, remove) => {
    store.create(held(other));
    const { elector, stop } = await start();
    remove();
    await clock.advance(59_000);
    expect(elector.isLeader()).toBe(false);
    await clock.advance(25_000);
    expect(elector.isLeader()).toBe(true);
    await stop();
  });

  it('tries on while the API server is down', async () => {
    fates = Array.from({ length: 50 }, () => () => Promise.reject(new Error('connection refused')));
    const { elector, failures, stop } = await start();
    await clock.advance(60_000);
    expect(failures.length).toBeGreaterThan(8);
    expect(elector.isLeader()).toBe(false);
    fates = [];
    await clock.advance(9000);
    expect(elector.isLeader()).toBe(true);
    expect(failures.at(-1)).toBeUndefined();
    await stop();
  });
});

describe('renewing', () => {
  it('is one write every quarter of a lease, over what was written before', async () => {
    const { told, stop } = await start();
    calls = [];
    await clock.advance(60_000);
    expect(calls).toEqual(['replace', 'replace', 'replace', 'replace']);
    expect(told).toEqual(['me', true]);
    await stop();
  });

  it('keeps everything else that stands in the object', async () => {
    const object = {
      ...held(''),
      data: { key: 'value' },
      immutable: false,
      metadata: { name: 'lock', labels: { a: 'b' }, finalizers: ['c'] },
    };
    store.create(object);
    const { stop } = await start();
    await clock.advance(30_000);
    expect(store.get()).toMatchObject(object);
    await stop();
    expect(store.get()).toMatchObject(object);
  });

  it('reads and writes again after a conflict', async () => {
    const { elector, stop } = await start();
    calls = [];
    fates = [() => Promise.reject(conflict()), () => {}, () => Promise.reject(conflict())];
    await clock.advance(15_000);
    expect(calls).toEqual(['replace', 'get', 'replace', 'get', 'replace']);
    expect(elector.isLeader()).toBe(true);
    await stop();
  });

  it('survives requests that hang', async () => {
    const { elector, told, stop } = await start();
    fates = [never];
    await clock.advance(29_000);
    expect({ leads: elector.isLeader(), told }).toEqual({ leads: true, told: ['me', true] });
    await clock.advance(60_000);
    expect(told).toEqual(['me', true]);
    await stop();
  });

  it.each([8000, 14_000])('goes on without a gap though every request takes %i ms', async (ms) => {
    fates = Array.from({ length: 200 }, () => () => clock.sleep(ms));
    const { elector, told, stop } = await start();
    await clock.advance(600_000);
    expect({ leads: elector.isLeader(), told }).toEqual({ leads: true, told: ['me', true] });
    fates = [];
    await clock.advance(60_000);
    await stop();
  });

  it('survives a hanging request again once writes are quick', async () => {
    fates = Array.from({ length: 20 }, () => () => clock.sleep(14_000));
    const { told, stop } = await start();
    await clock.advance(120_000);
    fates = [];
    await clock.advance(60_000);
    fates = [never];
    await clock.advance(60_000);
    expect(told).toEqual(['me', true]);
    await stop();
  });

  it('ends by a timer half a lease after the last renewal was sent, though requests hang', async () => {
    const { elector, told, stop } = await start();
    fates = Array.from({ length: 20 }, () => never);
    await clock.advance(29_999);
    expect(elector.isLeader()).toBe(true);
    await clock.advance(1);
    expect({ leads: elector.isLeader(), leader: elector.leader(), told }).toEqual({
      leads: false,
      leader: { kind: 'unknown' },
      told: ['me', true, false],
    });
    fates = [];
    await stop();
  });

  it('counts from when a renewal was sent, not from when it was answered', async () => {
    let answer = (): void => {};
    fates = [() => {}, () => new Promise<void>((resolve) => void (answer = resolve))];
    const { elector, stop } = await start();
    await clock.advance(7000);
    answer();
    await clock.advance(0);
    expect(elector.isLeader()).toBe(true);
    fates = Array.from({ length: 20 }, () => never);
    await clock.advance(23_000);
    expect(elector.isLeader()).toBe(false);
    fates = [];
    await stop();
  });

  it('is over for whoever asks, even before a late timer says so', async () => {
    let lateMs = 0;
    const { elector, told, stop } = await start({ clock: { ...clock, monotonic: () => clock.monotonic() + lateMs } });
    lateMs = 30_000;
    expect(elector.isLeader()).toBe(false);
    expect(told).toEqual(['me', true]);
    await clock.advance(15_000); // it renews, and that is a loss and a gain
    expect(told).toEqual(['me', true, false, true]);
    await stop();
  });

  it('gives the lock back when it was lost, and competes again', async () => {
    const { told, stop } = await start();
    fates = Array.from({ length: 8 }, () => () => Promise.reject(new Error('unavailable')));
    await clock.advance(120_000);
    expect(told.slice(2)).toEqual([false, '', 'me', true]);
    await stop();
  });
});

describe('stopping', () => {
  it('steps down, then releases the lock', async () => {
    const { elector, told, stop } = await start();
    await stop();
    expect(told).toEqual(['me', true, false, '']);
    expect(recordNow()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaderTransitions: 0 });
    expect(elector.isLeader()).toBe(false);
  });

  it('releases again after a conflict', async () => {
    const { stop } = await start();
    calls = [];
    fates = [() => {}, () => Promise.reject(conflict()), () => Promise.reject(conflict())];
    await stop();
    expect(calls).toEqual(['get', 'replace', 'get', 'get', 'replace']);
    expect(recordNow()).toMatchObject({ holderIdentity: '' });
  });

  it('releases what a renewal took that was never answered', async () => {
    fates = [() => {}, never];
    const { elector, stop } = await start();
    store.create(held({ ...other, holderIdentity: 'me' })); // it did arrive
    expect(elector.isLeader()).toBe(false);
    fates = [];
    await stop();
    expect(recordNow()).toMatchObject({ holderIdentity: '' });
  });

  it("leaves another's lock alone", async () => {
    const { stop } = await start();
    store.replace({ ...store.get(), ...held(other) });
    await stop();
    expect(recordNow()).toMatchObject({ holderIdentity: 'other' });
  });

  it('asks nothing when it never tried to hold it', async () => {
    store.create(held(other));
    const { stop } = await start();
    calls = [];
    await stop();
    expect(calls).toEqual([]);
  });

  it('leaves the lock to expire when it is told so', async () => {
    const { stop } = await start({ releaseOnStop: false });
    await stop();
    expect(recordNow()).toMatchObject({ holderIdentity: 'me' });
  });

  it('gives up a release that hangs after three seconds', async () => {
    const { failures, stop } = await start();
    fates = Array.from({ length: 20 }, () => never);
    await stop();
    expect(failures).toEqual([new Error('no answer within 3000 ms')]);
  });

  it('can be followed by another run', async () => {
    const { elector, stop } = await start();
    await stop();
    const controller = new AbortController();
    const again = elector.run(controller.signal);
    await clock.advance(0);
    expect(elector.isLeader()).toBe(true);
    controller.abort(new Error('stopped'));
    await clock.advance(1000);
    await again;
  });
});

describe('a Lease', () => {
  it('has times of six digits, an empty holder when released, and keeps what else is in it', async () => {
    store.create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'lock' }, spec: { strategy: 'x' } });
    const { stop } = await start({ kind: 'lease' });
    const spec = { acquireTime: '1970-01-01T00:16:40.000000Z', leaseTransitions: 1, strategy: 'x' };
    expect(store.get()['spec']).toEqual({
      ...spec,
      holderIdentity: 'me',
      leaseDurationSeconds: 60,
      renewTime: '1970-01-01T00:16:40.000000Z',
    });
    await clock.advance(15_123);
    expect(store.get()['spec']).toMatchObject({ ...spec, renewTime: '1970-01-01T00:16:55.000000Z' });
    await stop();
    expect(store.get()['spec']).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, strategy: 'x' });
  });

  it.each([{}, { spec: {} }, { spec: { holderIdentity: null } }])('is free with %o in it', async (rest) => {
    store.create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'lock' }, ...rest });
    const { elector, stop } = await start({ kind: 'lease' });
    expect(elector.isLeader()).toBe(true);
    await stop();
  });
});
