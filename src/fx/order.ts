/** For each of `count` numbers, the numbers that it waits for. */
export type Dependencies = readonly (readonly number[])[];

/** Hands out numbers, of those whose turn it is the smallest first, each once all that it waits for are done. */
export class Queue {
  readonly #waiters: Dependencies;
  /** For each number, how many it still waits for: none when its turn has come, less than none once it is handed out. */
  readonly #waits: number[];
  /** Of smaller numbers, none has its turn. */
  #from = 0;

  constructor(dependencies: Dependencies) {
    this.#waiters = reversed(dependencies);
    this.#waits = dependencies.map(({ length }) => length);
  }

  take(): number | undefined {
    const next = this.#waits.indexOf(0, this.#from);
    if (next < 0) return undefined;
    this.#waits[next] = -1;
    this.#from = next + 1;
    return next;
  }

  done(node: number): void {
    for (const waiter of this.#waiters[node] ?? []) {
      const waits = (this.#waits[waiter] ?? 0) - 1;
      this.#waits[waiter] = waits;
      if (waits === 0) this.#from = Math.min(this.#from, waiter);
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
  for (let start = 0; start < dependencies.length; start += 1) {
    if (settled.has(start)) continue;
    const ahead = reached(dependencies, start, settled);
    const last = [...ahead.keys()].find((node) => dependencies[node]?.includes(start));
    const circle = [start];
    for (let node = last; node !== undefined; node = ahead.get(node)) circle.push(node);
    if (last !== undefined) found.push(circle.toReversed());
    const behind = reached(waiters, start, settled);
    for (const node of ahead.keys()) if (behind.has(node)) settled.add(node);
  }
  return found;
}

export function reversed(dependencies: Dependencies): number[][] {
  const waiters: number[][] = dependencies.map(() => []);
  dependencies.forEach((needed, node) => needed.forEach((each) => waiters[each]?.push(node)));
  return waiters;
}

/** What can be reached from `start`, nearest first, each with the one before it on a shortest way. */
function reached(edges: Dependencies, start: number, settled: ReadonlySet<number>): ReadonlyMap<number, number | undefined> {
  const cameFrom = new Map<number, number | undefined>([[start, undefined]]);
  for (const node of cameFrom.keys())
    for (const next of edges[node] ?? []) if (!settled.has(next) && !cameFrom.has(next)) cameFrom.set(next, node);
  return cameFrom;
}
