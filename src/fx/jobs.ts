import { examine, FxError } from './errors.ts';
import type { Node } from './graph.ts';
import type { Life } from './life.ts';
import { append, type Shutdowner } from './lifecycle.ts';
import { token } from './token.ts';

interface JobOptions {
  readonly name: string;
  /** How a failing job is tried again: the delay doubles from the first to the longest. */
  readonly retry?: {
    /** Attempts in a row before the job gives up. Default: no limit. */
    readonly attemptsMax?: number;
    /** Milliseconds before the second attempt. Default 1 000. */
    readonly firstDelayMs?: number;
    /** Milliseconds. Default 60 000. */
    readonly longestDelayMs?: number;
  };
  /** What follows when it gives up: it stays unhealthy (default), or the app shuts down with the failure as cause. */
  readonly onGivingUp?: 'unhealthy' | 'shutdown';
}

/** One that goes on for long says by `healthy` that it is doing well, again if it had failed. */
type Run = { readonly run: (signal: AbortSignal, healthy: () => void) => unknown };
type Observation<T> = {
  readonly source: (signal: AbortSignal) => AsyncIterable<T>;
  readonly see: (item: T, signal: AbortSignal) => unknown;
};

/**
 * Background work of one component. A job begins in the component's start, at the place among its hooks where it was
 * declared; at stop its signal is aborted and it is awaited. It is supervised all the time: a failure is counted,
 * reported as unhealthy and tried again with backoff; nothing that it throws is lost.
 */
export interface Jobs {
  /** Runs until it succeeds once. */
  oneShot(options: JobOptions & Run): void;
  /** Runs at once and then `everyMs` milliseconds after each run has ended. */
  timer(options: JobOptions & Run & { readonly everyMs: number }): void;
  /** Sees every item of a source, one at a time; after a failure the source is opened anew. */
  observer<T>(options: JobOptions & Observation<T>): void;
}
export const Jobs = token<Jobs>()('fx.jobs');

/** What became of a job. */
export interface JobReport {
  readonly name: string;
  readonly kind: 'one-shot' | 'timer' | 'observer';
  state: 'idle' | 'running' | 'waiting' | 'retrying' | 'done' | 'gave up' | 'stopped';
  /** Failures in a row, up to now. */
  failures: number;
  lastError: unknown;
}

/** With `everyMs`: from a success to the next attempt; otherwise a success ends the job. */
type Task = Run & { readonly kind: JobReport['kind']; readonly options: JobOptions & { readonly everyMs?: number } };
type Surroundings = { readonly life: Life; readonly shutdowner: Shutdowner };

/** Makes a job one of its component's hooks, which keeps it running from start to stop. */
function supervise(task: Task, asking: Node, { life, shutdowner }: Surroundings): void {
  const { name, retry = {}, onGivingUp, everyMs } = task.options;
  const { attemptsMax = Infinity, firstDelayMs = 1000, longestDelayMs = 60_000 } = retry;
  const report: JobReport = { name, kind: task.kind, state: 'idle', failures: 0, lastError: undefined };
  let controller = new AbortController();
  let running: Promise<void> | undefined;

  const recovered = (): void => {
    if (report.failures > 0) life.journal.tell({ kind: 'JobRecovered', job: name, failures: report.failures }, asking);
    Object.assign(report, { failures: 0, lastError: undefined });
  };
  const failed = (thrown: unknown): number | undefined => {
    const { cause: error, thrownAt, message: said } = examine(thrown);
    const failures = report.failures + 1;
    const retryInMs = failures >= attemptsMax ? undefined : Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
    Object.assign(report, { state: retryInMs === undefined ? 'gave up' : 'retrying', failures, lastError: error });
    life.journal.tell({ kind: 'JobFailed', job: name, failures, error, retryInMs }, asking);
    if (retryInMs === undefined && onGivingUp === 'shutdown') {
      const message = `job "${name}" gave up after ${failures} attempts: ${said}`;
      shutdowner.shutdown({ cause: new FxError([{ code: 'FX_JOB_FAILED', message, thrownAt, fix: 'see the cause', cause: error }]) });
    }
    return retryInMs;
  };
  const run = async (signal: AbortSignal): Promise<void> => {
    let waitMs: number | undefined = 0;
    while (waitMs !== undefined && !signal.aborted) {
      report.state = 'running';
      try {
        await task.run(signal, recovered);
        recovered();
        report.state = everyMs === undefined ? 'done' : 'waiting';
        waitMs = everyMs;
      } catch (error) {
        waitMs = signal.aborted ? 0 : failed(error);
      }
      if (waitMs !== undefined) await life.clock.sleep(waitMs, signal).catch(() => {});
    }
    if (waitMs !== undefined) report.state = 'stopped';
  };

  const start = (): void => {
    controller = new AbortController();
    report.failures = 0;
    running = run(controller.signal);
  };
  const stop = (): Promise<void> | undefined => {
    controller.abort(new Error(`job "${name}" is stopped with its app`));
    return running;
  };
  append(asking, { name, start, stop }, asking.item.place);
  asking.jobs = [...asking.jobs, report];
}

/** The `Jobs` of one component. */
export function jobsOf(asking: Node, surroundings: Surroundings): Jobs {
  const begin = (task: Task): void => supervise(task, asking, surroundings);
  return {
    oneShot: (options) => begin({ kind: 'one-shot', options, run: (...given) => options.run(...given) }),
    timer: (options) => begin({ kind: 'timer', options, run: (...given) => options.run(...given) }),
    observer: (options) => {
      const run: Task['run'] = async (signal, healthy) => {
        for await (const item of options.source(signal)) {
          if (signal.aborted) return;
          await options.see(item, signal);
          healthy();
        }
      };
      begin({ kind: 'observer', options, run });
    },
  };
}
