import { errorOf, type FxError } from './errors.ts';
import { Queue, type Dependencies } from './order.ts';

/** How something ended: `undefined` when well. Failures are values here, so that what is synchronous costs no promise. */
export type Outcome = FxError | undefined;
export type Step = Outcome | Promise<Outcome>;

export const andThen = (step: Step, next: (outcome: Outcome) => Step): Step => (step instanceof Promise ? step.then(next) : next(step));

/** Visits one item after the other; the first failure ends it. Stays synchronous as long as the visits do. */
export function inOrder<T>(items: readonly T[], visit: (item: T) => Step, from = 0): Step {
  for (let at = from; at < items.length; at += 1) {
    const step = visit(items[at] as T);
    if (step instanceof Promise) return step.then(behind(items, visit, at));
    if (step !== undefined) return step;
  }
  return undefined;
}

// A closure in the loop would cost a context for each item.
const behind =
  <T>(items: readonly T[], visit: (item: T) => Step, at: number) =>
  (failure: Outcome) =>
    failure ?? inOrder(items, visit, at + 1);

/**
 * Visits numbers, so many at the same time and the smallest first, each once everything that it waits for is done. The
 * first failure ends it: what has begun is waited for, the rest is left, and all failures are one, in the numbers' order.
 */
export async function together(dependencies: Dependencies, concurrency: number, visit: (item: number) => Step): Promise<Outcome> {
  const queue = new Queue(dependencies);
  const failures: FxError[] = [];
  const running = new Map<number, Promise<Outcome>>();
  const over = (item: number, failure: Outcome): undefined => {
    running.delete(item);
    if (failure === undefined) queue.done(item);
    else failures[item] = failure;
  };
  for (;;) {
    while (failures.length === 0 && running.size < concurrency) {
      const item = queue.take();
      if (item === undefined) break;
      const step = andThen(visit(item), (failure) => over(item, failure));
      if (step instanceof Promise) running.set(item, step);
    }
    // Those that have not failed have left holes.
    if (running.size === 0) return errorOf(failures.flatMap(({ findings }) => findings));
    await Promise.race(running.values());
  }
}
