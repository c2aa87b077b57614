import { randomFrom, shuffled } from '../random.ts';

/** What every subject wires: components by number, each after those that it requires. */
export interface Graph {
  readonly dependencies: readonly (readonly number[])[];
  /** Numbers in the order in which components are declared. */
  readonly listed: readonly number[];
  /** Those that nobody requires: asking for them builds everything. */
  readonly roots: readonly number[];
}

export interface GraphOptions {
  readonly shape: 'dag' | 'chain';
  readonly size: number;
  readonly seed: number;
  readonly isShuffled: boolean;
}

/** One cold pass over a graph: declare, build, start and stop every component. */
export type Pass = (graph: Graph, ledger: Ledger) => void | Promise<void>;

/** What was really done, in order; a benchmark that does not check its work measures nothing. */
export class Ledger {
  readonly made: Part[] = [];
  readonly started: number[] = [];
  readonly stopped: number[] = [];
}

/** The value of a component. */
export class Part {
  readonly index: number;
  readonly needs: readonly Part[];
  readonly #ledger: Ledger;

  constructor(index: number, needs: readonly Part[], ledger: Ledger) {
    this.index = index;
    this.needs = needs;
    this.#ledger = ledger;
    ledger.made.push(this);
  }

  start(): void {
    this.#ledger.started.push(this.index);
  }

  stop(): void {
    this.#ledger.stopped.push(this.index);
  }
}

/** For those without a lifecycle. What is built first is required by the rest, so the order of building is that of starting. */
export function startAndStop({ made }: Ledger): void {
  for (const part of made) part.start();
  for (let at = made.length - 1; at >= 0; at -= 1) made[at]?.stop();
}

export function makeGraph({ shape, size, seed, isShuffled }: GraphOptions): Graph {
  const dependencies = shape === 'chain' ? chain(size) : layered(size, seed);
  const required = new Set(dependencies.flat());
  const numbers = dependencies.map((_, index) => index);
  return {
    dependencies,
    listed: isShuffled ? shuffled(numbers, randomFrom(seed)) : numbers,
    roots: numbers.filter((index) => !required.has(index)),
  };
}

function chain(size: number): number[][] {
  return Array.from({ length: size }, (_, index) => (index === 0 ? [] : [index - 1]));
}

/** As many layers as each has members; three dependencies each, one of them in the layer before. */
function layered(size: number, seed: number): number[][] {
  const random = randomFrom(seed);
  const width = Math.ceil(Math.sqrt(size));
  return Array.from({ length: size }, (_, index) => {
    const before = index - (index % width);
    if (before === 0) return [];
    const needs = new Set([before - width + random(width)]);
    while (needs.size < 3) needs.add(random(before));
    return [...needs];
  });
}

/** What is wrong with the work done, or undefined when every component was built, started and stopped once, in order. */
export function complaint({ dependencies }: Graph, { made, started, stopped }: Ledger): string | undefined {
  const size = dependencies.length;
  const counts = { built: made.length, started: started.length, stopped: stopped.length };
  for (const [what, count] of Object.entries(counts)) if (count !== size) return `${count} of ${size} ${what}`;
  const isMiswired = ({ index, needs }: Part): boolean => needs.map((part) => part.index).join() !== dependencies[index]?.join();
  if (made.some(isMiswired)) return 'wired wrongly';
  if (!isInOrder(started, dependencies)) return 'started before something that it requires';
  if (!isInOrder(stopped.toReversed(), dependencies)) return 'stopped after something that it requires';
  return undefined;
}

function isInOrder(order: readonly number[], dependencies: Graph['dependencies']): boolean {
  const done = new Set<number>();
  for (const index of order) {
    if (dependencies[index]?.every((each) => done.has(each)) !== true) return false;
    done.add(index);
  }
  return done.size === dependencies.length;
}
