import { Smallest } from './order.ts';

type Visit<T> = (item: T) => void | Promise<void>;

/** Visits one item after the other; the first failure ends it. Synchronous visits cost no turn of the event loop. */
export async function inOrder<T>(items: readonly T[], visit: Visit<T>): Promise<void> {
  for (const item of items) {
    const visiting = visit(item);
    if (visiting !== undefined) await visiting;
  }
}

export interface Walk<T> {
  readonly items: readonly T[];
  /** Which of the items must be done before this one. */
  readonly waitsFor: (item: T) => Iterable<T>;
  /** How many at the same time; the first in the list are preferred. */
  readonly concurrency: number;
  readonly visit: Visit<T>;
}

/**
 * Visits items at the same time, each once everything it waits for is done. The first failure ends it: what has begun is
 * waited for, the rest is left, and all failures are thrown, in the items' order.
 */
export async function together<T>({ items, waitsFor, concurrency, visit }: Walk<T>): Promise<void> {
  const position = new Map(items.map((item, index) => [item, index]));
  const remaining = items.map(() => 0);
  const waiters: number[][] = items.map(() => []);
  const ready = new Smallest();
  items.forEach((item, index) => {
    for (const each of waitsFor(item)) {
      const needed = position.get(each);
      if (needed === undefined) continue;
      waiters[needed]?.push(index);
      remaining[index] = (remaining[index] ?? 0) + 1;
    }
    if (remaining[index] === 0) ready.add(index);
  });
  const running = new Set<Promise<void>>();
  const failures = new Map<number, unknown>();
  const done = (index: number): void => {
    for (const waiter of waiters[index] ?? []) {
      const left = (remaining[waiter] ?? 0) - 1;
      remaining[waiter] = left;
      if (left === 0) ready.add(waiter);
    }
  };
  const begin = async (index: number): Promise<void> => {
    try {
      await visit(items[index] as T);
      done(index);
    } catch (error) {
      failures.set(index, error);
    }
  };
  for (;;) {
    while (failures.size === 0 && running.size < concurrency && ready.size > 0) {
      const visiting: Promise<void> = begin(ready.take() ?? 0).finally(() => running.delete(visiting));
      running.add(visiting);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  throwAll([...failures.entries()].toSorted(([a], [b]) => a - b).map(([, error]) => error));
}

function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors);
}
