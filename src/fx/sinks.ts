import { FxError, messageOf } from './errors.ts';
import type { Event, EventOf, EventSink } from './events.ts';

/** Go's names of the signals, upper-cased, as fx prints them. */
const signalNames: Readonly<Record<string, string>> = { SIGINT: 'INTERRUPT', SIGTERM: 'TERMINATED' };

type Line = string | undefined;
type HookEvent = Exclude<Extract<Event, { readonly hook: string }>, EventOf<'SettledLate'>>;

/** A line, several, or none, for every kind of event but those of hooks. */
type Sentences = { readonly [K in Exclude<Event['kind'], HookEvent['kind']>]: (event: EventOf<K>) => Line | readonly Line[] };

/** fx's console format, so that logs of both read the same; our own kinds follow its pattern. */
const sentences: Sentences = {
  Provided: (event) => declared(event, event.private ? 'PROVIDE (PRIVATE)' : 'PROVIDE', ` <= ${event.component}`),
  Supplied: (event) => declared(event, 'SUPPLY'),
  Replaced: (event) => declared(event, 'REPLACE'),
  Decorated: (event) => declared(event, 'DECORATE', ` <= ${event.component}`),
  BeforeRun: (event) => `BEFORE RUN\t${event.kindOfRun}: ${event.component}${from(event)}`,
  Run: (event) => [
    `RUN\t${event.kindOfRun}: ${event.component} in ${duration(event.runtimeMs)}${from(event)}`,
    either(event, undefined, 'Error returned'),
  ],
  Invoking: (event) => `INVOKE\t\t${event.component}${from(event)}`,
  Invoked: (event) => either(event, undefined, `ERROR\t\tinvoke(${event.component}) called from:\n${event.place}\nFailed`),
  Started: (event) => either(event, 'RUNNING', 'ERROR\t\tFailed to start'),
  Stopping: ({ by }) => signalNames[by] ?? `STOPPING\tasked by ${by}`,
  Stopped: (event) => either(event, undefined, 'ERROR\t\tFailed to stop cleanly'),
  RollingBack: ({ error }) => `ERROR\t\tStart failed, rolling back: ${messageOf(error)}`,
  RolledBack: (event) => either(event, undefined, "ERROR\t\tCouldn't roll back cleanly"),
  LoggerInitialized: (event) =>
    either(event, `LOGGER\tInitialized custom logger from ${event.component}`, 'ERROR\t\tFailed to initialize custom logger'),
  Gated: (event) => `OFF\t\t${event.component}: ${event.because}${from(event)}`,
  Degraded: (event) => `DEGRADED\t${event.component}${from(event)}: ${messageOf(event.error)}`,
  Skipped: (event) => `SKIPPED\t\t${event.component}${from(event)}: ${event.because}`,
  SettledLate: (event) => `LATE\t\t${event.hook} of ${event.component} settled after its deadline${either(event, '', '')}`,
  JobFailed: ({ job, component, failures, retryInMs, error }) => {
    const next = retryInMs === undefined ? 'gave up' : `again in ${duration(retryInMs)}`;
    return `JOB\t\t${job} of ${component} failed (${failures} in a row, ${next}): ${messageOf(error)}`;
  },
  JobRecovered: (event) => `JOB\t\t${event.job} of ${event.component} recovered after ${event.failures} failures`,
  ShutdownRequested: (event) => `SHUTDOWN\trequested by ${event.by}, exit code ${event.exitCode}${either(event, '', '')}`,
  ForcedExit: (event) => `ERROR\t\tForced exit with code ${event.exitCode}: ${event.because}`,
};

/** Ready-made sinks, for `app(list, { sinks })` or as the value of an `EventSink` component. */
export const sink = {
  /** fx's console lines, each with its prefix `[Fx] `. */
  console:
    (write: (text: string) => void): EventSink =>
    (event) => {
      const said = isOfHook(event) ? hookSentence(event) : (sentences[event.kind] as (event: Event) => Line | readonly Line[])(event);
      for (const line of [said].flat()) if (line !== undefined) write(`[Fx] ${line}\n`);
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
  const { at, kind: cat, module: tid, runtimeMs } = event;
  return [{ ph: 'X', pid: 1, tid: tid || 'app', ts: (at - runtimeMs) * 1000, dur: runtimeMs * 1000, name, cat, args: event }];
}

function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error && !(value instanceof FxError) ? { name: value.name, message: value.message } : value;
}

const from = ({ module }: { readonly module: string }): string => (module === '' ? '' : ` from module "${module}"`);

/** What is said of what went well, or of what failed, with the reason. */
function either<T>({ error }: { readonly error?: unknown }, well: T, failed: string): T | string {
  return error === undefined ? well : `${failed}: ${messageOf(error)}`;
}

function declared(event: EventOf<'Provided' | 'Supplied' | 'Replaced' | 'Decorated'>, verb: string, by = ''): readonly Line[] {
  const failed = by === '' ? `ERROR\tFailed to ${verb.toLowerCase()}` : 'Error after options were applied';
  return [...event.outputs.map((key) => `${verb}\t${key}${by}${from(event)}`), either(event, undefined, failed)];
}

const isOfHook = (event: Event): event is HookEvent => event.kind.startsWith('On');

function hookSentence(event: HookEvent): string {
  const what = `HOOK ${event.kind.replace(/Execut.*/, '')}\t\t${event.hook}`;
  if (!('runtimeMs' in event)) return `${what} executing (caller: ${event.component})`;
  const took = duration(event.runtimeMs);
  return `${what} called by ${event.component} ${either(event, `ran successfully in ${took}`, `failed in ${took}`)}`;
}

const duration = (ms: number): string => (ms < 1000 ? `${Number(ms.toFixed(3))}ms` : `${Number((ms / 1000).toFixed(3))}s`);
