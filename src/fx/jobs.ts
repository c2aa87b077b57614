import type { Clock } from './clock.ts';
import { FxError, messageOf } from './errors.ts';
import type { HookContext } from './lifecycle.ts';
import { token } from './token.ts';

/** How a failing job is tried again: the delay doubles from the first to the longest. */
interface Retry {
  /** Attempts in a row before the job gives up. Default: no limit. */
  readonly attemptsMax?: number;
  /** Milliseconds before the second attempt. Default 1 000. */
  readonly firstDelayMs?: number;
  /** Milliseconds. Default 60 000. */
  readonly longestDelayMs?: number;
}
interface JobOptions {
  readonly name: string;
  readonly retry?: Retry;
  /** What follows when it gives up: it stays unhealthy (default), or the app shuts down with the failure as cause. */
  readonly onGivingUp?: 'unhealthy' | 'shutdown';
}

/**
 * Background work of one component. A job begins in the component's start, at the place among its hooks where it was
 * declared; at stop its signal is aborted and it is awaited. It is supervised all the time: a failure is counted,
 * reported as unhealthy and tried again with backoff; nothing that it throws is lost.
 */
export interface Jobs {
  /** Runs until it succeeds once. */
  oneShot(options: JobOptions & { readonly run: (signal: AbortSignal) => unknown }): void;
  /** Runs at once and then `everyMs` milliseconds after each run has ended. */
  timer(options: JobOptions & { readonly everyMs: number; readonly run: (signal: AbortSignal) => unknown }): void;
  /** Sees every item of a source, one at a time; after a failure the source is opened anew. */
  observer<T>(
    options: JobOptions & {
      readonly source: (signal: AbortSignal) => AsyncIterable<T>;
      readonly see: (item: T, signal: AbortSignal) => unknown;
    },
  ): void;
}
export const Jobs = token<Jobs>()('fx.jobs');

export interface JobReport {
  readonly name: string;
  readonly kind: 'one-shot' | 'timer' | 'observer';
  readonly state: 'idle' | 'running' | 'waiting' | 'retrying' | 'done' | 'gave up' | 'stopped';
  /** Failures in a row, up to now. */
  readonly failures: number;
  readonly lastError: unknown;
}

export interface JobWatcher {
  failed(job: string, failures: number, how: { readonly error: unknown; readonly retryInMs: number | undefined }): void;
  recovered(job: string, failures: number): void;
  shutdown(cause: FxError): void;
}

interface Task {
  readonly kind: JobReport['kind'];
  readonly options: JobOptions;
  /** One attempt. Tells that it is doing well by calling `healthy`. */
  readonly attempt: (signal: AbortSignal, healthy: () => void) => Promise<void>;
  /** Milliseconds from a success to the next attempt; undefined when a success ends the job. */
  readonly againMs: number | undefined;
}

/** Keeps one job running. */
class Supervisor {
  readonly #task: Task;
  readonly #clock: Clock;
  readonly #watcher: JobWatcher;
  #state: JobReport['state'] = 'idle';
  #failures = 0;
  #lastError: unknown;
  #controller = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(task: Task, { clock, watcher }: { readonly clock: Clock; readonly watcher: JobWatcher }) {
    this.#task = task;
    this.#clock = clock;
    this.#watcher = watcher;
  }

  start(): void {
    this.#controller = new AbortController();
    this.#failures = 0;
    this.#running = this.#run(this.#controller.signal);
  }

  /** Aborts the job and waits until it has ended. */
  async stop(): Promise<void> {
    this.#controller.abort(new Error(`job "${this.#task.options.name}" is stopped with its app`));
    await this.#running;
  }

  report(): JobReport {
    const { kind, options } = this.#task;
    return { name: options.name, kind, state: this.#state, failures: this.#failures, lastError: this.#lastError };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await this.#attempt(signal);
      if (waitMs === undefined) return;
      await this.#clock.sleep(waitMs, signal).catch(() => {});
    }
    this.#state = 'stopped';
  }

  /** Milliseconds until the next attempt, or undefined when there is none. */
  async #attempt(signal: AbortSignal): Promise<number | undefined> {
    const { attempt, againMs } = this.#task;
    this.#state = 'running';
    try {
      await attempt(signal, () => this.#recovered());
      this.#recovered();
      this.#state = againMs === undefined ? 'done' : 'waiting';
      return againMs;
    } catch (error) {
      return signal.aborted ? 0 : this.#failed(error);
    }
  }

  #recovered(): void {
    if (this.#failures > 0) this.#watcher.recovered(this.#task.options.name, this.#failures);
    this.#failures = 0;
    this.#lastError = undefined;
  }

  #failed(error: unknown): number | undefined {
    const { name, retry = {}, onGivingUp } = this.#task.options;
    const { attemptsMax = Infinity, firstDelayMs = 1000, longestDelayMs = 60_000 } = retry;
    this.#failures += 1;
    this.#lastError = error;
    const isLast = this.#failures >= attemptsMax;
    const retryInMs = isLast ? undefined : Math.min(longestDelayMs, firstDelayMs * 2 ** (this.#failures - 1));
    this.#state = isLast ? 'gave up' : 'retrying';
    this.#watcher.failed(name, this.#failures, { error, retryInMs });
    if (isLast && onGivingUp === 'shutdown') {
      this.#watcher.shutdown(
        new FxError([
          {
            code: 'FX_JOB_FAILED',
            message: `job "${name}" gave up after ${this.#failures} attempts: ${messageOf(error)}`,
            fix: 'see the cause',
            cause: error,
          },
        ]),
      );
    }
    return retryInMs;
  }
}

interface JobHook {
  readonly name: string;
  readonly start: (context: HookContext) => void;
  readonly stop: (context: HookContext) => Promise<void>;
}

/** The `Jobs` of one component: each job becomes one of its hooks. */
export function jobsOf(
  add: (hook: JobHook, report: () => JobReport) => void,
  supervision: { readonly clock: Clock; readonly watcher: JobWatcher },
): Jobs {
  const begin = (task: Task): void => {
    const supervisor = new Supervisor(task, supervision);
    add({ name: task.options.name, start: () => supervisor.start(), stop: () => supervisor.stop() }, () => supervisor.report());
  };
  return {
    oneShot: (options) =>
      begin({ kind: 'one-shot', options, againMs: undefined, attempt: async (signal) => void (await options.run(signal)) }),
    timer: (options) =>
      begin({ kind: 'timer', options, againMs: options.everyMs, attempt: async (signal) => void (await options.run(signal)) }),
    observer: (options) =>
      begin({
        kind: 'observer',
        options,
        againMs: undefined,
        attempt: async (signal, healthy) => {
          for await (const item of options.source(signal)) {
            if (signal.aborted) return;
            await options.see(item, signal);
            healthy();
          }
        },
      }),
  };
}
