import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Autoscaler, AutoscalerKind } from '../autoscalers.ts';
import { QueryError } from '../../datadog-client/index.ts';
import { entryOf, referenceOf, type Entry } from './entry.ts';
import { queryOf, withOutcome } from './values.ts';
import { entriesFor, reconciled, type Wanted } from './wanted.ts';

const entry = (changes: Partial<Entry> = {}): Entry =>
  entryOf({
    kind: 'hpa',
    namespace: 'default',
    name: 'web',
    uid: 'u1',
    metric: 'nginx.requests',
    labels: {},
    value: 5,
    timestamp: 100,
    isValid: true,
    ...changes,
  });
const wantedOf = (entries: readonly Entry[], isComplete = true): Wanted => ({
  byReference: Map.groupBy(entries, referenceOf),
  isComplete: () => isComplete,
});
const some = fc.array(
  fc
    .record({
      kind: fc.constantFrom<AutoscalerKind[]>('hpa', 'wpa'),
      namespace: fc.constantFrom('a', 'b'),
      name: fc.constantFrom('x', 'y'),
      uid: fc.constantFrom('1', '2'),
      metric: fc.constantFrom('m', 'n'),
      labels: fc.constantFrom<Entry['labels']>({}, { k: 'v' }, { k: 'w' }),
      value: fc.nat(),
      timestamp: fc.nat(),
      isValid: fc.boolean(),
    })
    .map(entryOf),
);
const identities = (entries: readonly Entry[]): ReadonlySet<string> => new Set(entries.map(({ identity }) => identity));

describe('reconciled', () => {
  it('leaves after a sweep exactly what is wanted, with the values that were there', () => {
    fc.assert(
      fc.property(some, some, (stored, wishes) => {
        const result = reconciled(stored, wantedOf(wishes), true);
        expect(identities(result)).toEqual(identities(wishes));
        expect(result.length).toBe(identities(wishes).size);
        const known = new Map(stored.map((each) => [each.identity, each]));
        for (const each of result) expect(each.value).toBe((known.get(each.identity) ?? each).value);
        expect(reconciled(result, wantedOf(wishes), true).map(({ identity }) => identity)).toEqual(result.map(({ identity }) => identity));
      }),
    );
  });

  it('keeps without a sweep what belongs to autoscalers that are not known', () => {
    fc.assert(
      fc.property(some, some, (stored, wishes) => {
        const known = new Set(wishes.map(referenceOf));
        const strangers = stored.filter((each) => !known.has(referenceOf(each)));
        expect(identities(reconciled(stored, wantedOf(wishes), false))).toEqual(identities([...strangers, ...wishes]));
      }),
    );
  });

  it('sweeps no kind that is not completely known, and drops what a known autoscaler wants no more', () => {
    const stored = [entry(), entry({ metric: 'other' }), entry({ kind: 'wpa' })];
    const wanted: Wanted = { byReference: new Map([['hpa:default/web', [entry()]]]), isComplete: (kind) => kind === 'hpa' };
    expect(reconciled(stored, wanted, true).map(({ identity }) => identity)).toEqual(
      [entry({ kind: 'wpa' }), entry()].map(({ identity }) => identity),
    );
  });
});

describe('entriesFor', () => {
  it('takes the names that Datadog has, and no others', () => {
    const metrics = ['a', 'A.b_9', `m${'x'.repeat(199)}`, '', '9a', 'a-b', 'datadogmetric@a:b', `m${'x'.repeat(200)}`, 'a\n'];
    const autoscaler: Autoscaler = {
      kind: 'wpa',
      type: { apiVersion: 'datadoghq.com/v1alpha1', kind: 'WatermarkPodAutoscaler' },
      reference: 'wpa:default/web',
      metadata: { namespace: 'default', name: 'web', uid: 'u1', resourceVersion: '1' },
      labels: {},
      replicas: { min: 1, max: 5, current: 2 },
      metrics: metrics.map((metric) => ({ metric, labels: { app: 'web' }, target: undefined })),
    };
    const { entries, refused } = entriesFor(autoscaler);
    expect(entries.map(({ metric }) => metric)).toEqual(metrics.slice(0, 3));
    expect(entries[0]).toEqual(entry({ kind: 'wpa', metric: 'a', labels: { app: 'web' }, value: 0, timestamp: 0, isValid: false }));
    expect(refused.map(({ metric }) => metric)).toEqual(metrics.slice(3));
  });
});

describe('withOutcome', () => {
  const limits = { maxAge: 120, now: 1000.9 };

  it('takes a value that is young enough, and its time', () => {
    expect(withOutcome(entry({ isValid: false }), { value: 7, timestamp: 900 }, limits)).toEqual(entry({ value: 7, timestamp: 900 }));
  });

  it('keeps the value of a failure or of one that is too old, as invalid', () => {
    const invalid = entry({ isValid: false, timestamp: 1000 });
    expect(withOutcome(entry(), new QueryError('rate-limit', 'x'), limits)).toEqual(invalid);
    expect(withOutcome(entry(), { value: 7, timestamp: 880 }, limits)).toEqual(invalid);
  });

  it('never goes back in time, and changes nothing without an answer', () => {
    expect(withOutcome(entry({ timestamp: 950 }), { value: 7, timestamp: 940 }, limits)).toEqual(entry({ timestamp: 950 }));
    expect(withOutcome(entry(), undefined, limits)).toEqual(entry());
  });

  it('takes no time of the future for one that it must not go back behind', () => {
    expect(withOutcome(entry({ timestamp: 1001 }), { value: 7, timestamp: 940 }, limits)).toEqual(entry({ value: 7, timestamp: 940 }));
  });

  it('asks as an autoscaler means it', () => {
    const form = { aggregator: 'avg', rollup: 30 };
    expect(queryOf(entry({ labels: { b: '2', a: '1' } }), form)).toBe('avg:nginx.requests{a:1,b:2}.rollup(30)');
    expect(queryOf(entry(), form)).toBe('avg:nginx.requests{*}.rollup(30)');
  });
});
