import type { InventoryEntry } from '../index.ts';
import { isStale } from './metric.ts';
import type { MetricStore } from './store.ts';

/** @param limits seconds @param now seconds since the epoch */
export function inventoryOf(
  store: MetricStore,
  limits: { readonly maxAge: number; readonly grace: number },
  now: number,
): readonly InventoryEntry[] {
  return [...store.all()]
    .map((metric): InventoryEntry => {
      const { id, resolved, query, value, dataTime, isActive, isValid, references, error } = metric;
      const isTooOld = isValid && isStale(metric, { ...limits, now });
      return {
        metric: `datadogmetric@${id.replace('/', ':')}`,
        query: resolved ?? query,
        value,
        timestamp: dataTime,
        isActive,
        isValid: isValid && !isTooOld,
        problem: isTooOld ? 'the value is too old' : (error ?? ''),
        references,
      };
    })
    .toSorted((a, b) => Number(a.metric > b.metric) - Number(a.metric < b.metric));
}
