import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSelector } from '../selector.ts';
import { entryOf, type Entry } from './entry.ts';
import { LocalCopy } from './local-copy.ts';

const entry = (changes: Partial<Entry> = {}): Entry =>
  entryOf({
    kind: 'hpa',
    namespace: 'default',
    name: 'web',
    uid: 'u1',
    metric: 'nginx.requests',
    labels: { app: 'web' },
    value: 5,
    timestamp: 100,
    isValid: true,
    ...changes,
  });

function copyOf(entries: readonly Entry[]) {
  const clock = { seconds: 0 };
  const copy = new LocalCopy({ lifetime: 60, now: () => 1000.7 + clock.seconds, monotonic: () => clock.seconds });
  const state = { entries, unreadable: [], resourceVersion: '1' };
  copy.renew(state);
  const read = (selector = 'app=web', metric = 'nginx.requests') =>
    copy.read({ namespace: 'default', metric, selector: parseSelector(selector) });
  return { copy, clock, state, read };
}

describe('LocalCopy', () => {
  it('gives the labels, and the time of the read', () => {
    expect(copyOf([entry()]).read()).toEqual([{ metricName: 'nginx.requests', metricLabels: { app: 'web' }, timestamp: 1000, value: 5 }]);
    expect(copyOf([entry({ labels: {} })]).read('')).toMatchObject([{ metricLabels: undefined }]);
  });

  it('finds metrics whatever their case, and nothing for what is unknown or has no valid value', () => {
    const { read } = copyOf([entry({ metric: 'Nginx.Requests' }), entry({ metric: 'other', isValid: false })]);
    expect(read('app=web', 'NGINX.requests')).toMatchObject([{ metricName: 'nginx.requests', value: 5 }]);
    expect(read('app=web', 'unknown')).toEqual([]);
    expect(read('app=web', 'other')).toEqual([]);
    expect(read('app=db')).toEqual([]);
  });

  it('gives what several autoscalers want once, the newest that is valid', () => {
    const { read } = copyOf([
      entry({ name: 'a', value: 1, timestamp: 90 }),
      entry({ name: 'b', value: 2, timestamp: 100 }),
      entry({ name: 'c', value: 3, timestamp: 200, isValid: false }),
    ]);
    expect(read()).toMatchObject([{ value: 2 }]);
  });

  it('has one order and one choice, however the entries came', () => {
    const entries = [
      entry({ labels: {}, value: 1 }),
      entry({ name: 'a', value: 2 }),
      entry({ name: 'b', value: 3 }),
      entry({ labels: { app: 'web', zone: 'a' }, value: 4 }),
      entry({ labels: { app: 'x' }, value: 5 }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
        expect(
          copyOf(shuffled)
            .read('app in (web,x)')
            .map(({ value }) => value),
        ).toEqual([2, 4, 5]);
      }),
    );
  });

  it('adds nothing to the labels that a selector spells out', () => {
    const { read } = copyOf([entry({ labels: {}, value: 1 }), entry({ value: 2 }), entry({ labels: { app: 'web', zone: 'a' }, value: 3 })]);
    const values = (selector: string): readonly number[] => read(selector).map(({ value }) => value);
    expect(values('')).toEqual([1]);
    expect(values('app=web')).toEqual([2]);
    expect(values('zone=a,app==web')).toEqual([3]);
    expect(values('zone=a')).toEqual([3]);
    expect(values('app')).toEqual([2, 3]);
    expect(values('app notin (db),!zone')).toEqual([1, 2]);
  });

  it('serves a copy for as long as it may, and again when it is renewed', () => {
    const { copy, clock, state, read } = copyOf([entry()]);
    clock.seconds = 60;
    expect(read()).toHaveLength(1);
    clock.seconds = 60.1;
    expect(() => read()).toThrow(expect.objectContaining({ reason: undefined, message: 'external metrics invalid' }));
    copy.renew(state);
    expect(read()).toHaveLength(1);
  });

  it('serves nothing before there is a copy', () => {
    const copy = new LocalCopy({ lifetime: 60, now: () => 0, monotonic: () => 0 });
    expect(() => copy.read({ namespace: 'x', metric: 'y', selector: parseSelector('') })).toThrow('external metrics invalid');
  });

  it('tells of changes, not of confirmations', () => {
    const { copy, state } = copyOf([entry()]);
    const seen: number[] = [];
    copy.observe((entries) => seen.push(entries.length));
    copy.renew(state);
    copy.renew({ ...state, entries: [], resourceVersion: '2' });
    expect(seen).toEqual([0]);
  });
});
