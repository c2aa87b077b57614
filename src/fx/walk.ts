import { Queue } from './order.ts';

/** What a step leaves behind: nothing when it was synchronous and is over. */
export type Step = void | Promise<void>;

/** Visits one item after the other; the first failure ends it. Stays synchronous, without a promise, as long as the visits do. */
export function inOrder<T>(items: readonly T[], visit: (item: T) => Step): Step {
  for (let at = 0; at < items.length; at += 1) {
    const visiting = visit(items[at] as T);
    if (visiting !== undefined) return visiting.then(() => inOrderLater(items.slice(at + 1), visit));
  }
  return undefined;
}

async function inOrderLater<T>(items: readonly T[], visit: (item: T) => Step): Promise<void> {
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
  readonly visit: (item: T) => Step;
}

/**
 * Visits items at the same time, each once everything it waits for is done. The first failure ends it: what has begun is
 * waited for, the rest is left, and all failures are thrown, in the items' order.
 */
export async function together<T>({ items, waitsFor, concurrency, visit }: Walk<T>): Promise<void> {
  const position = new Map(items.map((item, index) => [item, index]));
  const queue = new Queue(items.map((item) => Array.from(waitsFor(item)).flatMap((each) => position.get(each) ?? [])));
  const failures = new Map<number, unknown>();
  const running = new Set<Promise<void>>();
  const begin = async (index: number): Promise<void> => {
    try {
      await visit(items[index] as T);
      queue.done(index);
    } catch (error) {
      failures.set(index, error);
    }
  };
  for (;;) {
    while (failures.size === 0 && running.size < concurrency) {
      const next = queue.take();
      if (next === undefined) break;
      const visiting: Promise<void> = begin(next).finally(() => running.delete(visiting));
      running.add(visiting);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  const errors = [...failures].toSorted(([a], [b]) => a - b).map(([, error]) => error);
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors);
}
