/** Takes out the smallest first. */
export class Smallest {
  readonly #heap: number[] = [];

  add(value: number): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] ?? 0;
      if (parent <= value) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = value;
  }

  take(): number | undefined {
    const heap = this.#heap;
    const smallest = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return smallest;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if ((heap[below + 1] ?? Infinity) < (heap[below] ?? Infinity)) below += 1;
      const child = heap[below] ?? Infinity;
      if (child >= last) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return smallest;
  }
}

/** For each of `count` numbers, the numbers that it waits for. */
export type Dependencies = readonly (readonly number[])[];

/** Hands out numbers, of those whose turn it is the smallest first, each once all that it waits for are done. */
export class Queue {
  readonly #waiters: Dependencies;
  readonly #remaining: number[];
  readonly #ready = new Smallest();

  constructor(dependencies: Dependencies) {
    this.#waiters = reversed(dependencies);
    this.#remaining = dependencies.map((needed) => needed.length);
    this.#remaining.forEach((count, node) => {
      if (count === 0) this.#ready.add(node);
    });
  }

  take(): number | undefined {
    return this.#ready.take();
  }

  done(node: number): void {
    for (const waiter of this.#waiters[node] ?? []) {
      const left = (this.#remaining[waiter] ?? 0) - 1;
      this.#remaining[waiter] = left;
      if (left === 0) this.#ready.add(waiter);
    }
  }
}

/**
 * Puts numbers in an order in which each stands behind those that it waits for and, beyond that, as early as its size
 * allows: the smallest topological order. Numbers in or behind a circle are left out.
 */
export function topologicalOrder(dependencies: Dependencies): number[] {
  const queue = new Queue(dependencies);
  const order: number[] = [];
  for (let node = queue.take(); node !== undefined; node = queue.take()) {
    order.push(node);
    queue.done(node);
  }
  return order;
}

/**
 * Finds circles among the numbers that {@link topologicalOrder} left out, one for each knot of them, as short as possible
 * from its smallest number. First and last are the same.
 */
export function cycles(dependencies: Dependencies, ordered: readonly number[]): number[][] {
  const waiters = reversed(dependencies);
  // What merely waits for a circle is left out forwards, what a circle merely waits for is left out backwards.
  const settled = new Set([...ordered, ...topologicalOrder(waiters)]);
  const found: number[][] = [];
  for (let node = 0; node < dependencies.length; node += 1) {
    if (settled.has(node)) continue;
    const circle = shortestCircle(dependencies, node, settled);
    if (circle !== undefined) found.push(circle);
    const back = reachable(waiters, node, settled);
    for (const each of reachable(dependencies, node, settled)) if (back.has(each)) settled.add(each);
  }
  return found;
}

function reversed(dependencies: Dependencies): number[][] {
  const waiters: number[][] = dependencies.map(() => []);
  dependencies.forEach((needed, node) => {
    for (const each of needed) waiters[each]?.push(node);
  });
  return waiters;
}

/** Breadth first from `start` back to itself. */
function shortestCircle(dependencies: Dependencies, start: number, settled: ReadonlySet<number>): number[] | undefined {
  const cameFrom = new Map([[start, start]]);
  for (const node of cameFrom.keys()) {
    for (const next of dependencies[node] ?? []) {
      if (next === start) {
        const circle = [start];
        for (let each = node; each !== start; each = cameFrom.get(each) ?? start) circle.push(each);
        return [...circle, start].toReversed();
      }
      if (!settled.has(next) && !cameFrom.has(next)) cameFrom.set(next, node);
    }
  }
  return undefined;
}

function reachable(edges: Dependencies, start: number, settled: ReadonlySet<number>): Set<number> {
  const seen = new Set([start]);
  for (const node of seen) for (const next of edges[node] ?? []) if (!settled.has(next)) seen.add(next);
  return seen;
}
