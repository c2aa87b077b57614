import { FxError, messageOf } from './errors.ts';
import type { Event, EventOf, EventSink } from './events.ts';

/** Go's names of the signals, upper-cased, as fx prints them. */
const signalNames: Readonly<Record<string, string>> = { SIGINT: 'INTERRUPT', SIGTERM: 'TERMINATED' };

/** A line, several, or none, for every kind of event. */
type Sentences = { readonly [K in Event['kind']]: (event: EventOf<K>) => string | readonly string[] | undefined };

/** fx's console format, so that logs of both read the same; our own kinds follow its pattern. */
const sentences: Sentences = {
  Provided: (event) => [
    ...event.outputs.map((key) => `PROVIDE${event.private ? ' (PRIVATE)' : ''}\t${key} <= ${event.component}${from(event)}`),
    ...failed(event, 'Error after options were applied'),
  ],
  Supplied: (event) => [...event.outputs.map((key) => `SUPPLY\t${key}${from(event)}`), ...failed(event, 'ERROR\tFailed to supply')],
  Replaced: (event) => [...event.outputs.map((key) => `REPLACE\t${key}${from(event)}`), ...failed(event, 'ERROR\tFailed to replace')],
  Decorated: (event) => [
    ...event.outputs.map((key) => `DECORATE\t${key} <= ${event.component}${from(event)}`),
    ...failed(event, 'Error after options were applied'),
  ],
  BeforeRun: (event) => `BEFORE RUN\t${event.kindOfRun}: ${event.component}${from(event)}`,
  Run: (event) => [
    `RUN\t${event.kindOfRun}: ${event.component} in ${duration(event.runtimeMs)}${from(event)}`,
    ...failed(event, 'Error returned'),
  ],
  Invoking: (event) => `INVOKE\t\t${event.component}${from(event)}`,
  Invoked: (event) =>
    event.error === undefined
      ? undefined
      : `ERROR\t\tinvoke(${event.component}) called from:\n${event.place}\nFailed: ${messageOf(event.error)}`,
  OnStartExecuting: (event) => executing('OnStart', event),
  OnStartExecuted: (event) => executed('OnStart', event),
  OnStopExecuting: (event) => executing('OnStop', event),
  OnStopExecuted: (event) => executed('OnStop', event),
  Started: ({ error }) => (error === undefined ? 'RUNNING' : `ERROR\t\tFailed to start: ${messageOf(error)}`),
  Stopping: ({ by }) => signalNames[by] ?? `STOPPING\tasked by ${by}`,
  Stopped: ({ error }) => (error === undefined ? undefined : `ERROR\t\tFailed to stop cleanly: ${messageOf(error)}`),
  RollingBack: ({ error }) => `ERROR\t\tStart failed, rolling back: ${messageOf(error)}`,
  RolledBack: ({ error }) => (error === undefined ? undefined : `ERROR\t\tCouldn't roll back cleanly: ${messageOf(error)}`),
  LoggerInitialized: (event) =>
    event.error === undefined
      ? `LOGGER\tInitialized custom logger from ${event.component}`
      : `ERROR\t\tFailed to initialize custom logger: ${messageOf(event.error)}`,
  Gated: (event) => `OFF\t\t${event.component}: ${event.because}${from(event)}`,
  OnReadyExecuting: (event) => executing('OnReady', event),
  OnReadyExecuted: (event) => executed('OnReady', event),
  OnDrainExecuting: (event) => executing('OnDrain', event),
  OnDrainExecuted: (event) => executed('OnDrain', event),
  Degraded: (event) => `DEGRADED\t${event.component}${from(event)}: ${messageOf(event.error)}`,
  Skipped: (event) => `SKIPPED\t\t${event.component}${from(event)}: ${event.because}`,
  SettledLate: (event) =>
    `LATE\t\t${event.hook} of ${event.component} settled after its deadline${event.error === undefined ? '' : `: ${messageOf(event.error)}`}`,
  JobFailed: (event) =>
    `JOB\t\t${event.job} of ${event.component} failed (${event.failures} in a row, ${event.retryInMs === undefined ? 'gave up' : `again in ${duration(event.retryInMs)}`}): ${messageOf(event.error)}`,
  JobRecovered: (event) => `JOB\t\t${event.job} of ${event.component} recovered after ${event.failures} failures`,
  ShutdownRequested: (event) =>
    `SHUTDOWN\trequested by ${event.by}, exit code ${event.exitCode}${event.error === undefined ? '' : `: ${messageOf(event.error)}`}`,
  ForcedExit: (event) => `ERROR\t\tForced exit with code ${event.exitCode}: ${event.because}`,
};

/** Ready-made sinks, for `app(list, { sinks })` or as the value of an `EventSink` component. */
export const sink = {
  /** fx's console lines, each with its prefix `[Fx] `. */
  console:
    (write: (text: string) => void): EventSink =>
    (event) => {
      const said = (sentences[event.kind] as (event: Event) => string | readonly string[] | undefined)(event);
      for (const line of typeof said === 'string' ? [said] : (said ?? [])) write(`[Fx] ${line}\n`);
    },

  /** One JSON object a line. */
  json:
    (write: (text: string) => void): EventSink =>
    (event) =>
      write(`${JSON.stringify(event, plainErrors)}\n`),

  /**
   * The timeline of a start or stop in Chrome's trace format (`chrome://tracing`, Perfetto), a row per module. Written as a
   * whole when the start and again when the stop is over.
   */
  chromeTrace: (write: (json: string) => void): EventSink => {
    const spans: object[] = [];
    return (event) => {
      spans.push(...spansOf(event));
      if (event.kind === 'Started' || event.kind === 'Stopped')
        write(JSON.stringify({ displayTimeUnit: 'ms', traceEvents: spans }, plainErrors));
    };
  },
} as const;

function spansOf(event: Event): object[] {
  if (!('component' in event)) return [{ ph: 'i', s: 'g', pid: 1, tid: 'app', ts: event.at * 1000, name: event.kind, args: event }];
  if (!('runtimeMs' in event)) return [];
  const name = 'hook' in event ? `${event.component}/${event.hook} ${event.kind.replace('Executed', '')}` : `${event.component} create`;
  const tid = event.module === '' ? 'app' : event.module;
  return [
    { ph: 'X', pid: 1, tid, ts: (event.at - event.runtimeMs) * 1000, dur: event.runtimeMs * 1000, name, cat: event.kind, args: event },
  ];
}

function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error && !(value instanceof FxError) ? { name: value.name, message: value.message } : value;
}

function from({ module }: { readonly module: string }): string {
  return module === '' ? '' : ` from module "${module}"`;
}

function failed({ error }: { readonly error?: unknown }, what: string): readonly string[] {
  return error === undefined ? [] : [`${what}: ${messageOf(error)}`];
}

function executing(phase: string, { component, hook }: { readonly component: string; readonly hook: string }): string {
  return `HOOK ${phase}\t\t${hook} executing (caller: ${component})`;
}

function executed(
  phase: string,
  event: EventOf<'OnStartExecuted'> | EventOf<'OnStopExecuted'> | EventOf<'OnReadyExecuted'> | EventOf<'OnDrainExecuted'>,
): string {
  const took = duration(event.runtimeMs);
  return `HOOK ${phase}\t\t${event.hook} called by ${event.component} ${event.error === undefined ? `ran successfully in ${took}` : `failed in ${took}: ${messageOf(event.error)}`}`;
}

function duration(ms: number): string {
  return ms < 1000 ? `${Number(ms.toFixed(3))}ms` : `${Number((ms / 1000).toFixed(3))}s`;
}
