import { constants } from 'node:os';
import type { Container } from 'inversify';
import type { Complete, Component, List, Requirements } from './component.ts';
import type { Settings } from './condition.ts';
import { containerOf } from './container.ts';
import { draw, type GraphFormat } from './draw.ts';
import { Engine } from './engine.ts';
import { errorOf, FxError, isToBlame, messageOf, unexpected, type Finding } from './errors.ts';
import type { EventSink } from './events.ts';
import type { Graph, Node } from './graph.ts';
import { Entry, type Item } from './item.ts';
import { Jobs, jobsOf } from './jobs.ts';
import { declare, Journal } from './journal.ts';
import { Lifecycle, lifecycleOf } from './lifecycle.ts';
import { Place } from './place.ts';
import { plan } from './plan.ts';
import { differenceOf, explain, isWell, planOf, reportOf, type Difference, type Plan, type Report } from './report.ts';
import { Shutdowner, type Shutdown } from './shutdown.ts';
import { sink } from './sinks.ts';
import { Clock, Process, systemClock, systemProcess } from './system.ts';
import { token, type Token } from './token.ts';
import type { BuiltIns } from './values.ts';
import type { Outcome } from './walk.ts';

/** What an app tells of itself, at any time of its life; a component that shows it takes it like anything else. */
export interface App {
  /** What a start does, and in which order. */
  plan(): Plan;
  /** What has become of it so far: the state of every component, job and hook, and when and for how long each ran. */
  report(): Report;
  /** Why something is in the build (the shortest path from a root), or why it is not. Takes a token, a component or a name. */
  explain(what: Token | Component | string): string;
  /** Draws what is built; once a start has failed, with the culprit in red and what it took down in orange. */
  graph(format: GraphFormat): string;
}
export const App = token<App>()('fx.app');

export interface AppOptions {
  /** Where conditions (`when`) read settings. */
  readonly settings?: Settings;
  /** Get every event from the first on. With `TRACE_FX=1` in the environment, fx's console lines go to standard error. */
  readonly sinks?: readonly EventSink[];
  /** For constructing, starting and getting ready together. Default: `DD_FX_START_TIMEOUT_SECONDS`, or 5 minutes. */
  readonly startTimeoutMs?: number;
  /** For draining and stopping together, also after a failed start. Default: `DD_FX_STOP_TIMEOUT_SECONDS`, or 5 minutes. */
  readonly stopTimeoutMs?: number;
  /** For each constructor that has no limit of its own. Default: what is left of the start. */
  readonly createTimeoutMs?: number;
  /** For each start and ready hook that has no limit of its own. Default: what is left of the start. */
  readonly hookTimeoutMs?: number;
  /** How many independent components are constructed, started or stopped at the same time. Default 1: fx's order exactly. */
  readonly concurrency?: number;
  /** Time; tests give a manual one. */
  readonly clock?: Clock;
  readonly process?: Process;
}

/** What only the run forms and the test kit give besides. */
interface Internals extends AppOptions {
  /** A root that asks for values at top level. */
  readonly request?: Item;
  /** Called in place of every constructor, which it may call; for fault injection. */
  readonly intercept?: ((node: Node, create: () => unknown) => unknown) | undefined;
}

type Settled = 'clock' | 'concurrency' | 'createTimeoutMs' | 'hookTimeoutMs' | 'stopTimeoutMs';

/** One attempt at the list: made with the app, and anew after a construction that failed, so that nothing of it is left. */
export interface Life extends Required<Pick<AppOptions, Settled>>, Pick<Internals, 'intercept'> {
  readonly graph: Graph;
  readonly journal: Journal;
  /** What the framework itself provides, made for the component that asks. */
  readonly builtIns: BuiltIns;
}

/** Makes an app of a list that provides everything that it requires. Nothing is constructed before {@link Application.start}. */
export function app<const L extends List>(list: L & Complete<L>, options: AppOptions = {}): Application {
  return new Application(list, options);
}

const defaultTimeoutMs = 300_000;
const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * An ordered list of components, through its whole life: planned when made, then constructed, started and made ready by
 * {@link start}, drained and stopped in reverse by {@link stop}. It may be started again after it was stopped; its
 * components are constructed once.
 */
export class Application implements App {
  /** What is wrong with the list, as {@link start} throws it; `undefined` when it can begin. */
  readonly error: FxError | undefined;
  readonly #list: List;
  readonly #options: Internals;
  readonly #clock: Clock;
  readonly #process: Process;
  readonly #builtIns: BuiltIns = new Map<Token, (asking: Node) => unknown>([
    [Lifecycle, lifecycleOf],
    [Shutdowner, (asking) => this.#shutdownerOf(asking)],
    [Jobs, (asking) => jobsOf(asking, this.#life, this.#shutdownerOf(asking))],
    [Clock, () => this.#clock],
    [Process, () => this.#process],
    [App, () => this.#face()],
  ]);
  #life: Life;
  #engine: Engine;
  #state: Report['state'] = 'stopped';
  #startMs: number | undefined;
  #isBuilt = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  /** The first request to end, until the app has stopped, and whoever waits for it. */
  #requested: Shutdown | undefined;
  #request = Promise.withResolvers<Shutdown>();
  /** End the listening to signals. */
  #releases: readonly (() => void)[] = [];
  /** How many have come: the second in a row means that somebody has lost patience. */
  #signals = 0;
  #container: Promise<Container> | undefined;

  constructor(list: List, options: Internals) {
    this.#list = options.request === undefined || !Array.isArray(list) ? list : [...list, options.request];
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#process = options.process ?? systemProcess;
    this.#life = this.#conceive();
    this.#engine = new Engine(this.#life);
    this.error = errorOf(this.#life.graph.findings);
  }

  /** Everything that is wrong with the list; constructs nothing. Exactly what {@link start} would report. */
  validate(): readonly Finding[] {
    return this.#life.graph.findings;
  }

  plan(): Plan {
    return planOf(this.#life.graph);
  }

  report(): Report {
    const components = this.#life.graph.order.map(reportOf);
    return { state: this.#state, healthy: components.every(isWell), startMs: this.#startMs, components };
  }

  explain(what: Token | Component | string): string {
    return explain(this.#life.graph, what);
  }

  graph(format: GraphFormat): string {
    return draw(this.#life.graph, format);
  }

  /** How another list, planned under the same options, would differ. */
  diff(other: List): Difference {
    return differenceOf(this.plan(), new Application(other, this.#options).plan());
  }

  /** An inversify container with everything that is built and visible at top level; each value under its token. */
  container(): Promise<Container> {
    if (!this.#isBuilt) return containerOf(this.#life.graph);
    this.#container ??= containerOf(this.#life.graph);
    return this.#container;
  }

  /**
   * Constructs, starts and makes ready. When anything fails, the deadline passes or `signal` is aborted, whatever had
   * started is stopped in reverse, on the stop budget, before this rejects with one {@link FxError}.
   */
  start({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#state !== 'stopped') return Promise.reject(alreadyIn(this.#state));
    this.#state = 'starting';
    this.#startMs = undefined;
    this.#starting = this.#start(signal);
    return this.#starting;
  }

  /** Drains and stops in reverse; does nothing when nothing is started. During a start, ends that first. */
  async stop(): Promise<void> {
    if (this.#state === 'starting') {
      this.#engine.caller.interruptBy('stop was called');
      // A start that was ended by a stop has not failed; what could not be stopped has.
      const outcome = await this.#starting?.catch((error: FxError) => errorOf(error.findings.filter(isToBlame)));
      if (outcome !== undefined) throw outcome;
    }
    if (this.#state === 'started') {
      this.#state = 'stopping';
      this.#stopping = this.#stop();
    }
    try {
      await this.#stopping;
    } finally {
      this.#stopping = undefined;
      this.#releases.forEach((release) => release());
      this.#releases = [];
      this.#signals = 0;
      if (this.#requested !== undefined) this.#request = Promise.withResolvers();
      this.#requested = undefined;
    }
  }

  /**
   * Waits until a component or a signal asks the app to end; from here on SIGINT and SIGTERM are listened to, until it has
   * stopped. A second signal ends the process at once with 128 plus its number. Stops nothing by itself.
   */
  wait(): Promise<Shutdown> {
    if (this.#releases.length === 0) this.#releases = signals.map((name) => this.#process.onSignal(name, () => this.#signalled(name)));
    return this.#request.promise;
  }

  /** Tells the sinks and ends the process. */
  forceExit(exitCode: number, because: string): void {
    this.#life.journal.tell({ kind: 'ForcedExit', exitCode, because });
    this.#process.exit(exitCode);
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const interrupt = (): void =>
      this.#engine.caller.interruptBy(`the caller's signal was aborted: ${messageOf(signal?.reason)}`, signal?.reason);
    signal?.addEventListener('abort', interrupt);
    const error = await this.#tryToStart(() => signal?.aborted === true && interrupt()).catch(unexpected);
    signal?.removeEventListener('abort', interrupt);
    this.#state = error === undefined ? 'started' : 'stopped';
    if (error === undefined) this.#startMs = this.#clock.monotonic() - this.#engine.caller.begunAt;
    this.#life.journal.tell({ kind: 'Started', ...failure(error) });
    if (error !== undefined) throw error;
  }

  async #tryToStart(hasBegun: () => void): Promise<Outcome> {
    if (!this.#isBuilt) this.#prepare();
    const { caller } = this.#engine;
    const refused = this.error ?? errorOf(this.#life.graph.findings);
    caller.beginStart(this.#options.startTimeoutMs ?? secondsOf(this.#process.env['DD_FX_START_TIMEOUT_SECONDS']));
    hasBegun();
    const unbuilt = refused ?? (await this.#buildOnce());
    const error = unbuilt ?? (await this.#engine.start()) ?? caller.interruption;
    if (error === undefined) return undefined;
    this.#life.journal.giveUp();
    // Where nothing has started, what became of each component is kept until the next start, for report and graph.
    return this.#isBuilt ? this.#rollBack(error) : error;
  }

  async #buildOnce(): Promise<Outcome> {
    const error = this.#isBuilt ? undefined : await this.#engine.build();
    this.#isBuilt ||= error === undefined;
    return error;
  }

  /** Begins anew what has failed, and tells what is there. */
  #prepare(): void {
    if (this.#life.graph.order.some(({ state }) => state !== 'planned')) {
      this.#life = this.#conceive();
      this.#engine = new Engine(this.#life);
    }
    if (this.#life.journal.isHeard) declare(this.#life);
  }

  async #rollBack(error: FxError): Promise<FxError> {
    const { journal } = this.#life;
    journal.tell({ kind: 'RollingBack', error });
    const findings = await this.#engine.stop();
    journal.tell({ kind: 'RolledBack', ...failure(errorOf(findings)) });
    return new FxError([...error.findings, ...findings]);
  }

  async #stop(): Promise<void> {
    const { journal } = this.#life;
    if (this.#requested !== undefined) journal.tell({ kind: 'Stopping', by: this.#requested.by });
    const error = errorOf(await this.#engine.stop());
    this.#state = 'stopped';
    journal.tell({ kind: 'Stopped', ...failure(error) });
    if (error !== undefined) throw error;
  }

  #signalled(name: (typeof signals)[number]): void {
    this.#signals += 1;
    this.#ask({ by: name, exitCode: 0 });
    if (this.#signals > 1) this.forceExit(128 + constants.signals[name], `${name} came while the app was already ending`);
  }

  #ask(shutdown: Shutdown): void {
    const { by, exitCode, cause } = shutdown;
    this.#life.journal.tell({ kind: 'ShutdownRequested', by, exitCode, ...failure(cause) });
    this.#requested ??= shutdown;
    this.#request.resolve(this.#requested);
  }

  #conceive(): Life {
    const { settings, sinks = [], concurrency = 1, createTimeoutMs = Infinity, hookTimeoutMs = Infinity, intercept } = this.#options;
    const { env } = this.#process;
    const { stopTimeoutMs = secondsOf(env['DD_FX_STOP_TIMEOUT_SECONDS']) } = this.#options;
    const [clock, builtIns, trace] = [this.#clock, this.#builtIns, env['TRACE_FX']];
    const graph = plan(this.#list, settings, builtIns);
    const stderr = sink.console((text) => this.#process.warn(text));
    const heard = trace === '1' ? [...sinks, stderr] : sinks;
    const loggers = trace === '0' ? [] : graph.loggers;
    const journal = new Journal({ clock, root: graph.root, sinks: heard, loggers, fallback: stderr });
    return { graph, journal, builtIns, clock, intercept, concurrency, createTimeoutMs, hookTimeoutMs, stopTimeoutMs };
  }

  /** What components see of it: they may look, but starting and stopping is not theirs. */
  #face(): App {
    return {
      plan: () => this.plan(),
      report: () => this.report(),
      explain: (what) => this.explain(what),
      graph: (format) => this.graph(format),
    };
  }

  #shutdownerOf({ label: by }: Node): Shutdowner {
    return {
      shutdown: ({ cause, exitCode = cause === undefined ? 0 : 1 } = {}) =>
        this.#ask({ by, exitCode, ...(cause === undefined ? {} : { cause }) }),
    };
  }
}

/** An app whose values at top level are also handed out: for one-shot functions and tests. */
export function appWithRequest(
  list: List,
  options: AppOptions,
  { requires, receive }: { readonly requires: Requirements; readonly receive: (needs: never) => void },
): Application {
  const request = new Entry('invoke', { name: 'request', requires, create: receive }, new Place(appWithRequest));
  return new Application(list, { ...options, request });
}

const failure = (error: unknown): { readonly error?: unknown } => (error === undefined ? {} : { error });

/** Integer seconds; anything else is the default, as in Datadog's fxutil. */
const secondsOf = (text: string | undefined): number => (text !== undefined && /^\d+$/.test(text) ? Number(text) * 1000 : defaultTimeoutMs);

function alreadyIn(state: string): FxError {
  return new FxError([{ code: 'FX_STATE', message: `attempted to start the app when in state: ${state}`, fix: 'stop it first' }]);
}
