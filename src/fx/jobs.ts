import type { Crew } from './crew.ts';
import { FxError, messageOf } from './errors.ts';
import type { Event } from './events.ts';
import type { Instance } from './instance.ts';
import type { Shutdowner } from './shutdown.ts';
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

interface Task {
  readonly kind: JobReport['kind'];
  readonly options: JobOptions;
  /** One attempt. Tells that it is doing well by calling `healthy`. */
  readonly attempt: (signal: AbortSignal, healthy: () => void) => unknown;
  /** Milliseconds from a success to the next attempt; absent when a success ends the job. */
  readonly againMs?: number;
}

/** What jobs need of the app that they are part of. */
interface Surroundings {
  readonly crew: Crew;
  readonly emit: (event: Event) => void;
  readonly shutdowner: Shutdowner;
}

/** Makes a job one of its component's hooks, which keeps it running from start to stop. */
function supervise({ kind, options, attempt, againMs }: Task, asking: Instance, { crew, emit, shutdowner }: Surroundings): void {
  const { name, retry = {}, onGivingUp } = options;
  const { attemptsMax = Infinity, firstDelayMs = 1000, longestDelayMs = 60_000 } = retry;
  let report: JobReport = { name, kind, state: 'idle', failures: 0, lastError: undefined };
  let controller = new AbortController();
  let running: Promise<void> | undefined;

  const recovered = (): void => {
    const { failures } = report;
    if (failures > 0) emit({ kind: 'JobRecovered', ...crew.common(asking), job: name, failures });
    report = { ...report, failures: 0, lastError: undefined };
  };
  const failed = (error: unknown): number | undefined => {
    const failures = report.failures + 1;
    const retryInMs = failures >= attemptsMax ? undefined : Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
    report = { ...report, state: retryInMs === undefined ? 'gave up' : 'retrying', failures, lastError: error };
    emit({ kind: 'JobFailed', ...crew.common(asking), job: name, failures, error, retryInMs });
    if (retryInMs === undefined && onGivingUp === 'shutdown') {
      const message = `job "${name}" gave up after ${failures} attempts: ${messageOf(error)}`;
      shutdowner.shutdown({ cause: new FxError([{ code: 'FX_JOB_FAILED', message, fix: 'see the cause', cause: error }]) });
    }
    return retryInMs;
  };
  /** Milliseconds until the next attempt, or undefined when there is none. */
  const tryOnce = async (signal: AbortSignal): Promise<number | undefined> => {
    report = { ...report, state: 'running' };
    try {
      await attempt(signal, recovered);
      recovered();
      report = { ...report, state: againMs === undefined ? 'done' : 'waiting' };
      return againMs;
    } catch (error) {
      return signal.aborted ? 0 : failed(error);
    }
  };
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const waitMs = await tryOnce(signal);
      if (waitMs === undefined) return;
      await crew.clock.sleep(waitMs, signal).catch(() => {});
    }
    report = { ...report, state: 'stopped' };
  };

  const start = (): void => {
    controller = new AbortController();
    report = { ...report, failures: 0 };
    running = run(controller.signal);
  };
  const stop = (): Promise<void> | undefined => {
    controller.abort(new Error(`job "${name}" is stopped with its app`));
    return running;
  };
  asking.append({ name, start, stop }, asking.node.item.place);
  asking.jobs = [...asking.jobs, () => report];
}

/** The `Jobs` of one component. */
export function jobsOf(asking: Instance, surroundings: Surroundings): Jobs {
  const begin = (task: Task): void => supervise(task, asking, surroundings);
  return {
    oneShot: (options) => begin({ kind: 'one-shot', options, attempt: (signal) => options.run(signal) }),
    timer: (options) => begin({ kind: 'timer', options, attempt: (signal) => options.run(signal), againMs: options.everyMs }),
    observer: (options) => {
      const attempt: Task['attempt'] = async (signal, healthy) => {
        for await (const item of options.source(signal)) {
          if (signal.aborted) return;
          await options.see(item, signal);
          healthy();
        }
      };
      begin({ kind: 'observer', options, attempt });
    },
  };
}
