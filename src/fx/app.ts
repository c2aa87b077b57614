import { constants } from 'node:os';
import type { Container } from 'inversify';
import { Builder, type BuiltIns, type Intercept } from './builder.ts';
import { Clock, systemClock } from './clock.ts';
import { request, type Complete, type Component, type Item, type List } from './component.ts';
import type { Settings } from './condition.ts';
import { containerOf } from './container.ts';
import { Crew } from './crew.ts';
import { draw, type GraphFormat } from './draw.ts';
import { errorOf, FxError, messageOf, type Finding } from './errors.ts';
import { failureOf, findingsIn, rethrowFailedStops } from './failures.ts';
import { EventSink, type Event } from './events.ts';
import type { Graph } from './graph.ts';
import { plan } from './plan.ts';
import type { Instance } from './instance.ts';
import { Jobs, jobsOf } from './jobs.ts';
import { Journal } from './journal.ts';
import { Lifecycle } from './lifecycle.ts';
import { Place } from './place.ts';
import { Process, systemProcess } from './process.ts';
import { declarations } from './declarations.ts';
import { differenceOf, explain, isWell, planOf, reportOf, type Difference, type Plan, type Report } from './report.ts';
import { Runner } from './runner.ts';
import { Shutdowner, type Shutdown } from './shutdown.ts';
import { sink } from './sinks.ts';
import { token, type Token } from './token.ts';

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

/** What only the run forms and the test kit give. */
interface Internals {
  readonly request?: Item;
  readonly intercept?: Intercept;
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
  readonly #options: AppOptions;
  readonly #internals: Internals;
  readonly #clock: Clock;
  readonly #process: Process;
  readonly #journal: Journal;
  readonly #graph: Graph;
  readonly #builtIns: BuiltIns = new Map<Token, (asking: Instance) => unknown>([
    [Lifecycle, (asking) => asking.lifecycle],
    [Shutdowner, (asking) => this.#shutdownerOf(asking)],
    [Jobs, (asking) => jobsOf(asking, { crew: this.#crew, emit: this.#emit, shutdowner: this.#shutdownerOf(asking) })],
    [Clock, () => this.#clock],
    [Process, () => this.#process],
    [App, () => this.#face],
  ]);
  #state: Report['state'] = 'stopped';
  #startMs: number | undefined;
  #isBuilt = false;
  #crew: Crew;
  #runner: Runner;
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
  /** What components see of it: they may look, but starting and stopping is not theirs. */
  readonly #face: App = {
    plan: () => this.plan(),
    report: () => this.report(),
    explain: (what) => this.explain(what),
    graph: (format) => this.graph(format),
  };

  constructor(list: List, options: AppOptions, internals: Internals = {}) {
    this.#options = options;
    this.#internals = internals;
    this.#clock = options.clock ?? systemClock;
    this.#process = options.process ?? systemProcess;
    const items = internals.request === undefined || !Array.isArray(list) ? list : [...list, internals.request];
    this.#graph = plan({ list: items, settings: options.settings, builtIns: new Set(this.#builtIns.keys()) });
    this.error = errorOf(this.#graph.findings);
    this.#journal = this.#makeJournal();
    [this.#crew, this.#runner] = this.#equip();
  }

  /** Everything that is wrong with the list; constructs nothing. Exactly what {@link start} would report. */
  validate(): readonly Finding[] {
    return this.#graph.findings;
  }

  plan(): Plan {
    return planOf(this.#graph);
  }

  report(): Report {
    const { begunAt } = this.#crew;
    const components = this.#crew.instances.map((each) => reportOf(each, begunAt));
    return { state: this.#state, healthy: components.every(isWell), startMs: this.#startMs, components };
  }

  explain(what: Token | Component | string): string {
    return explain(this.#graph, what);
  }

  graph(format: GraphFormat): string {
    return draw(this.#graph, format, this.#crew.instances);
  }

  /** How another list, planned under the same options, would differ. */
  diff(other: List): Difference {
    return differenceOf(this.#graph, new Application(other, this.#options, this.#internals).#graph);
  }

  /** An inversify container with everything that is built and visible at top level; each value under its token. */
  container(): Promise<Container> {
    if (!this.#isBuilt) return containerOf(this.#graph, this.#crew.instances);
    this.#container ??= containerOf(this.#graph, this.#crew.instances);
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
      this.#crew.interruptBy('stop was called');
      await this.#starting?.catch(rethrowFailedStops);
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
    if (this.#releases.length === 0) {
      const listening = signals.map((name) => this.#process.onSignal(name, () => this.#signalled(name)));
      this.#releases = [...listening, this.#process.keepAlive()];
    }
    return this.#request.promise;
  }

  /** Tells the sinks and ends the process. */
  forceExit(exitCode: number, because: string): void {
    this.#emit({ kind: 'ForcedExit', at: this.#clock.monotonic(), exitCode, because });
    this.#process.exit(exitCode);
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const interrupt = (): void => this.#crew.interruptBy(`the caller's signal was aborted: ${messageOf(signal?.reason)}`, signal?.reason);
    signal?.addEventListener('abort', interrupt);
    try {
      if (!this.#isBuilt) this.#prepare();
      this.#crew.begin(this.#options.startTimeoutMs ?? secondsOf(this.#process.env['DD_FX_START_TIMEOUT_SECONDS']));
      if (signal?.aborted === true) interrupt();
      if (!this.#isBuilt) await this.#build();
      this.#isBuilt = true;
      await this.#runner.start();
      this.#crew.interrupt.throwIfAborted();
      this.#state = 'started';
      this.#startMs = this.#clock.monotonic() - this.#crew.begunAt;
      this.#emit({ kind: 'Started', at: this.#clock.monotonic() });
    } catch (error) {
      this.#journal.giveUp();
      const failure = error === this.error ? this.error : await this.#rollBack(error);
      this.#state = 'stopped';
      this.#emit({ kind: 'Started', at: this.#clock.monotonic(), error: failure });
      throw failure;
    } finally {
      signal?.removeEventListener('abort', interrupt);
    }
  }

  /** Declares and proves the list. What failed once is tried again, and nothing of that attempt is left. */
  #prepare(): void {
    const told = this.#journal.isHeard ? declarations(this.#graph, { builtIns: this.#builtIns.keys(), at: this.#clock.monotonic() }) : [];
    for (const { event, scope } of told) this.#journal.emit(event, scope);
    if (this.error !== undefined) throw this.error;
    if (this.#crew.instances.some(({ state }) => state !== 'planned')) [this.#crew, this.#runner] = this.#equip();
  }

  #build(): Promise<void> {
    const { createTimeoutMs = Infinity } = this.#options;
    return new Builder(this.#crew, { builtIns: this.#builtIns, createTimeoutMs, intercept: this.#internals.intercept }).build();
  }

  async #rollBack(error: unknown): Promise<FxError> {
    const causes = findingsIn(error);
    // Nothing has started. What became of each component is kept until the next start, for report and graph.
    if (!this.#isBuilt) return new FxError(causes);
    this.#emit({ kind: 'RollingBack', at: this.#clock.monotonic(), error: new FxError(causes) });
    const findings = await this.#runner.stop();
    this.#emit({ kind: 'RolledBack', at: this.#clock.monotonic(), ...failureOf(findings) });
    return new FxError([...causes, ...findings]);
  }

  async #stop(): Promise<void> {
    if (this.#requested !== undefined) this.#emit({ kind: 'Stopping', at: this.#clock.monotonic(), by: this.#requested.by });
    const outcome = failureOf(await this.#runner.stop());
    this.#state = 'stopped';
    this.#emit({ kind: 'Stopped', at: this.#clock.monotonic(), ...outcome });
    if (outcome.error !== undefined) throw outcome.error;
  }

  #signalled(name: (typeof signals)[number]): void {
    this.#signals += 1;
    this.#ask({ by: name, exitCode: 0 });
    if (this.#signals > 1) this.forceExit(128 + constants.signals[name], `${name} came while the app was already ending`);
  }

  #ask(shutdown: Shutdown): void {
    const { by, exitCode, cause } = shutdown;
    this.#emit({ kind: 'ShutdownRequested', at: this.#clock.monotonic(), by, exitCode, ...(cause === undefined ? {} : { error: cause }) });
    this.#requested ??= shutdown;
    this.#request.resolve(this.#requested);
  }

  readonly #emit = (event: Event): void => this.#journal.emit(event, this.#graph.root);

  #makeJournal(): Journal {
    const { sinks = [] } = this.#options;
    const trace = this.#process.env['TRACE_FX'];
    const stderr = sink.console((text) => this.#process.warn(text));
    const journal = new Journal(trace === '1' ? [...sinks, stderr] : sinks, trace === '0' ? () => {} : stderr);
    const heard = trace === '0' ? [] : this.#graph.order;
    for (const { item, scope } of heard) if (item.outputs.some((each) => each.token === (EventSink as Token))) journal.expect(scope);
    return journal;
  }

  #equip(): [Crew, Runner] {
    const { concurrency = 1, hookTimeoutMs = Infinity } = this.#options;
    const { stopTimeoutMs = secondsOf(this.#process.env['DD_FX_STOP_TIMEOUT_SECONDS']) } = this.#options;
    const crew = new Crew({ graph: this.#graph, clock: this.#clock, journal: this.#journal, concurrency });
    return [crew, new Runner(crew, { hookTimeoutMs, stopTimeoutMs })];
  }

  #shutdownerOf({ node }: Instance): Shutdowner {
    return {
      shutdown: ({ cause, exitCode = cause === undefined ? 0 : 1 } = {}) =>
        this.#ask({ by: node.label, exitCode, ...(cause === undefined ? {} : { cause }) }),
    };
  }
}

/** An app whose values at top level are also handed out: for one-shot functions and tests. */
export function appWithRequest(
  list: List,
  options: AppOptions,
  { requires, receive }: { readonly requires: Parameters<typeof request>[0]; readonly receive: (needs: never) => void },
): Application {
  return new Application(list, options, { request: request(requires, receive, new Place(appWithRequest)) });
}

/** Integer seconds; anything else is the default, as in Datadog's fxutil. */
function secondsOf(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) * 1000 : defaultTimeoutMs;
}

function alreadyIn(state: string): FxError {
  return new FxError([{ code: 'FX_STATE', message: `attempted to start the app when in state: ${state}`, fix: 'stop it first' }]);
}
