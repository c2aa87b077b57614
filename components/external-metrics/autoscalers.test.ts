import { describe, expect, it } from 'vitest';
import type { Informer, Informers, InformerOptions, Kubernetes, KubeObject, Resource } from '../kubernetes/index.ts';
import { autoscalersOf, type Autoscaler, type AutoscalersOptions } from './autoscalers.ts';

const served: Resource = { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers', namespaced: true };

/** What is kept of an object: of a horizontal autoscaler, or of a watermark one. */
async function kept(object: KubeObject, { kind = 'hpa', isElsewhere = () => false }: Partial<Which> = {}): Promise<Autoscaler> {
  const transforms: ((object: KubeObject) => Autoscaler)[] = [];
  const informers: Informers = {
    informer: <T>({ transform }: InformerOptions<T>) => {
      transforms.push(transform as unknown as (typeof transforms)[number]);
      return {} as Informer<T>;
    },
  };
  const kubernetes = { discover: () => Promise.resolve(served) } as Partial<Kubernetes> as Kubernetes;
  await autoscalersOf(kubernetes, informers, { withWatermark: true, isElsewhere });
  const transform = transforms[kind === 'hpa' ? 0 : 1];
  if (transform === undefined) throw new Error('not followed');
  return transform(object);
}
interface Which extends Pick<AutoscalersOptions, 'isElsewhere'>, Pick<Autoscaler, 'kind'> {}

const external = (name: string, target: object) => ({ type: 'External', external: { metric: { name }, target } });
const hpa = (spec: object, status: object = {}): KubeObject => ({ metadata: { namespace: 'shop', name: 'web' }, spec, status });

describe('autoscalersOf', () => {
  it('keeps external metrics with their targets', async () => {
    const metrics = [
      external('a', { type: 'Value', value: '10' }),
      external('b', { type: 'AverageValue', averageValue: '500m' }),
      external('c', {}),
      { type: 'Resource', resource: { name: 'cpu' } },
      { type: 'External' },
    ];
    const { reference, metrics: wanted } = await kept(hpa({ maxReplicas: 5, metrics }));
    expect(reference).toBe('hpa:shop/web');
    expect(wanted.map(({ metric, target }) => [metric, target])).toEqual([
      ['a', { type: 'Value', quantity: '10' }],
      ['b', { type: 'AverageValue', quantity: '500m' }],
      ['c', undefined],
    ]);
  });

  it.each([
    [{ maxReplicas: 5 }, {}, { min: 1, max: 5, current: undefined }],
    [{ minReplicas: 0, maxReplicas: 5 }, { currentReplicas: 3 }, { min: 0, max: 5, current: 3 }],
    [{ maxReplicas: 5 }, { currentReplicas: 0, desiredReplicas: 0 }, { min: 1, max: 5, current: undefined }],
    [{ maxReplicas: 5 }, { desiredReplicas: 0, conditions: [{}] }, { min: 1, max: 5, current: 0 }],
  ])('counts replicas of %j with status %j', async (spec, status, replicas) => {
    expect((await kept(hpa(spec, status))).replicas).toEqual(replicas);
  });

  it('takes null for absent, as the API server writes it for what is empty', async () => {
    const nothing = { currentReplicas: 0, desiredReplicas: 0, currentMetrics: null, conditions: null };
    const unlabelled = { type: 'External', external: { metric: { name: 'a', selector: { matchLabels: null } }, target: null } };
    const unselected = {
      type: 'External',
      external: { metric: { name: 'b', selector: null }, target: { value: '1', averageValue: null } },
    };
    const { metrics, replicas } = await kept(hpa({ minReplicas: null, maxReplicas: 5, metrics: [unlabelled, null, unselected] }, nothing));
    expect(replicas).toEqual({ min: 1, max: 5, current: undefined });
    expect(metrics).toEqual([
      { metric: 'a', labels: {}, target: undefined },
      { metric: 'b', labels: {}, target: { type: 'Value', quantity: '1' } },
    ]);
    expect((await kept({ metadata: { name: 'web' }, spec: null, status: null })).metrics).toEqual([]);
  });

  it('keeps the metrics of watermark autoscalers, which have no such target', async () => {
    const of = { metricName: 'a', metricSelector: { matchLabels: { b: 'c' } }, highWatermark: '10' };
    const { metrics } = await kept(hpa({ metrics: [{ type: 'External', external: of }] }), { kind: 'wpa' });
    expect(metrics).toEqual([{ metric: 'a', labels: { b: 'c' }, target: undefined }]);
  });

  it('leaves out what another server serves, so that nothing is made for it', async () => {
    const object = hpa({ metrics: [external('s0-queue', {}), external('queue', {})] });
    const { metrics } = await kept(object, { isElsewhere: (metric) => metric.startsWith('s0-') });
    expect(metrics.map(({ metric }) => metric)).toEqual(['queue']);
  });
});
