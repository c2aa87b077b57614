import { messageOf } from './errors.ts';
import type { Event, EventOf, EventSink } from './events.ts';

/** Go's names of the signals, upper-cased, as fx prints them. */
const signalNames: Readonly<Record<string, string>> = { SIGINT: 'INTERRUPT', SIGTERM: 'TERMINATED' };

type HookEvent = Extract<Event, { readonly kind: `On${string}` }>;
/** A line, several, or none; when something has failed, its reason is added to the last. */
type Said = string | undefined | readonly (string | undefined)[];
type Sentences = { readonly [K in Exclude<Event, HookEvent>['kind']]: (event: EventOf<K>) => Said };

/** fx's console format, so that logs of both read the same; our own kinds follow its pattern. Hooks have a sentence of their own. */
const sentences: Sentences = {
  Provided: (event) => declared(event, event.private ? 'PROVIDE (PRIVATE)' : 'PROVIDE', ` <= ${event.component}`),
  Supplied: (event) => declared(event, 'SUPPLY'),
  Replaced: (event) => declared(event, 'REPLACE'),
  Decorated: (event) => declared(event, 'DECORATE', ` <= ${event.component}`),
  BeforeRun: (event) => `BEFORE RUN\t${event.kindOfRun}: ${event.component}${from(event)}`,
  Run: (event) => [ran(event), ifFailed(event, 'Error returned')],
  Invoking: (event) => `INVOKE\t\t${event.component}${from(event)}`,
  Invoked: (event) => ifFailed(event, `ERROR\t\tinvoke(${event.component}) called from:\n${event.place}\nFailed`),
  Started: (event) => ifFailed(event, 'ERROR\t\tFailed to start') ?? 'RUNNING',
  Stopping: ({ by }) => signalNames[by] ?? `STOPPING\tasked by ${by}`,
  Stopped: (event) => ifFailed(event, 'ERROR\t\tFailed to stop cleanly'),
  RollingBack: () => 'ERROR\t\tStart failed, rolling back',
  RolledBack: (event) => ifFailed(event, "ERROR\t\tCouldn't roll back cleanly"),
  LoggerInitialized: (event) =>
    ifFailed(event, 'ERROR\t\tFailed to initialize custom logger') ?? `LOGGER\tInitialized custom logger from ${event.component}`,
  Gated: (event) => `OFF\t\t${event.component}${from(event)}: ${event.because}`,
  Degraded: (event) => `DEGRADED\t${event.component}${from(event)}`,
  Skipped: (event) => `SKIPPED\t\t${event.component}${from(event)}: ${event.because}`,
  SettledLate: ({ hook, component }) => `LATE\t\t${hook} of ${component} settled after its deadline`,
  JobFailed: ({ job, component, failures, retryInMs }) =>
    `JOB\t\t${job} of ${component} failed (${failures} in a row, ${retryInMs === undefined ? 'gave up' : `again in ${duration(retryInMs)}`})`,
  JobRecovered: ({ job, component, failures }) => `JOB\t\t${job} of ${component} recovered after ${failures} failures`,
  ShutdownRequested: ({ by, exitCode }) => `SHUTDOWN\trequested by ${by}, exit code ${exitCode}`,
  ForcedExit: ({ exitCode, because }) => `ERROR\t\tForced exit with code ${exitCode}: ${because}`,
};

/** Ready-made sinks, for `app(list, { sinks })` or as the value of an `EventSink` component. */
export const sink = {
  /** fx's console lines, each with its prefix `[Fx] `. */
  console(write: (text: string) => void): EventSink {
    return (event) => linesOf(event).forEach((line) => write(`[Fx] ${line}\n`));
  },

  /** One JSON object a line. */
  json(write: (text: string) => void): EventSink {
    return (event) => write(`${JSON.stringify(event, plainErrors)}\n`);
  },

  /**
   * The timeline of a start or stop in Chrome's trace format (`chrome://tracing`, Perfetto), a row per module. Written as a
   * whole when the start and again when the stop is over.
   */
  chromeTrace(write: (json: string) => void): EventSink {
    const traceEvents: object[] = [];
    return (event) => {
      traceEvents.push(...spansOf(event));
      if (event.kind === 'Started' || event.kind === 'Stopped') write(JSON.stringify({ displayTimeUnit: 'ms', traceEvents }, plainErrors));
    };
  },
} as const;

function linesOf(event: Event): readonly string[] {
  const say = (sentences[event.kind as keyof Sentences] ?? hookSentence) as (event: Event) => Said;
  const lines = [say(event)].flat().filter((line) => line !== undefined);
  return event.error === undefined ? lines : [...lines.slice(0, -1), `${lines.at(-1)}: ${messageOf(event.error)}`];
}

function spansOf(event: Event): object[] {
  if (!('component' in event)) return [{ ph: 'i', s: 'g', pid: 1, tid: 'app', ts: event.at * 1000, name: event.kind, args: event }];
  if (!('runtimeMs' in event)) return [];
  const name = 'hook' in event ? `${event.component}/${event.hook} ${event.kind.replace('Executed', '')}` : `${event.component} create`;
  const { at, kind: cat, module: tid, runtimeMs } = event;
  return [{ ph: 'X', pid: 1, tid: tid || 'app', ts: (at - runtimeMs) * 1000, dur: runtimeMs * 1000, name, cat, args: event }];
}

/** Our own errors say themselves what they are in JSON. */
const plainErrors = (_key: string, value: unknown): unknown =>
  value instanceof Error ? { name: value.name, message: value.message } : value;

function declared(event: EventOf<'Provided' | 'Supplied' | 'Replaced' | 'Decorated'>, verb: string, by = ''): Said {
  const failed = by === '' ? `ERROR\tFailed to ${verb.toLowerCase()}` : 'Error after options were applied';
  return [...event.outputs.map((key) => `${verb}\t${key}${by}${from(event)}`), ifFailed(event, failed)];
}

const ran = (event: EventOf<'Run'>): string => `RUN\t${event.kindOfRun}: ${event.component} in ${duration(event.runtimeMs)}${from(event)}`;

function hookSentence(event: HookEvent): string {
  const what = `HOOK ${event.kind.replace(/Execut.*/, '')}\t\t${event.hook}`;
  if (!('runtimeMs' in event)) return `${what} executing (caller: ${event.component})`;
  const how = event.error === undefined ? 'ran successfully' : 'failed';
  return `${what} called by ${event.component} ${how} in ${duration(event.runtimeMs)}`;
}

const ifFailed = ({ error }: Event, text: string): string | undefined => (error === undefined ? undefined : text);

const from = ({ module }: { readonly module: string }): string => (module === '' ? '' : ` from module "${module}"`);

const duration = (ms: number): string => (ms < 1000 ? `${Number(ms.toFixed(3))}ms` : `${Number((ms / 1000).toFixed(3))}s`);
