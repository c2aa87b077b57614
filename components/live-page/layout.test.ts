import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layout, reduced, type Edges } from './layout.ts';

/** Graphs in which each node points only to nodes before it, as a plan has them. */
const graphs = fc
  .array(fc.array(fc.nat(), { maxLength: 6 }), { maxLength: 40 })
  .map((lists): Edges => lists.map((each, node) => (node === 0 ? [] : each.map((number) => number % node))));

function reachable(needs: Edges, from: number): Set<number> {
  const found = new Set<number>();
  const queue = [...(needs[from] ?? [])];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    queue.push(...(needs[next] ?? []));
  }
  return found;
}

describe('layout', () => {
  it('puts every node to the right of its needs, and no two in one place', () => {
    fc.assert(
      fc.property(graphs, (needs) => {
        const places = layout(needs);
        const columnOf = (node: number): number => places[node]?.column ?? -1;
        expect(needs.every((each, node) => each.every((need) => columnOf(need) < columnOf(node)))).toBe(true);
        expect(new Set(places.map(({ column, row }) => `${column} ${row}`)).size).toBe(needs.length);
      }),
    );
  });

  it('leaves no gap in a column', () => {
    fc.assert(
      fc.property(graphs, (needs) => {
        const places = layout(needs);
        expect(
          places.every(({ column, row }) => row === 0 || places.some((other) => other.column === column && other.row === row - 1)),
        ).toBe(true);
      }),
    );
  });
});

describe('reduced', () => {
  it('keeps what can be reached, and nothing that a longer way implies', () => {
    fc.assert(
      fc.property(graphs, (needs) => {
        const fewer = reduced(needs);
        for (const node of needs.keys()) {
          expect(reachable(fewer, node)).toEqual(reachable(needs, node));
          const kept = fewer[node] ?? [];
          expect(kept.filter((each) => kept.some((other) => other !== each && reachable(needs, other).has(each)))).toEqual([]);
        }
      }),
    );
  });
});
