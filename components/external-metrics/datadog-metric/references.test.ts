import { expect, it } from 'vitest';
import type { Autoscaler } from '../autoscalers.ts';
import { parseSelector } from '../selector.ts';
import { madeFor } from './metric.ts';
import { readersOf, updateReferences, type AutogenOptions } from './references.ts';
import { MetricStore } from './store.ts';

const autogen: AutogenOptions = { isEnabled: true, selector: parseSelector(''), aggregator: 'avg', rollup: 30, namespace: 'agents' };

/** An autoscaler of a team that reads metrics. */
const autoscaler = (name: string, team: string, ...metrics: readonly string[]): Autoscaler => ({
  kind: 'hpa',
  type: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  reference: `hpa:default/${name}`,
  metadata: { namespace: 'default', name, uid: undefined, resourceVersion: undefined },
  labels: { team },
  replicas: { min: 1, max: 5, current: 1 },
  metrics: metrics.map((metric) => ({ metric, labels: {}, target: undefined })),
});
const known = 'default/queue';
const made = expect.stringMatching(/^agents\/dcaautogen-/);

it.each([
  ['all', {}, [known, made]],
  ['those of a team', { selector: parseSelector('team=a') }, [known, made]],
  ['those of another team', { selector: parseSelector('team=b') }, [known]],
  ['none', { isEnabled: false }, [known]],
])('makes metrics for autoscalers: %s', async (_, options, ids) => {
  const web = autoscaler('web', 'a', 'datadogmetric@default:queue', 'datadogmetric@nonsense', 'nginx.requests');
  expect([...(await readersOf([web], { ...autogen, ...options })).keys()]).toEqual(ids);
});

it('notes who reads a metric, in one order, and what was made for it', async () => {
  const store = new MetricStore();
  const readers = await readersOf(
    ['b', 'c', 'a'].map((name) => autoscaler(name, 'a', 'nginx.requests', 'nginx.requests')),
    autogen,
  );
  await updateReferences(store, readers, 100);
  expect([...store.all()]).toMatchObject([
    { id: made, externalMetricName: 'nginx.requests', isActive: true, references: ['hpa:default/a', 'hpa:default/b', 'hpa:default/c'] },
  ]);
});

it('has a metric deleted that was made and that nobody has read for three hours, unless somebody reads it again', async () => {
  const store = new MetricStore();
  const readers = await readersOf([autoscaler('web', 'a', 'nginx.requests')], autogen);
  await updateReferences(store, readers, 0);
  const written = madeFor({ id: known, query: 'avg:a{*}', externalMetricName: '', references: [] }, 0);
  store.set(written, 'controller');
  const deleted = async (now: number, read = false): Promise<readonly string[]> => {
    await updateReferences(store, read ? readers : new Map(), now);
    return [...store.all()].filter(({ isDeleted }) => isDeleted).map(({ id }) => id);
  };
  expect(await deleted(10)).toEqual([]);
  expect(await deleted(10 + 3 * 3600)).toEqual([]);
  expect(await deleted(11 + 3 * 3600)).toEqual([made]);
  expect(await deleted(12 + 3 * 3600, true)).toEqual([]);
});
