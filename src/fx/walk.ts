import { inOne, type FxError } from './errors.ts';
import { Queue, type Dependencies } from './order.ts';

/** How something ended: `undefined` when well. Failures are values here, so that what is synchronous costs no promise. */
export type Outcome = FxError | undefined;
export type Step = Outcome | Promise<Outcome>;

export const andThen = (step: Step, next: (outcome: Outcome) => Step): Step => (step instanceof Promise ? step.then(next) : next(step));

/** Visits one item after the other; the first failure ends it. Stays synchronous as long as the visits do. */
export function inOrder<T>(items: readonly T[], visit: (item: T) => Step): Step {
  for (let at = 0; at < items.length; at += 1) {
    const step = visit(items[at] as T);
    if (step instanceof Promise) return inOrderLater(step, items.slice(at + 1), visit);
    if (step !== undefined) return step;
  }
  return undefined;
}

async function inOrderLater<T>(first: Step, items: readonly T[], visit: (item: T) => Step): Promise<Outcome> {
  let failure = await first;
  for (let at = 0; failure === undefined && at < items.length; at += 1) {
    const step = visit(items[at] as T);
    failure = step instanceof Promise ? await step : step;
  }
  return failure;
}

/**
 * Visits numbers, so many at the same time and the smallest first, each once everything that it waits for is done. The
 * first failure ends it: what has begun is waited for, the rest is left, and all failures are one, in the numbers' order.
 */
export function together(dependencies: Dependencies, concurrency: number, visit: (item: number) => Step): Step {
  const queue = new Queue(dependencies);
  const failures: FxError[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  let running = 0;
  const settled = (item: number, failure: Outcome): void => {
    if (failure === undefined) queue.done(item);
    else failures[item] = failure;
  };
  const goOn = (): void => {
    while (failures.length === 0 && running < concurrency) {
      const item = queue.take();
      if (item === undefined) break;
      const step = visit(item);
      if (step instanceof Promise) {
        running += 1;
        const over = (failure: Outcome): void => {
          running -= 1;
          settled(item, failure);
          goOn();
        };
        step.then(over).catch(reject);
      } else settled(item, step);
    }
    // Those that have not failed have left holes.
    if (running === 0) resolve(inOne(failures.flat()));
  };
  goOn();
  return promise;
}
