import { Clock, component } from '../../src/fx/index.ts';
import { Log } from '../log/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { type WorkOptions, type WorkOutcome, type Workqueue, type WorkqueueOptions, Workqueues } from './index.ts';
import { ItemBackoff, TokenBucket } from './rate-limits.ts';
import { Slice } from './slices.ts';

/** Workqueues that behave as client-go's, down to its figures and metrics. */
export const workqueues = component({
  provides: Workqueues,
  requires: { clock: Clock, log: Log, telemetry: Telemetry },
  create({ clock, log, telemetry }): Workqueues {
    const metrics = metricsOf(telemetry);
    const slice = new Slice(clock);
    return {
      create<K extends string>(options: WorkqueueOptions): Workqueue<K> {
        return new KeyQueue<K>(options, { clock, log, metrics, slice });
      },
    };
  },
});

type Metrics = ReturnType<typeof metricsOf>;

function metricsOf(telemetry: Telemetry) {
  const common = { subsystem: 'workqueue', labels: ['name'] } as const;
  const buckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10];
  return {
    depth: telemetry.gauge({ ...common, name: 'depth', help: 'Current depth of workqueue' }),
    adds: telemetry.counter({ ...common, name: 'adds_total', help: 'Total number of adds handled by workqueue' }),
    retries: telemetry.counter({ ...common, name: 'retries_total', help: 'Total number of retries handled by workqueue' }),
    waiting: telemetry.histogram({
      ...common,
      name: 'queue_duration_seconds',
      help: 'How long in seconds an item stays in workqueue before being requested',
      buckets,
    }),
    working: telemetry.histogram({
      ...common,
      name: 'work_duration_seconds',
      help: 'How long in seconds processing an item from workqueue takes',
      buckets,
    }),
  };
}

interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Shared by the workers of all queues. */
  readonly slice: Slice;
}

interface Delayed {
  readonly at: number;
  /** Takes its timer back; there is none while nobody works. */
  readonly cancel: (() => void) | undefined;
}

/** After a failure that was told as an error, others are told for debugging only. */
const quietMs = 10_000;

class KeyQueue<K extends string> implements Workqueue<K> {
  readonly #name: string;
  readonly #labels: { readonly name: string };
  readonly #around: Surroundings;
  readonly #backoff: ItemBackoff<K>;
  readonly #overall: TokenBucket | undefined;

  /** Ready, in order; those before `#head` have been taken. */
  #ready: K[] = [];
  #head = 0;
  /** Keys that need work: those that are ready, and those that were added while they are worked on. With the time of that. */
  readonly #dirty = new Map<K, number>();
  readonly #processing = new Set<K>();
  readonly #delayed = new Map<K, Delayed>();
  #idle: ((key: K | undefined) => void)[] = [];
  #state: 'waiting' | 'running' | 'draining' = 'waiting';
  #quietUntil = -Infinity;

  constructor({ name, firstDelayMs = 5, longestDelayMs = 1_000_000, overall }: WorkqueueOptions, around: Surroundings) {
    this.#name = name;
    this.#labels = { name };
    this.#around = around;
    this.#backoff = new ItemBackoff({ firstMs: firstDelayMs, longestMs: longestDelayMs });
    this.#overall = overall === false ? undefined : new TokenBucket(overall ?? { perSecond: 10, burst: 100 }, around.clock);
  }

  get size(): number {
    return this.#ready.length - this.#head;
  }

  add(key: K): void {
    if (this.#state === 'draining' || this.#dirty.has(key)) return;
    const { clock, metrics } = this.#around;
    metrics.adds.add(this.#labels);
    this.#dirty.set(key, clock.monotonic());
    if (!this.#processing.has(key)) this.#offer(key);
  }

  addAfter(key: K, ms: number): void {
    if (this.#state === 'draining') return;
    if (ms <= 0) return this.add(key);
    const at = this.#around.clock.monotonic() + ms;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.at <= at) return;
    earlier?.cancel?.();
    this.#delay(key, at);
  }

  addRateLimited(key: K): void {
    this.#around.metrics.retries.add(this.#labels);
    this.addAfter(key, Math.max(this.#backoff.next(key), this.#overall?.reserve() ?? 0));
  }

  forget(key: K): void {
    this.#backoff.forget(key);
  }

  requeues(key: K): number {
    return this.#backoff.failures(key);
  }

  async run({ workers, work, signal, drainMs = 3000 }: WorkOptions<K>): Promise<void> {
    if (this.#state !== 'waiting') throw new Error(`workqueue "${this.#name}" is worked on already; give one run more workers instead`);
    this.#state = 'running';
    for (const [key, { at }] of this.#delayed) this.#delay(key, at);
    const overdue = new AbortController();
    let cancel: (() => void) | undefined;
    const drain = (): void => {
      this.#drain();
      cancel = this.#around.clock.after(drainMs, () => {
        overdue.abort(new Error(`workqueue "${this.#name}" was not drained within ${drainMs} ms`));
        this.#dropReady();
      });
    };
    signal.addEventListener('abort', drain, { once: true });
    if (signal.aborted) drain();
    try {
      await Promise.all(Array.from({ length: workers }, () => this.#work(work, overdue.signal)));
    } finally {
      signal.removeEventListener('abort', drain);
      cancel?.();
      this.#state = 'waiting';
    }
  }

  /** Work that waits for nothing would otherwise be done key after key in one turn of the event loop, however many there are. */
  async #work(work: WorkOptions<K>['work'], signal: AbortSignal): Promise<void> {
    const { clock, metrics, slice } = this.#around;
    for (let key = await this.#take(); key !== undefined; key = await this.#take()) {
      const begun = clock.monotonic();
      try {
        this.#settle(key, await work(key, signal));
      } catch (error) {
        // Work that was cut short is no failure, and is not tried again.
        if (!signal.aborted) this.#tell(key, error);
        this.addRateLimited(key);
      } finally {
        this.#done(key);
        metrics.working.observe(this.#labels, (clock.monotonic() - begun) / 1000);
      }
      await slice.pause();
    }
  }

  /** While the API server is away every key fails, a dozen times within seconds: one of them stands for all. */
  #tell(key: K, error: unknown): void {
    const { clock, log } = this.#around;
    const now = clock.monotonic();
    const isTold = now >= this.#quietUntil;
    if (isTold) this.#quietUntil = now + quietMs;
    const fields = { workqueue: this.#name, key, failures: this.#backoff.failures(key) + 1, error };
    log[isTold ? 'error' : 'debug']('work on a key failed; it will be tried again', fields);
  }

  #settle(key: K, outcome: WorkOutcome): void {
    if (outcome === 'retry') return this.addRateLimited(key);
    this.forget(key);
    if (outcome !== undefined) this.addAfter(key, outcome.afterMs);
  }

  /** The next key, now being worked on; `undefined` when there will be none. */
  async #take(): Promise<K | undefined> {
    if (this.size === 0) return this.#state === 'draining' ? undefined : new Promise((resolve) => void this.#idle.push(resolve));
    const key = this.#ready[this.#head];
    this.#head += 1;
    if (this.#head * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#head);
      this.#head = 0;
    }
    if (key !== undefined) this.#begin(key);
    return key;
  }

  #begin(key: K): void {
    const { clock, metrics } = this.#around;
    metrics.waiting.observe(this.#labels, (clock.monotonic() - (this.#dirty.get(key) ?? 0)) / 1000);
    metrics.depth.set(this.#labels, this.size);
    this.#processing.add(key);
    this.#dirty.delete(key);
  }

  #done(key: K): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#offer(key);
  }

  /** Gives a key to a worker who waits, or lets it wait for one. */
  #offer(key: K): void {
    const worker = this.#idle.shift();
    if (worker === undefined) {
      this.#ready.push(key);
      this.#around.metrics.depth.set(this.#labels, this.size);
    } else {
      this.#begin(key);
      worker(key);
    }
  }

  #delay(key: K, at: number): void {
    const { clock } = this.#around;
    const due = (): void => {
      this.#delayed.delete(key);
      this.add(key);
    };
    const cancel = this.#state === 'running' ? clock.after(Math.max(0, at - clock.monotonic()), due) : undefined;
    this.#delayed.set(key, { at, cancel });
  }

  #drain(): void {
    this.#state = 'draining';
    for (const { cancel } of this.#delayed.values()) cancel?.();
    this.#delayed.clear();
    for (const worker of this.#idle.splice(0)) worker(undefined);
  }

  #dropReady(): void {
    this.#ready = [];
    this.#head = 0;
    this.#dirty.clear();
    this.#around.metrics.depth.set(this.#labels, 0);
  }
}
