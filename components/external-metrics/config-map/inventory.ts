import type { Autoscaler } from '../autoscalers.ts';
import type { History } from '../history.ts';
import { inSlices } from '../in-slices.ts';
import type { InventoryEntry } from '../index.ts';
import { sortedBy } from '../sorted-by.ts';
import { shownUsers, usersByMetric } from '../users.ts';
import { referenceOf, type Entry } from './entry.ts';
import { queryOf, type QueryForm } from './values.ts';

interface Parts {
  readonly history: History;
  readonly autoscalers: Iterable<Autoscaler>;
  readonly form: QueryForm;
  /** Why a query has no valid value; undefined where this replica cannot tell. */
  readonly problemOf: (query: string) => string | undefined;
}

const untold = 'the last query gave no value, or one that is too old; the leader can say why';

/** One line for each query: what autoscalers share is queried once. */
export async function inventoryOf(
  entries: readonly Entry[],
  { history, autoscalers, form, problemOf }: Parts,
): Promise<readonly InventoryEntry[]> {
  const users = await usersByMetric(autoscalers, (wanted) => queryOf(wanted, form));
  const lines = new Map<string, InventoryEntry>();
  await inSlices(entries, (entry) => {
    const query = queryOf(entry, form);
    const references = [...(lines.get(query)?.references ?? []), referenceOf(entry)].toSorted();
    const served = entry.isValid ? entry.value : undefined;
    // An entry that is not valid says when Datadog was asked, and not when its value was measured.
    const { value, timestamp } = entry.isValid ? entry : (history.last(query) ?? { value: entry.value, timestamp: 0 });
    lines.set(query, {
      metric: entry.metric,
      query,
      value,
      timestamp,
      earlier: history.earlier(query),
      served,
      isActive: true,
      isValid: entry.isValid,
      problem: entry.isValid ? '' : problemOf(query) || untold,
      references,
      users: shownUsers(users.get(query), served),
    });
  });
  return sortedBy([...lines.values()], ({ query }) => query);
}

/** Notes the values that are there now. */
export function remember(history: History, entries: readonly Entry[], form: QueryForm): void {
  const byQuery = new Map(entries.map((entry) => [queryOf(entry, form), entry] as const));
  for (const [query, entry] of byQuery) if (entry.isValid) history.add(query, entry);
  history.keep(new Set(byQuery.keys()));
}
