import type { Clock } from '../../src/fx/index.ts';

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(...choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.next() * choices.length)] ?? choices[0];
  }
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

const isBefore = (one: Happening, other: Happening): boolean => one.at < other.at || (one.at === other.at && one.order < other.order);

/** True time, in milliseconds, and everything that is yet to happen. */
export class World {
  now = 0;
  readonly #heap: Happening[] = [];
  #scheduled = 0;

  at(time: number, happen: () => void): void {
    const heap = this.#heap;
    const happening = { at: Math.max(time, this.now), order: (this.#scheduled += 1), happen };
    let index = heap.push(happening) - 1;
    for (let above = (index - 1) >> 1; index > 0; above = (index - 1) >> 1) {
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, happening)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = happening;
  }

  /** Lets everything happen until `end`, one thing after the other; `judge` looks before and after what follows from each. */
  async run(end: number, judge: () => void): Promise<void> {
    for (let next = this.#take(end); next !== undefined; next = this.#take(end)) {
      this.now = next.at;
      judge();
      next.happen();
      judge();
      await new Promise((resolve) => void setImmediate(resolve));
      judge();
    }
    this.now = end;
  }

  #take(end: number): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.at > end) return undefined;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = heap[index * 2 + 1];
      const right = heap[index * 2 + 2];
      const isLeft = right === undefined || (left !== undefined && isBefore(left, right));
      const smaller = isLeft ? left : right;
      if (smaller === undefined || isBefore(last, smaller)) break;
      heap[index] = smaller;
      index = index * 2 + (isLeft ? 1 : 2);
    }
    heap[index] = last;
    return first;
  }
}

/** A computer with clocks of its own, whose event loop can stand still, and which can die. */
export class Machine {
  /** How fast its monotonic clock runs, and how far its wall clock is ahead, in milliseconds. */
  readonly rate: number;
  skewMs: number;
  isDead = false;
  /** By its monotonic clock, while its event loop stands still. */
  pausedAt: number | undefined;
  onResume = (): void => {};
  readonly #world: World;
  readonly #offset: number;
  #timers: (() => void)[] = [];
  #answers: (() => void)[] = [];

  constructor(world: World, { rate, skewMs, offset }: { rate: number; skewMs: number; offset: number }) {
    this.#world = world;
    this.rate = rate;
    this.skewMs = skewMs;
    this.#offset = offset;
  }

  readonly clock: Clock = {
    now: () => this.#world.now + this.skewMs,
    monotonic: () => this.#world.now * this.rate + this.#offset,
    after: (ms, callback) => {
      let isOn = true;
      const fire = (): void => {
        if (isOn) callback();
      };
      this.#world.at(this.#world.now + Math.max(0, ms) / this.rate, () => this.#deliver(fire, this.#timers));
      return () => {
        isOn = false;
      };
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          cancel();
          reject(signal?.reason as Error);
        };
        const cancel = this.clock.after(ms, () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        });
        if (signal?.aborted === true) stop();
        else signal?.addEventListener('abort', stop, { once: true });
      }),
  };

  /** An answer from the network reaches it, once its event loop runs. */
  answer(run: () => void): void {
    this.#deliver(run, this.#answers);
  }

  pause(): void {
    this.pausedAt ??= this.clock.monotonic();
  }

  /** What fell due meanwhile happens now, one after the other: timers first, or what the network brought. */
  resume(timersFirst: boolean): void {
    this.onResume();
    this.pausedAt = undefined;
    const waiting = timersFirst ? [...this.#timers, ...this.#answers] : [...this.#answers, ...this.#timers];
    this.#timers = [];
    this.#answers = [];
    for (const run of waiting) this.#world.at(this.#world.now, () => this.#deliver(run, this.#timers));
  }

  #deliver(run: () => void, waiting: (() => void)[]): void {
    if (this.isDead) return;
    if (this.pausedAt !== undefined) waiting.push(run);
    else run();
  }
}
