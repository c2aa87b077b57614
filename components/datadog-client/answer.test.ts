import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from './answer.ts';
import { QueryError, type MetricQuery } from './index.ts';

const query: MetricQuery = { query: 'avg:a{*}', windowSeconds: 300 };
const series = (pointlist: unknown, more = {}) => ({ metric: 'a', scope: '*', query_index: 0, pointlist, ...more });
const outcomeOf = (...each: readonly object[]) => readAnswer({ status: 'ok', series: each }, [query])[0]?.outcome;

describe('readAnswer', () => {
  it.each([
    [
      'the last but one point',
      [
        [1000, 1],
        [2999, 2],
        [3000, 3],
      ],
      { value: 2, timestamp: 2 },
    ],
    ['the only point', [[5000, 7]], { value: 7, timestamp: 5 }],
    [
      'points that are not null',
      [
        [1000, 1],
        [2000, 2],
        [3000, null],
        [4000, null],
      ],
      { value: 1, timestamp: 1 },
    ],
    [
      'points at a time that is one',
      [
        [5000, 1],
        [6000, 2],
        [253_402_300_800_000, 3],
        [1e300, 3],
      ],
      { value: 1, timestamp: 5 },
    ],
  ])('takes %s', (_, points, point) => expect(outcomeOf(series(points))).toEqual(point));

  it('says why there is no value', () => {
    expect(outcomeOf()).toMatchObject({ failure: 'no-data', message: expect.stringContaining('no serie returned') });
    const nulls = outcomeOf(
      series(
        [
          [1, null],
          [2, null],
        ],
        { interval: 20 },
      ),
    );
    expect(nulls).toMatchObject({
      failure: 'no-data',
      message: expect.stringMatching(/only null values.*\(2 points\).*\(interval was 20\)/),
    });
    expect(outcomeOf(series([[1, 1]]), series([[1, 1]]))).toMatchObject({
      failure: 'no-data',
      message: expect.stringContaining('multiple series'),
    });
  });

  it('gives each query its own series, in any order, and lets only a lone one do without an index', () => {
    const batch = [query, { ...query, query: 'b' }, { ...query, query: 'c' }];
    const results = readAnswer({ series: [series([[1000, 9]], { query_index: 2 }), series([[1000, 8]])] }, batch);
    expect(results.map(({ outcome }) => (outcome instanceof QueryError ? outcome.failure : outcome.value))).toEqual([8, 'no-data', 9]);
    expect(outcomeOf(series([[1000, 1]], { query_index: null }))).toEqual({ value: 1, timestamp: 1 });
    for (const index of [null, undefined, -1, 3, 99])
      expect(() => readAnswer({ series: [series([[1, 1]], { query_index: index })] }, batch)).toThrow('did not match');
  });

  it.each([
    ['points that are none', series([[1000, 'many']])],
    ['points without a value', series([[1000]])],
    ['a number that is too large', series([[1000, Infinity]])],
    ['a text for points', series('many')],
  ])('lets %s harm no other query', (_, poisoned) => {
    const body = { series: [poisoned, series([[1000, 9]], { query_index: 1, metric: 7, interval: 'long' })] };
    const [first, second] = readAnswer(body, [query, { ...query, query: 'b' }]);
    expect(first?.outcome).toMatchObject({ failure: 'no-data', message: 'points found in API response that cannot be read' });
    expect(second?.outcome).toEqual({ value: 9, timestamp: 1 });
  });

  it('passes on the beginning of a long error', () => {
    expect(() => readAnswer({ status: 'error', error: 'x'.repeat(10_000) }, [query])).toThrow(/^API returned error: x{300}$/);
  });

  it('refuses whatever is no answer with an error of its own', () => {
    expect(() => readAnswer({ status: 'error', error: 'unknown function' }, [query])).toThrow('API returned error: unknown function');
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ series: fc.jsonValue() })), (body) => {
        try {
          expect(readAnswer(body, [query])).toHaveLength(1);
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError);
        }
      }),
    );
  });
});
