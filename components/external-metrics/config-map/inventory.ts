import type { InventoryEntry } from '../index.ts';
import { referenceOf, type Entry } from './entry.ts';
import { queryOf, type QueryForm } from './values.ts';

/** One line for each query: what autoscalers share is queried once. */
export function inventoryOf(entries: readonly Entry[], form: QueryForm): readonly InventoryEntry[] {
  const lines = new Map<string, InventoryEntry>();
  for (const entry of entries) {
    const query = queryOf(entry, form);
    const references = [...(lines.get(query)?.references ?? []), referenceOf(entry)].toSorted();
    lines.set(query, {
      metric: entry.metric,
      query,
      value: entry.value,
      timestamp: entry.timestamp,
      isActive: true,
      isValid: entry.isValid,
      problem: entry.isValid ? '' : 'the last query gave no value, or one that is too old',
      references,
    });
  }
  return [...lines.values()].toSorted((a, b) => Number(a.query > b.query) - Number(a.query < b.query));
}
