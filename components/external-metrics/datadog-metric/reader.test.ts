import { describe, expect, it } from 'vitest';
import { parseSelector } from '../selector.ts';
import { madeFor, type DatadogMetric } from './metric.ts';
import { MetricReader } from './reader.ts';
import { MetricStore } from './store.ts';

const autogen = { isEnabled: false, selector: parseSelector(''), aggregator: 'avg', rollup: 30, namespace: 'default' };
const measured = 1_700_000_000;
const good: DatadogMetric = {
  ...madeFor({ id: 'default/queue', query: 'avg:a{*}', externalMetricName: '', references: [] }, measured),
  isValid: true,
  value: 5,
  dataTime: measured,
};
const fallback = { ...good.safeguards, fallbackValue: 7 };

/** What a reader gets so many seconds after the value was measured. */
function readAfter(age: number, metric: DatadogMetric): unknown {
  const store = new MetricStore();
  store.set(metric, 'controller');
  const limits = { maxAge: 120, grace: 30 };
  const reader = new MetricReader({ store, autogen: () => autogen, limits, isNamespaced: false, now: () => measured + age });
  try {
    const [first] = reader.read({ namespace: 'default', metric: 'datadogmetric@default:queue', selector: parseSelector('') });
    return first === undefined ? undefined : [first.value, first.timestamp];
  } catch (error) {
    return (error as Error).message;
  }
}

const stale = 'DatadogMetric is stale, last updated: 2023-11-14T22:13:20.000Z. Check datadog-cluster-agent logs for errors';

describe('MetricReader', () => {
  it.each<[string, number, DatadogMetric, unknown]>([
    ['a value until its greatest age and the grace are over', 150, good, [5, measured]],
    ['none from then on', 150.001, good, stale],
    ['a value as long as its own greatest age says', 930, { ...good, maxAge: 900 }, [5, measured]],
    ['none after that', 931, { ...good, maxAge: 900 }, stale],
    ['a value that is younger than the common age, but not than its own', 61, { ...good, maxAge: 30 }, stale],
    ['no value that is not valid, however young', 0, { ...good, isValid: false, error: 'Datadog says no' }, 'Datadog says no'],
    ['something even without a reason', 0, { ...good, isValid: false }, 'DatadogMetric is invalid, missing error details'],
    ['the reason of a failure rather than the age', 999, { ...good, isValid: false, error: 'Datadog says no' }, 'Datadog says no'],
    ['a fallback for a stale value, of now', 151, { ...good, safeguards: fallback }, [7, measured + 151]],
    ['the value rather than the fallback', 150, { ...good, safeguards: fallback }, [5, measured]],
    [
      'the last good value while a failure lasts',
      600,
      { ...good, isValid: false, safeguards: { ...fallback, lastKnownGood: 600 } },
      [5, measured],
    ],
    ['the fallback after that', 601, { ...good, isValid: false, safeguards: { ...fallback, lastKnownGood: 600 } }, [7, measured + 601]],
    [
      'no last good value where there never was one',
      0,
      { ...good, isValid: false, dataTime: 0, safeguards: { ...good.safeguards, lastKnownGood: 2 ** 40 } },
      'DatadogMetric is invalid, missing error details',
    ],
  ])('serves %s', (_, ...[age, metric, expected]) => expect(readAfter(age, metric)).toEqual(expected));
});
