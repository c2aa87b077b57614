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

export interface Walk {
  readonly count: number;
  /** For each number, those below it that it waits for; asked for once something is not synchronous. */
  readonly dependencies: () => Dependencies;
  readonly concurrency: number;
}

/**
 * Visits numbers, so many at the same time and the smallest first, each once everything that it waits for is done. The
 * first failure ends it: what has begun is waited for, the rest is left, and all failures are one, in the numbers' order.
 */
export function together({ count, dependencies, concurrency }: Walk, visit: (item: number) => Step): Step {
  for (let item = 0; item < count; item += 1) {
    const step = visit(item);
    if (step instanceof Promise) return togetherFrom(new Queue(dependencies(), item), { item, step }, { concurrency, visit });
    if (step !== undefined) return step;
  }
  return undefined;
}

interface Begun {
  readonly item: number;
  readonly step: Promise<Outcome>;
}
interface Visits {
  readonly concurrency: number;
  readonly visit: (item: number) => Step;
}

function togetherFrom(queue: Queue, first: Begun, { concurrency, visit }: Visits): Promise<Outcome> {
  const failures: FxError[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const running = new Set<number>();
  const settled = (item: number, failure: Outcome): void => {
    if (failure === undefined) queue.done(item);
    else failures[item] = failure;
  };
  const begun = ({ item, step }: Begun): void => {
    running.add(item);
    const over = (failure: Outcome): void => {
      running.delete(item);
      settled(item, failure);
      goOn();
    };
    step.then(over).catch(reject);
  };
  const goOn = (): void => {
    while (failures.length === 0 && running.size < concurrency) {
      const item = queue.take();
      if (item === undefined) break;
      const step = visit(item);
      if (step instanceof Promise) begun({ item, step });
      else settled(item, step);
    }
    // Those that have not failed have left holes.
    if (running.size === 0) resolve(inOne(failures.flat()));
  };
  begun(first);
  goOn();
  return promise;
}
