import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cycles, Queue, topologicalOrder, type Dependencies } from './order.ts';

/** Any graph, circles and all. */
const anyGraph = fc
  .integer({ min: 0, max: 14 })
  .chain((size) => fc.array(fc.array(fc.nat({ max: Math.max(0, size - 1) }), { maxLength: 3 }), { minLength: size, maxLength: size }));

/** A graph without circles, in which low numbers may wait for high ones. */
const acyclicGraph = fc.integer({ min: 1, max: 14 }).chain((size) =>
  fc
    .tuple(
      fc.shuffledSubarray([...Array(size).keys()], { minLength: size }),
      fc.array(fc.array(fc.nat({ max: 1000 }), { maxLength: 4 }), { minLength: size, maxLength: size }),
    )
    .map(([ranks, picks]) => {
      const dependencies: number[][] = ranks.map(() => []);
      for (const [rank, node] of ranks.entries()) {
        if (rank > 0) dependencies[node] = (picks[rank] ?? []).map((pick) => ranks[pick % rank] ?? 0);
      }
      return dependencies;
    }),
);

/** The first in the list whose needs are ready, again and again. */
function naiveOrder(dependencies: Dependencies): number[] {
  const order: number[] = [];
  for (;;) {
    const next = dependencies.findIndex((needed, node) => !order.includes(node) && needed.every((each) => order.includes(each)));
    if (next < 0) return order;
    order.push(next);
  }
}

/** Who reaches whom, in one step or more; the slow and obvious way. */
function closure(dependencies: Dependencies): boolean[][] {
  const reaches = dependencies.map((needed) => dependencies.map((_, node) => needed.includes(node)));
  for (const middle of reaches.keys()) {
    for (const from of reaches) {
      if (from[middle] === true) for (const [to, isReached] of (reaches[middle] ?? []).entries()) if (isReached) from[to] = true;
    }
  }
  return reaches;
}

describe('topologicalOrder', () => {
  it('puts each number behind everything that it waits for, all of them, without circles', () => {
    fc.assert(
      fc.property(acyclicGraph, (graph) => {
        const order = topologicalOrder(graph);
        expect(order.toSorted((a, b) => a - b)).toEqual([...graph.keys()]);
        const position = new Map(order.map((node, at) => [node, at]));
        for (const [node, needed] of graph.entries()) {
          for (const each of needed) expect(position.get(each)).toBeLessThan(position.get(node) ?? -1);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('breaks ties by taking the smallest, like the naive search from the front, circles or not', () => {
    fc.assert(
      fc.property(fc.oneof(acyclicGraph, anyGraph), (graph) => {
        expect(topologicalOrder(graph)).toEqual(naiveOrder(graph));
      }),
      { numRuns: 4000 },
    );
  });

  it('leaves a list alone that is in order already', () => {
    expect(topologicalOrder([[], [0], [], [1, 2]])).toEqual([0, 1, 2, 3]);
  });

  it('takes an empty graph', () => {
    expect(topologicalOrder([])).toEqual([]);
  });

  it('orders a chain of 10 000 in the wrong order without recursion', () => {
    const size = 10_000;
    const chain = Array.from({ length: size }, (_, node) => (node + 1 < size ? [node + 1] : []));
    expect(topologicalOrder(chain)).toEqual([...chain.keys()].toReversed());
  });
});

describe('cycles', () => {
  const found = (graph: Dependencies): number[][] => cycles(graph, topologicalOrder(graph));

  it('reports real circles only, one for every knot', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const reaches = closure(graph);
        const circles = found(graph);
        for (const circle of circles) {
          expect(circle.length).toBeGreaterThan(1);
          expect(circle.at(-1)).toBe(circle[0]);
          expect(new Set(circle).size).toBe(circle.length - 1);
          circle.slice(1).forEach((node, at) => expect(graph[circle[at] ?? -1]).toContain(node));
        }
        const knots = [...graph.keys()].filter((node) => reaches[node]?.[node] === true);
        const inOneKnot = (a: number, b: number): boolean => reaches[a]?.[b] === true && reaches[b]?.[a] === true;
        const knotCount = knots.filter((node, at) => !knots.slice(0, at).some((earlier) => inOneKnot(earlier, node))).length;
        expect(circles).toHaveLength(knotCount);
        for (const node of knots) expect(circles.some(([first = -1]) => inOneKnot(first, node))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('reports none where there is none', () => {
    fc.assert(
      fc.property(acyclicGraph, (graph) => {
        expect(found(graph)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes the shortest circle of a knot, from its smallest number', () => {
    expect(found([[1], [2, 0], [3], [0]])).toEqual([[0, 1, 0]]);
  });

  it('reports who requires itself', () => {
    expect(found([[], [1]])).toEqual([[1, 1]]);
  });

  it('leaves out what waits for a circle, and what a circle waits for', () => {
    expect(found([[1], [2], [1, 3], []])).toEqual([[1, 2, 1]]);
  });

  it('finds a circle of 10 000 without recursion', () => {
    const size = 10_000;
    const [circle, ...others] = found(Array.from({ length: size }, (_, node) => [(node + 1) % size]));
    expect(others).toEqual([]);
    expect(circle).toEqual([...Array(size).keys(), 0]);
  });
});

describe('Queue', () => {
  it('hands out the smallest of those whose turn it is, whatever the order in which their turns come', () => {
    fc.assert(
      fc.property(acyclicGraph, fc.infiniteStream(fc.boolean()), (graph, takesMore) => {
        const queue = new Queue(graph);
        const [taken, done] = [new Set<number>(), new Set<number>()];
        while (done.size < graph.length) {
          const turn = [...graph.keys()].filter((node) => !taken.has(node) && graph[node]?.every((each) => done.has(each)));
          if (turn.length > 0 && (taken.size === done.size || takesMore.next().value)) {
            expect(queue.take()).toBe(turn[0]);
            taken.add(turn[0] ?? -1);
          } else {
            const [finished = -1] = [...taken].filter((node) => !done.has(node));
            queue.done(finished);
            done.add(finished);
          }
        }
        expect(queue.take()).toBeUndefined();
      }),
    );
  });
});
