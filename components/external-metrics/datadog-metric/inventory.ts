import type { Autoscaler } from '../autoscalers.ts';
import type { History } from '../history.ts';
import { inSlices } from '../in-slices.ts';
import type { InventoryEntry } from '../index.ts';
import { sortedBy } from '../sorted-by.ts';
import { shownUsers, usersByMetric } from '../users.ts';
import { isStale } from './metric.ts';
import { served, type Limits } from './reader.ts';
import { wantedBy, type AutogenOptions } from './references.ts';
import type { MetricStore } from './store.ts';

interface Parts {
  readonly store: MetricStore;
  readonly history: History;
  readonly limits: Limits;
  readonly autoscalers: Iterable<Autoscaler>;
  readonly autogen: AutogenOptions;
  /** Seconds since the epoch. */
  readonly now: number;
}

export async function inventoryOf({ store, history, limits, autoscalers, autogen, now }: Parts): Promise<readonly InventoryEntry[]> {
  const users = await usersByMetric(autoscalers, (wanted, autoscaler) => wantedBy(autoscaler, wanted, autogen)?.id);
  const entries: InventoryEntry[] = [];
  await inSlices(store.all(), (metric) => {
    const { id, resolved, query, value, dataTime, isActive, isValid, references, error } = metric;
    const isTooOld = isValid && isStale(metric, { ...limits, now });
    const read = served(metric, limits, now)?.value;
    entries.push({
      metric: `datadogmetric@${id.replace('/', ':')}`,
      query: resolved ?? query,
      value,
      timestamp: dataTime,
      earlier: history.earlier(id),
      served: read,
      isActive,
      isValid: isValid && !isTooOld,
      problem: isTooOld ? 'the value is too old' : (error ?? ''),
      references,
      users: shownUsers(users.get(id), read),
    });
  });
  return sortedBy(entries, ({ metric }) => metric);
}
