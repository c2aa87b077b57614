import { token } from './token.ts';

/** What every event says. */
interface Common {
  /** Milliseconds of the app's clock (`Clock.monotonic`). */
  readonly at: number;
  readonly component: string;
  /** The module that lists the component; empty at top level. */
  readonly module: string;
  readonly error?: unknown;
}
interface Declared extends Common {
  /** Keys of what it provides; a group's as `key[]`. */
  readonly outputs: readonly string[];
  readonly private: boolean;
  /** Where it was written, innermost first: the component, then the modules that list it. */
  readonly trace: readonly string[];
}
interface Executing extends Common {
  readonly hook: string;
}
interface Executed extends Executing {
  readonly runtimeMs: number;
}
interface BeforeRun extends Common {
  readonly kindOfRun: 'provide' | 'supply' | 'decorate' | 'replace';
}
interface App {
  readonly at: number;
  readonly error?: unknown;
}

/** Fields by kind. The first eighteen are fx's, with fx's meaning. */
interface Kinds {
  Provided: Declared;
  Supplied: Declared;
  Replaced: Declared;
  Decorated: Declared;
  BeforeRun: BeforeRun;
  Run: BeforeRun & { readonly runtimeMs: number };
  Invoking: Common;
  Invoked: Common & { readonly runtimeMs: number; readonly place: string };
  OnStartExecuting: Executing;
  OnStartExecuted: Executed;
  OnStopExecuting: Executing;
  OnStopExecuted: Executed;
  /** The start is over; with `error`, it failed. */
  Started: App;
  /** A signal or a component has asked for the stop; a plain `stop()` does not say so. */
  Stopping: App & { readonly by: string };
  Stopped: App;
  RollingBack: App;
  RolledBack: App;
  LoggerInitialized: Common;
  /** Off by its condition. */
  Gated: Common & { readonly because: string };
  OnReadyExecuting: Executing;
  OnReadyExecuted: Executed;
  OnDrainExecuting: Executing;
  OnDrainExecuted: Executed;
  /** A component that may fail has failed; the app goes on without it. */
  Degraded: Common;
  /** Not built or not started, because something that it requires has failed. */
  Skipped: Common & { readonly because: string };
  /** A start hook settled after its deadline; if it succeeded, it is stopped now. */
  SettledLate: Executing;
  JobFailed: Common & { readonly job: string; readonly failures: number; readonly retryInMs: number | undefined };
  JobRecovered: Common & { readonly job: string; readonly failures: number };
  ShutdownRequested: App & { readonly by: string; readonly exitCode: number };
  /** The grace period after stop is over, or a second signal came: the process is ended. */
  ForcedExit: App & { readonly exitCode: number; readonly because: string };
}

/** What happened, as a closed union: a sink that misses a kind does not compile. */
export type Event = { readonly [K in keyof Kinds]: { readonly kind: K } & Kinds[K] }[keyof Kinds];
export type EventOf<K extends Event['kind']> = Extract<Event, { readonly kind: K }>;

/**
 * Takes events. Listed as a component (`provides: EventSink`), it is the logger of the module that lists it, of the app at
 * top level: events are kept until it is built and then handed over in order. A sink that throws is ignored.
 */
export interface EventSink {
  (event: Event): void;
}
export const EventSink = token<EventSink>()('fx.event-sink');
