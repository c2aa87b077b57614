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
