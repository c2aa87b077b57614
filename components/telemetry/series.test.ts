import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { SeriesTable, type AnyLabels } from './series.ts';

const value = fc.constantFrom('', 'a', 'b', 'a\u0000b');
const step = fc.record({ kind: fc.constantFrom('add' as const, 'delete' as const), x: value, y: value, z: value });
const names = ['x', 'y', 'z'];

it('has each label set once, with its own count, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.nat({ max: 3 }), fc.array(step, { maxLength: 60 }), (depth, steps) => {
      const own = names.slice(0, depth);
      const table = new SeriesTable(own);
      const model = new Map<string, { readonly labels: AnyLabels; count: number }>();
      for (const { kind, ...given } of steps) {
        const labels: AnyLabels = Object.fromEntries(own.map((name) => [name, given[name as keyof typeof given]]));
        const key = JSON.stringify(labels);
        if (kind === 'delete') {
          table.delete(labels);
          model.delete(key);
        } else {
          (table.find(labels) ?? table.add(labels)).count(2);
          model.set(key, { labels, count: (model.get(key)?.count ?? 0) + 2 });
        }
        expect(table.find(labels)?.labels).toEqual(model.get(key)?.labels);
        expect(table.size).toBe(model.size);
      }
      const seen = table.all().map((each) => [JSON.stringify(each.labels), each.takeCount()]);
      expect(new Map(seen as [string, number][])).toEqual(new Map([...model].map(([key, { count }]) => [key, count])));
      expect(seen).toHaveLength(model.size);
      expect(table.all().map((each) => each.takeCount())).toEqual(Array.from(seen, () => 0));
    }),
  );
});
