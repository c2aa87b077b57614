import { getActiveResourcesInfo } from 'node:process';
import { Application } from './app.ts';
import { invoke, type Complete, type KeysOf, type List, type Needs, type Requirements } from './component.ts';
import { examine, FxError } from './errors.ts';
import type { AppOptions } from './life.ts';
import { systemProcess, type Process } from './system.ts';

/** With the milliseconds of real time that the process may live on after the stop, before it is ended with 124. Default 5 000. */
export type RunOptions = AppOptions & { readonly graceMs?: number };

/** What the process ends with when it outlives its stop by the grace period; as `timeout(1)` does. */
const forcedExitCode = 124;

/**
 * Starts the app, waits until it is asked to end, stops it. A request that comes while it is still starting ends the start.
 *
 * @returns the exit code: 0 after a signal or a plain shutdown, 1 when the start or the stop failed or the shutdown had a
 * cause, else what the shutdown asked for. Errors are written to standard error. Never rejects.
 */
export async function run<const L extends List>(list: L & Complete<L>, options: RunOptions = {}): Promise<number> {
  const { process = systemProcess, graceMs = 5000 } = options;
  const app = new Application(list, options);
  const asked = app.wait();
  const started = Promise.race([app.start(), asked]);
  const { cause, exitCode: wanted } = await started.then(() => asked).catch((error: unknown) => ({ cause: error, exitCode: 1 }));
  if (cause !== undefined) tell(process, cause);
  const stopped = app.stop().then(() => wanted);
  const exitCode = await stopped.catch((error: unknown) => tell(process, error));
  process.ifStillAliveAfter(graceMs, () => {
    const open = [...new Set(getActiveResourcesInfo())].join(', ');
    app.forceExit(forcedExitCode, `something kept the process alive for ${graceMs} ms after the stop; still open: ${open}`);
  });
  return exitCode;
}

type Call<R extends Requirements, T> = (needs: Needs<R>, signal: AbortSignal) => T | Promise<T>;

/**
 * Starts the app, calls a function with what it requires, stops the app. The function's signal is aborted when a component
 * or a signal asks the app to end.
 *
 * @returns what the function returns
 * @throws what the function or the app threw; an AggregateError of both when the stop failed too
 */
export async function oneShot<const L extends List, const R extends Requirements, T>(
  list: L & Complete<L, KeysOf<R>>,
  requires: R,
  call: Call<R, T> | (AppOptions & { readonly run: Call<R, T> }),
): Promise<T> {
  const { run: work, ...options } = typeof call === 'function' ? { run: call } : call;
  let needs: Needs<R> | undefined;
  const request = (given: Needs<R>): void => void (needs = given);
  const app = new Application([...list, invoke(requires, request)], options);
  const ending = new AbortController();
  void app.wait().then(({ by, cause }) => ending.abort(cause ?? new Error(`${by} asked the app to end`)));
  const { signal } = ending;
  const [done] = await Promise.allSettled([app.start({ signal }).then(() => work(needs as Needs<R>, signal))]);
  const [stopped] = await Promise.allSettled([app.stop()]);
  const errors = [done, stopped].flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (errors.length > 1) throw new AggregateError(errors, 'the function failed, and then the app did not stop cleanly');
  if (errors.length > 0) throw errors[0];
  return (done as PromiseFulfilledResult<T>).value;
}

/** The framework's own errors say all in their message; a stranger's needs its stack. */
function tell(process: Process, error: unknown): number {
  const { cause, message } = examine(error);
  const text = cause instanceof Error && !(cause instanceof FxError) ? (cause.stack ?? message) : message;
  process.warn(`${text}\n`);
  return 1;
}
