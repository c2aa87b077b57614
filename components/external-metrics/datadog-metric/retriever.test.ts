import { describe, expect, it } from 'vitest';
import { QueryError, type DatadogClient, type MetricPoint, type MetricQuery } from '../../datadog-client/index.ts';
import { madeFor, type DatadogMetric } from './metric.ts';
import { Retriever, type RetrieverOptions } from './retriever.ts';
import { MetricStore } from './store.ts';

const start = 1_700_000_000;
const limits: RetrieverOptions = { maxAge: 120, maxTimeWindow: 86_400, bucketSize: 300, hasBackoff: false };

function metric(name: string, more: Partial<DatadogMetric> = {}): DatadogMetric {
  const made = madeFor({ id: `default/${name}`, query: `avg:${name}{*}`, externalMetricName: '', references: [] }, start);
  return { ...made, ...more };
}

/** A retriever at a time, whose Datadog answers every query the same. */
class Bench {
  readonly store = new MetricStore();
  readonly asked: MetricQuery[] = [];
  now = start;
  readonly #retriever: Retriever;

  constructor(answer: () => MetricPoint | QueryError, options: Partial<RetrieverOptions> = {}) {
    const client: DatadogClient = {
      query: async (queries, { onOutcome }) => {
        for (const query of queries) {
          this.asked.push(query);
          onOutcome?.(query, answer());
        }
        return new Map();
      },
    };
    const random = { next: () => 0 };
    this.#retriever = new Retriever({ store: this.store, client, random, options: { ...limits, ...options }, now: () => this.now });
  }

  async refresh(): Promise<void> {
    await this.#retriever.refresh(this.store.all(), { signal: new AbortController().signal, spreadMs: 0 });
  }
}

const pointOf = (age: number, value = 5) => ({ value, timestamp: start - age });

describe('Retriever', () => {
  it('asks once for what several metrics ask, in the window that each needs', async () => {
    const bench = new Bench(() => pointOf(0));
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const name of ids) bench.store.set(metric(name, { resolved: 'avg:x{*}' }), 'controller');
    bench.store.set(metric('b', { resolved: 'avg:x{*}', timeWindow: 600 }), 'controller');
    bench.store.set(metric('c', { resolved: 'avg:x{*}', maxAge: 10 ** 6 }), 'controller');
    bench.store.set(metric('f', { isActive: false }), 'controller');
    bench.store.set(metric('g', { resolved: undefined }), 'controller');
    await bench.refresh();
    expect(bench.asked.map(({ query, windowSeconds }) => [query, windowSeconds])).toEqual([
      ['avg:x{*}', 300],
      ['avg:x{*}', 600],
      ['avg:x{*}', 86_400],
    ]);
    for (const name of ids) expect(bench.store.get(`default/${name}`)).toMatchObject({ isValid: true, value: 5 });
  });

  it.each([
    [120, true],
    [121, false],
  ])('takes a point that is %i s old for valid: %s', async (age, isValid) => {
    const bench = new Bench(() => pointOf(age));
    bench.store.set(metric('a'), 'controller');
    await bench.refresh();
    const error = isValid ? undefined : 'Query returned outdated result, check MaxAge setting, query: avg:a{*}';
    expect(bench.store.get('default/a')).toMatchObject({ isValid, error, value: 5, dataTime: start - age });
  });

  it('keeps the newest point when an older one comes', async () => {
    const bench = new Bench(() => pointOf(60, 3));
    bench.store.set(metric('a', { value: 9, dataTime: start - 20 }), 'controller');
    await bench.refresh();
    expect(bench.store.get('default/a')).toMatchObject({ isValid: true, value: 9, dataTime: start - 20 });
  });

  it('takes any point for newer than one of the future', async () => {
    const bench = new Bench(() => pointOf(60, 3));
    bench.store.set(metric('a', { value: 9, dataTime: start + 1 }), 'controller');
    await bench.refresh();
    expect(bench.store.get('default/a')).toMatchObject({ isValid: true, value: 3, dataTime: start - 60 });
  });

  it.each([
    ['no-data', 'Invalid metric error: why, query was: avg:a{*}'],
    ['invalid-query', 'Invalid metric error: why, query was: avg:a{*}'],
    ['rate-limit', 'Global error: Datadog API rate limit exceeded'],
    ['unavailable', 'Global error (all queries) from backend: why'],
    ['forbidden', 'Global error (all queries) from backend: why'],
    ['bad-response', 'Global error (all queries) from backend: why'],
  ] as const)('keeps the last point through %s, but not as valid', async (failure, error) => {
    const bench = new Bench(() => new QueryError(failure, 'why'));
    bench.store.set(metric('a', { value: 9, dataTime: start - 20, isValid: true }), 'controller');
    await bench.refresh();
    expect(bench.store.get('default/a')).toMatchObject({ isValid: false, error, value: 9, dataTime: start - 20, updateTime: start });
  });

  it('throws away an answer to a question that nobody asks any more', async () => {
    const bench = new Bench(() => {
      bench.store.set(metric('a', { resolved: 'avg:other{*}' }), 'controller');
      return pointOf(0);
    });
    bench.store.set(metric('a'), 'controller');
    await bench.refresh();
    expect(bench.store.get('default/a')).toMatchObject({ isValid: false, dataTime: 0 });
  });

  it('asks for a metric that fails ever more seldom, up to half an hour, and at once after it is well', async () => {
    let answer: MetricPoint | QueryError = new QueryError('no-data', 'nothing');
    const bench = new Bench(() => answer, { hasBackoff: true });
    bench.store.set(metric('a'), 'controller');
    const delays: number[] = [];
    for (let failures = 0; failures < 8; failures += 1) {
      await bench.refresh();
      const { retryAfter = 0 } = bench.store.get('default/a') ?? {};
      delays.push(retryAfter - bench.now);
      bench.now = retryAfter - 1;
      await bench.refresh();
      expect(bench.asked).toHaveLength(failures + 1);
      bench.now = retryAfter;
    }
    expect(delays).toEqual([30, 60, 120, 240, 480, 1800, 1800, 1800]);
    answer = { value: 1, timestamp: bench.now };
    await bench.refresh();
    expect(bench.store.get('default/a')).toMatchObject({ isValid: true, retries: 0, retryAfter: 0 });
  });

  it('does not wait for ever when the clock is set back', async () => {
    const bench = new Bench(() => new QueryError('no-data', 'nothing'), { hasBackoff: true });
    bench.store.set(metric('a'), 'controller');
    await bench.refresh();
    bench.now -= 86_400;
    await bench.refresh();
    expect(bench.asked).toHaveLength(2);
  });

  it('asks for windows of whole seconds', async () => {
    const bench = new Bench(() => pointOf(0));
    bench.store.set(metric('a', { timeWindow: 400.7 }), 'controller');
    await bench.refresh();
    expect(bench.asked).toMatchObject([{ windowSeconds: 400 }]);
  });

  it('does not take a rate limit for a fault of the metric', async () => {
    const bench = new Bench(() => new QueryError('rate-limit', 'too much'), { hasBackoff: true });
    bench.store.set(metric('a'), 'controller');
    await bench.refresh();
    await bench.refresh();
    expect(bench.asked).toHaveLength(2);
    expect(bench.store.get('default/a')).toMatchObject({ retries: 0, retryAfter: 0, isValid: false });
  });
});
