import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { manualClock, type ManualClock } from '../../src/fx/testing.ts';
import { Correlator } from './correlator.ts';
import type { KubernetesEvent } from './index.ts';
import { RecentlyUsed } from './recently-used.ts';
import { EventMaker, type WireEvent } from './wire-event.ts';

let clock: ManualClock;
let maker: EventMaker;
let correlator: Correlator;
beforeEach(() => {
  clock = manualClock(Date.UTC(2024, 6, 29, 17, 25, 39));
  maker = new EventMaker(clock, { next: () => 0 });
  correlator = new Correlator(clock, maker);
});

const about = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'u1' };
const scaled: KubernetesEvent = { about, type: 'Normal', reason: 'SuccessfulScale', message: 'to 3' };
const put = (event: Partial<KubernetesEvent> = {}): WireEvent | undefined => correlator.correlate(maker.make({ ...scaled, ...event }));
const short = (event: WireEvent | undefined) => event && { count: event.count, message: event.message };
const combined = '(combined from similar events): ';

it('lets an event through as it was made', () => {
  expect(put()).toEqual({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'web.17e6bf05c401fe01', namespace: 'shop' },
    involvedObject: about,
    reason: 'SuccessfulScale',
    message: 'to 3',
    source: { component: 'datadog-cluster-agent' },
    type: 'Normal',
    count: 1,
    firstTimestamp: '2024-07-29T17:25:39Z',
    lastTimestamp: '2024-07-29T17:25:39Z',
    eventTime: null,
    reportingComponent: 'datadog-cluster-agent',
    reportingInstance: '',
  });
});

describe('what is the same', () => {
  it('is the first one with a higher count and a later time', async () => {
    const first = put();
    await clock.advance(61_000);
    expect(put()).toEqual({ ...first, count: 2, lastTimestamp: '2024-07-29T17:26:40Z' });
    await clock.advance(3_600_000);
    expect(put()).toEqual({ ...first, count: 3, lastTimestamp: '2024-07-29T18:26:40Z' });
  });

  it.each([
    ['message', { message: 'to 4' }],
    ['reason', { reason: 'FailedScale' }],
    ['type', { type: 'Warning' as const }],
    ['component', { component: 'datadog-workload-autoscaler' }],
    ['object', { about: { ...about, uid: 'u2' } }],
  ])('is not what has another %s', (_what, difference) => {
    put();
    expect(put(difference)?.count).toBe(1);
  });
});

describe('what is alike', () => {
  const tell = (count: number, from = 0) => Array.from({ length: count }, (_, index) => short(put({ message: `to ${from + index}` })));

  it('is combined from the tenth message on', () => {
    expect(tell(12)).toEqual([
      ...Array.from({ length: 9 }, (_, index) => ({ count: 1, message: `to ${index}` })),
      { count: 1, message: `${combined}to 9` },
      { count: 2, message: `${combined}to 10` },
      { count: 3, message: `${combined}to 11` },
    ]);
  });

  it('is an event of its own then, without what only the single one has', async () => {
    tell(9);
    await clock.advance(5000);
    const event = put({ message: 'to 9', annotations: { a: 'b' } });
    expect(event).toMatchObject({
      metadata: { name: 'web.17e6bf06ee07f00b', namespace: 'shop' },
      firstTimestamp: '2024-07-29T17:25:44Z',
      source: { component: 'datadog-cluster-agent' },
      reportingComponent: '',
    });
    expect(event?.metadata.annotations).toBeUndefined();
  });

  it('counts repetitions of one message only once', () => {
    tell(9);
    expect(short(put({ message: 'to 8' }))).toEqual({ count: 2, message: 'to 8' });
    expect(short(put({ message: 'to 9' }))?.message).toBe(`${combined}to 9`);
  });

  it('is forgotten when nothing of the kind came for ten minutes', async () => {
    tell(10);
    await clock.advance(600_000);
    expect(short(put({ message: 'to 10' }))).toEqual({ count: 2, message: `${combined}to 10` });
    await clock.advance(600_001);
    expect(short(put({ message: 'to 11' }))).toEqual({ count: 1, message: 'to 11' });
  });

  it('is told apart by reason', () => {
    tell(9);
    expect(short(put({ reason: 'FailedScale', message: 'x' }))).toEqual({ count: 1, message: 'x' });
  });
});

describe('what is too much', () => {
  const admitted = (count: number, event: Partial<KubernetesEvent> = {}) =>
    Array.from({ length: count }, () => put(event)).filter((each) => each !== undefined).length;

  it('is let through 25 times at once, then every five minutes, and counts all the same', async () => {
    expect(admitted(40)).toBe(25);
    await clock.advance(299_999);
    expect(admitted(1)).toBe(0);
    await clock.advance(1);
    expect(put()?.count).toBe(42);
    expect(admitted(1)).toBe(0);
    await clock.advance(600_000);
    expect(admitted(10)).toBe(2);
  });

  it('is a matter of one object and source: all its events together', () => {
    expect(admitted(20)).toBe(20);
    expect(admitted(20, { reason: 'FailedScale', type: 'Warning' })).toBe(5);
    expect(admitted(30, { about: { ...about, name: 'api' } })).toBe(25);
    expect(admitted(30, { component: 'datadog-workload-autoscaler' })).toBe(25);
  });

  it('never fills up beyond 25', async () => {
    await clock.advance(24 * 3_600_000);
    expect(admitted(40)).toBe(25);
    await clock.advance(24 * 3_600_000);
    expect(admitted(40)).toBe(25);
  });
});

it('names no two events alike, and every one as the API server wants it', () => {
  const names = Array.from({ length: 100 }, () => maker.name('web'));
  expect(new Set(names).size).toBe(100);
  fc.assert(
    fc.property(fc.string(), (object) => {
      expect(maker.name(object)).toMatch(/^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
    }),
  );
  for (const object of ['x'.repeat(253), 'a-', 'a..b', 'a.-b']) expect(maker.name(object)).toMatch(/^event\./);
});

it('remembers 4096 at most: those that were used last', () => {
  const remembered = new RecentlyUsed<number>(3);
  for (const key of ['a', 'b', 'c']) remembered.set(key, 1);
  remembered.get('a');
  remembered.set('d', 1);
  expect(['a', 'b', 'c', 'd'].map((key) => remembered.get(key))).toEqual([1, undefined, 1, 1]);
});
