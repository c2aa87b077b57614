import { messageOf } from './errors.ts';
import type { HookPhase } from './lifecycle.ts';
import { token } from './token.ts';

interface OfApp {
  /** Milliseconds of the app's clock (`Clock.monotonic`). */
  readonly at: number;
  readonly error?: unknown;
}
interface OfComponent extends OfApp {
  readonly component: string;
  /** The module that lists the component; empty at top level. */
  readonly module: string;
}
interface Declared extends OfComponent {
  /** Keys of what it provides; a group's as `key[]`. */
  readonly outputs: readonly string[];
  readonly private: boolean;
  /** Where it was written, innermost first: the component, then the modules that list it. */
  readonly trace: readonly string[];
}
type OfHook = OfComponent & { readonly hook: string };
type OfJob = OfComponent & { readonly job: string; readonly failures: number };
type OfRun = OfComponent & { readonly kindOfRun: 'provide' | 'supply' | 'decorate' | 'replace' };
type Timed = { readonly runtimeMs: number };
type Explained = { readonly because: string };
type AskedBy = { readonly by: string };

/** Fields by kind. Where fx has the kind too, it has fx's meaning. */
interface Kinds
  /** The start is over: with `error`, it failed. Likewise for the stop, and for the stop of what a failed start had begun. */
  extends
    Record<'Started' | 'Stopped' | 'RollingBack' | 'RolledBack', OfApp>,
    Record<'Provided' | 'Supplied' | 'Replaced' | 'Decorated', Declared>,
    /** `Degraded`: a component that may fail has failed; the app goes on without it. */
    Record<'Invoking' | 'LoggerInitialized' | 'Degraded', OfComponent>,
    /** Off by its condition; not built or not started, because something that it requires has failed. */
    Record<'Gated' | 'Skipped', OfComponent & Explained>,
    /** `SettledLate`: a start hook settled after its deadline; if it succeeded, it is stopped now. */
    Record<`On${Capitalize<HookPhase['name']>}Executing` | 'SettledLate', OfHook>,
    Record<`On${Capitalize<HookPhase['name']>}Executed`, OfHook & Timed> {
  BeforeRun: OfRun;
  Run: OfRun & Timed;
  Invoked: OfComponent & Timed & { readonly place: string };
  JobFailed: OfJob & { readonly retryInMs: number | undefined };
  JobRecovered: OfJob;
  /** A signal or a component has asked for the stop; a plain `stop()` does not say so. */
  Stopping: OfApp & AskedBy;
  ShutdownRequested: OfApp & AskedBy & { readonly exitCode: number };
  /** The grace period after stop is over, or a second signal came: the process is ended. */
  ForcedExit: OfApp & Explained & { readonly exitCode: number };
}

/** What happened, as a closed union: a sink that misses a kind does not compile. */
export type Event = { readonly [K in keyof Kinds]: { readonly kind: K } & Kinds[K] }[keyof Kinds];
export type EventOf<K extends Event['kind']> = Extract<Event, { readonly kind: K }>;
/** An event before the journal has noted when it happened, and to which component. */
export type Happening = { readonly [K in keyof Kinds]: { readonly kind: K } & Omit<Kinds[K], 'at' | 'component' | 'module'> }[keyof Kinds];

/**
 * Takes events. Listed as a component (`provides: EventSink`), it is the logger of the module that lists it, of the app at
 * top level: events are kept until it is built and then handed over in order. A sink that throws is ignored.
 */
export type EventSink = (event: Event) => void;
export const EventSink = token<EventSink>()('fx.event-sink');

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
  value instanceof Error ? { name: value.name, message: messageOf(value) } : value;

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
