import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromObject, withNewer, withObject } from './from-object.ts';
import { isNew, madeFor, type DatadogMetric } from './metric.ts';
import { metricObject, type MetricStatus } from './object.ts';
import { isNews, statusOf } from './to-status.ts';

const now = 1_700_000_000;
const resolve = (query: string) => (query.includes('%%') ? { problem: 'Cannot resolve query: why' } : { query });
const condition = (type: string, status: string, lastUpdateTime: string) => ({
  type,
  status,
  lastTransitionTime: '2023-11-14T00:00:00Z',
  lastUpdateTime,
});
const written = {
  currentValue: '12.5',
  autoscalerReferences: 'hpa:default/a, wpa:default/b',
  conditions: [
    condition('Active', 'True', '2023-11-14T22:13:10Z'),
    condition('Valid', 'True', '2023-11-14T22:13:10Z'),
    condition('Updated', 'True', '2023-11-14T22:12:40Z'),
    condition('Error', 'False', '2023-11-14T22:13:10Z'),
  ],
};
const objectOf = (spec: object = { query: 'avg:a{*}' }, status: object = written, annotations: Record<string, string> = {}) =>
  metricObject({ metadata: { namespace: 'default', name: 'queue', annotations }, spec, status });
const known = (more: Partial<DatadogMetric> = {}): DatadogMetric => ({ ...fromObject(objectOf(), resolve, now), ...more });

describe('fromObject', () => {
  it('reads what a leader has written', () => {
    expect(known()).toMatchObject({
      id: 'default/queue',
      resolved: 'avg:a{*}',
      value: 12.5,
      isActive: true,
      isValid: true,
      knowsReaders: true,
      dataTime: now - 40,
      updateTime: now - 10,
      references: ['hpa:default/a', 'wpa:default/b'],
      error: undefined,
      maxAge: 0,
    });
  });

  it('takes the reason of a failure only while it lasts', () => {
    const withError = (status: string) =>
      fromObject(objectOf({}, { currentValue: '0', conditions: [{ ...condition('Error', status, ''), message: 'why' }] }), resolve, now);
    expect(withError('True').error).toBe('why');
    expect(withError('False').error).toBeUndefined();
    expect(withError('True')).toMatchObject({ isActive: false, isValid: false, dataTime: 0, updateTime: now });
  });

  it.each(['many', 'NaN', 'Infinity'])('does not trust a status whose value is %s', (currentValue) => {
    expect(fromObject(objectOf({}, { ...written, currentValue }), resolve, now)).toMatchObject({ value: 0, isValid: false });
  });

  it.each([
    ['1', true],
    ['t', true],
    ['TRUE', true],
    ['True', true],
    ['tRUE', false],
    ['yes', false],
    ['0', false],
    ['', false],
  ])('reads always-active: %s as Go does', (text, isAlwaysActive) => {
    const marks = { 'external-metrics.datadoghq.com/always-active': text };
    expect(fromObject(objectOf({}, {}, marks), resolve, now)).toMatchObject({ isAlwaysActive });
  });

  it.each([
    [{ maxAge: '15 minutes' }, 'Cannot read spec.maxAge: "15 minutes" is no duration; write one as 15m or 900s'],
    [{ timeWindow: '-5s' }, 'Cannot read spec.timeWindow: "-5s" is no duration; write one as 15m or 900s'],
    [{ query: '%%x%%' }, 'Cannot resolve query: why'],
  ])('says what it cannot read in %j', (spec, error) => {
    for (const metric of [
      fromObject(objectOf({ query: 'avg:a{*}', ...spec }), resolve, now),
      withObject(known(), objectOf({ query: 'avg:a{*}', ...spec }), resolve),
    ])
      expect(metric).toMatchObject({ error, resolved: undefined });
    expect(withObject(known(), objectOf({ query: 'avg:a{*}', ...spec }), resolve).isValid).toBe(false);
  });

  it('makes something of any object', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (spec, status) => {
        const metric = fromObject(metricObject({ metadata: { namespace: 'a', name: 'b' }, spec, status }), resolve, now);
        expect(statusOf(metric, { currentValue: '', conditions: [] }).conditions).toHaveLength(4);
      }),
    );
  });
});

describe('withObject', () => {
  it('forgets the failures of a metric whose spec is another', () => {
    const failing = known({ retries: 3, retryAfter: now + 100 });
    for (const spec of [{ query: 'b' }, { query: 'avg:a{*}', maxAge: '1m' }, { query: 'avg:a{*}', timeWindow: '1m' }])
      expect(withObject(failing, objectOf(spec), resolve)).toMatchObject({ retries: 0, retryAfter: 0 });
    expect(withObject(failing, objectOf(), resolve)).toMatchObject({ retries: 3, retryAfter: now + 100 });
  });

  it('keeps a value only for the query that it is of', () => {
    expect(withObject(known(), objectOf({ query: 'avg:a{*}', maxAge: '1m' }), resolve)).toMatchObject({ value: 12.5, isValid: true });
    const other = withObject(known({ error: 'why' }), objectOf({ query: 'b' }), resolve);
    expect(other).toMatchObject({ value: 0, dataTime: 0, isValid: false, error: undefined });
    expect(isNew(other)).toBe(true);
  });
});

describe('withNewer', () => {
  const at = (lastUpdateTime: string) =>
    ({ currentValue: '3', conditions: [condition('Updated', 'True', lastUpdateTime)] }) as MetricStatus;

  it.each([
    ['newer', '2023-11-14T22:12:41Z', 3],
    ['as old', '2023-11-14T22:12:40Z', 12.5],
    ['of the future', '2023-11-14T22:13:21Z', 12.5],
  ])('takes the value of a status that is %s for what it is', (_, time, value) =>
    expect(withNewer(known(), at(time), now).value).toBe(value),
  );
});

describe('statusOf', () => {
  it('tells of a metric in the words and the order of the Go agent', () => {
    const failed = known({ isValid: false, error: 'why', updateTime: now, value: 1e21 });
    expect(statusOf(failed, written as MetricStatus)).toEqual({
      currentValue: '1000000000000000000000',
      autoscalerReferences: 'hpa:default/a, wpa:default/b',
      conditions: [
        condition('Active', 'True', '2023-11-14T22:13:20Z'),
        { ...condition('Valid', 'False', '2023-11-14T22:13:20Z'), lastTransitionTime: '2023-11-14T22:13:20Z' },
        condition('Updated', 'True', '2023-11-14T22:12:40Z'),
        {
          ...condition('Error', 'True', '2023-11-14T22:13:20Z'),
          lastTransitionTime: '2023-11-14T22:13:20Z',
          reason: 'Unable to fetch data from Datadog',
          message: 'why',
        },
      ],
    });
  });

  it('begins each transition of a new metric with its own time', () => {
    const { conditions } = statusOf(
      madeFor({ id: 'a/b', query: 'q', externalMetricName: 'm', references: [] }, now),
      objectOf({}, {}).status,
    );
    expect(conditions.map(({ type, status, lastTransitionTime }) => [type, status, lastTransitionTime])).toEqual([
      ['Active', 'True', '2023-11-14T22:13:20Z'],
      ['Valid', 'False', '2023-11-14T22:13:20Z'],
      ['Updated', 'True', '1970-01-01T00:00:00Z'],
      ['Error', 'False', '2023-11-14T22:13:20Z'],
    ]);
  });

  it.each<[string, Partial<DatadogMetric>, boolean]>([
    ['the time of the last look', { updateTime: now + 30 }, false],
    ['a value', { value: 13 }, true],
    ['the time of the value', { dataTime: now }, true],
    ['validity', { isValid: false }, true],
    ['activity', { isActive: false }, true],
    ['a reason', { error: 'why' }, true],
    ['readers', { references: [] }, true],
  ])('is news with another %s, or not', (_, change, expected) => {
    const status = written as MetricStatus;
    expect(isNews(statusOf(known(change), status), status)).toBe(expected);
  });
});
