import { errorOf, type FxError } from './errors.ts';
import { Queue, type Dependencies } from './order.ts';

/** How something ended: `undefined` when well. Failures are values here, so that what is synchronous costs no promise. */
export type Outcome = FxError | undefined;
export type Step = Outcome | Promise<Outcome>;

export const andThen = (step: Step, next: (outcome: Outcome) => Step): Step => (step instanceof Promise ? step.then(next) : next(step));

/** Visits one item after the other; the first failure ends it. Stays synchronous as long as the visits do. */
export function inOrder<T>(items: readonly T[], visit: (item: T) => Step): Step {
  for (let at = 0; at < items.length; at += 1) {
    const step = visit(items[at] as T);
    if (step instanceof Promise) return inOrderBehind(step, items.slice(at + 1), visit);
    if (step !== undefined) return step;
  }
  return undefined;
}

async function inOrderBehind<T>(first: Promise<Outcome>, items: readonly T[], visit: (item: T) => Step): Promise<Outcome> {
  let failure = await first;
  for (let at = 0; failure === undefined && at < items.length; at += 1) failure = await visit(items[at] as T);
  return failure;
}

export interface Walk {
  /** For each number, those that it waits for. */
  readonly dependencies: Dependencies;
  readonly concurrency: number;
}

/**
 * Visits numbers, so many at the same time and the smallest first, each once everything that it waits for is done. The
 * first failure ends it: what has begun is waited for, the rest is left, and all failures are one, in the numbers' order.
 */
export async function together({ dependencies, concurrency }: Walk, visit: (item: number) => Step): Promise<Outcome> {
  const queue = new Queue(dependencies);
  const failures: FxError[] = [];
  const running = new Map<number, Promise<void>>();
  const over = (item: number, failure: Outcome): void => {
    running.delete(item);
    if (failure === undefined) queue.done(item);
    else failures[item] = failure;
  };
  for (;;) {
    while (failures.length === 0 && running.size < concurrency) {
      const item = queue.take();
      if (item === undefined) break;
      const step = visit(item);
      if (step instanceof Promise)
        running.set(
          item,
          step.then((failure) => over(item, failure)),
        );
      else over(item, step);
    }
    // Those that have not failed have left holes.
    if (running.size === 0) return errorOf(failures.flatMap(({ findings }) => findings));
    await Promise.race(running.values());
  }
}
