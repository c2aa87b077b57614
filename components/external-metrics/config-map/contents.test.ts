import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AutoscalerKind } from '../autoscalers.ts';
import type { KubeObject } from '../../kubernetes/index.ts';
import { bytesMax, contentsOf, isAlike, withEntries } from './contents.ts';
import { entryOf, type Entry } from './entry.ts';

const entry = (changes: Partial<Entry> = {}): Entry =>
  entryOf({
    kind: 'hpa',
    namespace: 'default',
    name: 'web',
    uid: 'u1',
    metric: 'nginx.requests',
    labels: { zone: 'a', app: 'web' },
    value: 2.5,
    timestamp: 1_700_000_000,
    isValid: true,
    ...changes,
  });
const configMap = (data?: unknown): KubeObject => ({ metadata: { name: 'm', namespace: 'default', resourceVersion: '7' }, data });
const textsOf = (object: KubeObject): Readonly<Record<string, string>> => object['data'] as Record<string, string>;
const byIdentity = (entries: readonly Entry[]): ReadonlyMap<string, Entry> => new Map(entries.map((each) => [each.identity, each]));

const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const label = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,10}[A-Za-z0-9])?$/);
const entries = fc.array(
  fc
    .record({
      kind: fc.constantFrom<AutoscalerKind[]>('hpa', 'wpa'),
      namespace: name,
      // An autoscaler's name may have 253 characters, and its metric's 200: more than a key may have.
      name: fc.oneof(
        name,
        fc.integer({ min: 1, max: 253 }).map((length) => 'n'.repeat(length)),
      ),
      uid: fc.uuid(),
      metric: fc.oneof(
        fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_.]{0,30}$/),
        fc.integer({ min: 1, max: 200 }).map((length) => 'm'.repeat(length)),
      ),
      labels: fc.dictionary(label, label, { maxKeys: 4, noNullPrototype: true }),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      timestamp: fc.nat(),
      isValid: fc.boolean(),
    })
    .map(entryOf),
  { maxLength: 30 },
);

describe('the ConfigMap', () => {
  it("has the Go agent's key and JSON", () => {
    const { object } = withEntries(configMap(), [entry(), entry({ kind: 'wpa', labels: {}, isValid: false })]);
    expect(textsOf(object)).toEqual({
      'external_metric-horizontal-default-web-nginx.requests':
        '{"metricName":"nginx.requests","labels":{"app":"web","zone":"a"},"ts":1700000000,"reference":{"type":"horizontal","name":"web","namespace":"default","uid":"u1"},"value":2.5,"valid":true}',
      'external_metric-watermark-default-web-nginx.requests':
        '{"metricName":"nginx.requests","labels":null,"ts":1700000000,"reference":{"type":"watermark","name":"web","namespace":"default","uid":"u1"},"value":2.5,"valid":false}',
    });
    expect(object.metadata).toEqual(configMap().metadata);
  });

  it('is read with entries of the Go agent, and says what is none', () => {
    const reference = { type: 'horizontal', name: 'web', namespace: 'default', uid: 'u1' };
    const wire = { metricName: 'a', labels: null, ts: 1, value: 1, valid: true };
    const texts = {
      'external_metric-horizontal-default-web-a': JSON.stringify({ ...wire, reference }),
      'external_metric-default-web-b': JSON.stringify({ ...wire, metricName: 'b', reference }),
      'external_metric-default-web-old': JSON.stringify({ ...wire, hpa: reference }),
      'external_metric-horizontal-default-web-type': JSON.stringify({ ...wire, reference: { ...reference, type: 'vertical' } }),
      'external_metric-horizontal-default-web-huge': JSON.stringify({ ...wire, reference }).replace('"value":1', '"value":1e999'),
      'external_metric-horizontal-default-web-text': 'null',
      other: '{}',
    };
    const { entries: found, unreadable } = contentsOf(configMap(texts));
    expect(found.map(({ metric }) => metric)).toEqual(['a', 'b']);
    expect(unreadable.map((key) => key.split('-').at(-1))).toEqual(['old', 'type', 'huge', 'text']);
  });

  it('holds whatever entries there are under keys that Kubernetes takes, and gives the same back', () => {
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), (some, order) => {
        const { object, leftOut } = withEntries(configMap({ note: 'x' }), some);
        expect(leftOut).toBe(0);
        expect(byIdentity(contentsOf(object).entries)).toEqual(byIdentity(some));
        for (const key of Object.keys(textsOf(object))) expect(key).toMatch(/^[-._a-zA-Z0-9]{1,253}$/);
        const shuffled = [...byIdentity(some).values()].map((each) => [order.next().value, each] as const);
        const again = withEntries(
          object,
          shuffled.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, each]) => each),
        );
        expect(isAlike(again.object, object)).toBe(true);
      }),
    );
  });

  it('survives whatever is in it, and keeps what is not ours', () => {
    const keys = fc.oneof(
      fc.string(),
      fc.string().map((text) => `external_metric${text}`),
      fc.string().map((text) => `further_metric-${text}`),
    );
    const wire = fc.record(
      {
        metricName: fc.anything(),
        labels: fc.anything(),
        ts: fc.anything(),
        reference: fc.oneof(
          fc.anything(),
          fc.record({ type: fc.constant('horizontal'), name: fc.anything(), namespace: fc.string(), uid: fc.anything() }),
        ),
        value: fc.oneof(fc.double(), fc.anything()),
        valid: fc.anything(),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      wire.map((each) => JSON.stringify(each, (_, value: unknown) => (typeof value === 'bigint' ? 1 : value))),
    );
    const data = fc.oneof(fc.dictionary(keys, text), fc.anything());
    fc.assert(
      fc.property(data, (some) => {
        const before = configMap(some);
        const { entries: found } = contentsOf(before);
        const { object } = withEntries(before, found);
        expect(byIdentity(contentsOf(object).entries)).toEqual(byIdentity(found));
        expect(contentsOf(object).unreadable).toEqual([]);
        if (typeof some !== 'object' || some === null) return;
        for (const [key, value] of Object.entries(some))
          if (!/^(external_metric|further_metric-)/.test(key) && typeof value === 'string') expect(textsOf(object)[key]).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps apart what the Go agent's keys do not: labels, and where a namespace ends", () => {
    const some = [
      entry({ labels: { a: '1' } }),
      entry({ labels: { a: '2' } }),
      entry({ namespace: 'a-b', name: 'c' }),
      entry({ namespace: 'a', name: 'b-c' }),
    ];
    const { object } = withEntries(configMap(), some);
    const keys = Object.keys(textsOf(object));
    expect(keys.filter((key) => key.startsWith('external_metric')).toSorted()).toEqual([
      'external_metric-horizontal-a-b-c-nginx.requests',
      'external_metric-horizontal-default-web-nginx.requests',
    ]);
    expect(keys.filter((key) => key.startsWith('further_metric-')).length).toBe(2);
    expect(contentsOf(object).entries.length).toBe(4);
  });

  it('leaves out what Kubernetes has no room for, always the same', () => {
    const taken = {
      metadata: { name: 'm' },
      data: { note: 'x'.repeat(bytesMax - 700) },
      binaryData: { blob: Buffer.alloc(100).toString('base64') },
    };
    const some = ['a', 'b', 'c', 'd'].map((metric) => entry({ metric }));
    const { object, leftOut } = withEntries(taken, some);
    expect(leftOut).toBe(1);
    expect(contentsOf(object).entries.map(({ metric }) => metric)).toEqual(['a', 'b', 'c']);
    expect(isAlike(withEntries(object, some.toReversed()).object, object)).toBe(true);
  });
});
