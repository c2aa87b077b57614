import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { autogenName, autogenQuery, MetricNameError, referenceIn } from './metric-name.ts';

describe('referenceIn', () => {
  it.each([
    ['datadogmetric@default:demo', { namespace: 'default', name: 'demo' }],
    ['DatadogMetric@Default:Demo-1', { namespace: 'default', name: 'demo-1' }],
    ['nginx.net.request_per_s', undefined],
    ['datadogmetric', undefined],
  ])('%s', (metric, found) => expect(referenceIn(metric)).toEqual(found));

  it.each(['datadogmetric@', 'datadogmetric@a', 'datadogmetric@a:b:c', 'datadogmetric@a.b:c', 'datadogmetric@-a:b', 'datadogmetric@a:b-'])(
    'refuses %s',
    (metric) => expect(() => referenceIn(metric)).toThrow(new MetricNameError(metric)),
  );

  it('answers or refuses whatever comes, in no time', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ maxLength: 5000 }).map((text) => `datadogmetric@${text}`),
        ),
        (metric) => {
          try {
            referenceIn(metric);
          } catch (error) {
            if (!(error instanceof MetricNameError)) throw error;
          }
        },
      ),
    );
  });
});

describe('autogen', () => {
  const metric = 'nginx.net.request_per_s';
  it.each([
    [
      { kube_container_name: 'nginx' },
      'avg:nginx.net.request_per_s{kube_container_name:nginx}.rollup(30)',
      'dcaautogen-9a6e15492f67c189c2541d0a2864a7a7e1779e',
    ],
    [{}, 'avg:nginx.net.request_per_s{*}.rollup(30)', 'dcaautogen-32402d8dfc05cf540928a606d78ed68c0607f7'],
  ])('%j', (labels, query, name) => {
    expect(autogenQuery({ metric, labels, aggregator: 'avg', rollup: 30 })).toBe(query);
    expect(autogenName(query)).toBe(name);
  });

  it('does not depend on the order of labels', () => {
    const query = (labels: Record<string, string>): string => autogenQuery({ metric, labels, aggregator: 'max', rollup: 60 });
    expect(query({ b: '1', a: '2' })).toBe(query({ a: '2', b: '1' }));
  });
});
