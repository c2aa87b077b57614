import { constants } from 'node:os';
import type { Container } from 'inversify';
import type { Complete, Component, List } from './component.ts';
import { Engine } from './engine.ts';
import { errorOf, FxError, isToBlame, unexpected, type Finding } from './errors.ts';
import type { Node } from './graph.ts';
import { containerOf } from './inversify.ts';
import { Jobs, jobsOf } from './jobs.ts';
import { conceive, type AppOptions, type Internals } from './life.ts';
import { Lifecycle, lifecycleOf, Shutdowner, type Shutdown } from './lifecycle.ts';
import { differenceOf, draw, explain, planOf, reportOf, type Difference, type GraphFormat, type Plan, type Report } from './report.ts';
import { Clock, Process } from './system.ts';
import { token, type Token } from './token.ts';
import type { BuiltIns } from './values.ts';
import type { Outcome } from './walk.ts';

/** What an app tells of itself, at any time of its life; a component that shows it takes it like anything else. */
export type App = Pick<Application, 'plan' | 'report' | 'explain' | 'graph'>;
export const App = token<App>()('fx.app');

/** Makes an app of a list that provides everything that it requires. Nothing is constructed before {@link Application.start}. */
export function app<const L extends List>(list: L & Complete<L>, options: AppOptions = {}): Application {
  return new Application(list, options);
}

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * An ordered list of components, through its whole life: planned when made, then constructed, started and made ready by
 * {@link start}, drained and stopped in reverse by {@link stop}. It may be started again after it was stopped; its
 * components are constructed once.
 */
export class Application {
  readonly #list: List;
  readonly #options: Internals;
  readonly #builtIns: BuiltIns = new Map<Token, (asking: Node) => unknown>([
    [Lifecycle, lifecycleOf],
    [Shutdowner, (asking) => this.#shutdownerOf(asking)],
    [Jobs, (asking) => jobsOf(asking, { life: this.#engine.life, shutdowner: this.#shutdownerOf(asking) })],
    [Clock, () => this.#engine.life.clock],
    [Process, () => this.#engine.life.process],
    // They may look, but starting and stopping is not theirs.
    [App, () => ({ plan: this.plan, report: this.report, explain: this.explain, graph: this.graph })],
  ]);
  #engine: Engine;
  #state: Report['state'] = 'stopped';
  /** The start or the stop. */
  #underWay: Promise<Outcome> | undefined;
  /** The first request to end, until the app has stopped, and whoever waits for it. */
  #requested: Shutdown | undefined;
  #request = Promise.withResolvers<Shutdown>();
  /** End the listening to signals. */
  readonly #releases: (() => void)[] = [];
  /** How many have come: the second in a row means that somebody has lost patience. */
  #signals = 0;
  #container: Promise<Container> | undefined;

  constructor(list: List, options: Internals) {
    this.#list = list;
    this.#options = options;
    this.#engine = new Engine(conceive(list, options, this.#builtIns));
  }

  /** What a start does, and in which order. */
  readonly plan = (): Plan => planOf(this.#engine.life.graph);

  /** What has become of it so far: the state of every component, job and hook, and when and for how long each ran. */
  readonly report = (): Report => reportOf(this.#engine.life.graph, this.#state, this.#engine.current.runtimeMs);

  /** Why something is in the build (the shortest path from a root), or why it is not. Takes a token, a component or a name. */
  readonly explain = (what: Token | Component | string): string => explain(this.#engine.life.graph, what);

  /** Draws what is built; once a start has failed, with the culprit in red and what it took down in orange. */
  readonly graph = (format: GraphFormat): string => draw(this.#engine.life.graph, format);

  /** How another list, planned under the same options, would differ. */
  readonly diff = (other: List): Difference => differenceOf(this.plan(), planOf(conceive(other, this.#options, this.#builtIns).graph));

  /** Everything that is wrong with the list; constructs nothing. Exactly what {@link start} would report. */
  readonly validate = (): readonly Finding[] => this.#engine.life.graph.findings;

  /** What is wrong with the list, as {@link start} throws it; `undefined` when it can begin. */
  get error(): FxError | undefined {
    return this.#engine.life.error;
  }

  /** An inversify container with everything that is built and visible at top level; each value under its token. */
  container(): Promise<Container> {
    const { life, construction } = this.#engine;
    if (construction !== 'done') return containerOf(life.graph);
    return (this.#container ??= containerOf(life.graph));
  }

  /**
   * Constructs, starts and makes ready. When anything fails, the deadline passes or `signal` is aborted, whatever had
   * started is stopped in reverse, on the stop budget, before this rejects with one {@link FxError}.
   */
  async start({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const message = `attempted to start the app when in state: ${this.#state}`;
    if (this.#state !== 'stopped') throw new FxError([{ code: 'FX_STATE', message, fix: 'stop it first' }]);
    if (this.#engine.construction === 'failed') this.#engine = new Engine(conceive(this.#list, this.#options, this.#builtIns));
    this.#state = 'starting';
    this.#underWay = this.#engine.start(signal).catch(unexpected);
    const error = await this.#underWay;
    this.#state = error === undefined ? 'started' : 'stopped';
    this.#engine.life.journal.tell({ kind: 'Started', error });
    raise(error);
  }

  /** Drains and stops in reverse; does nothing when nothing is started. During a start, ends that first. */
  async stop(): Promise<void> {
    try {
      if (this.#state === 'starting') {
        this.#engine.current.interruptBy('stop was called');
        // A constructor may have called it, before anybody could note what is under way.
        await Promise.resolve();
        // A start that was ended by a stop has not failed; what could not be stopped has.
        raise(errorOf((await this.#underWay)?.findings.filter(isToBlame) ?? []));
      }
      if (this.#state === 'started') this.#underWay = this.#stop();
      if (this.#state === 'stopping') raise(await this.#underWay);
    } finally {
      this.#releases.splice(0).forEach((release) => release());
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
    const { process } = this.#engine.life;
    if (this.#releases.length === 0) this.#releases.push(...signals.map((name) => process.onSignal(name, () => this.#signalled(name))));
    return this.#request.promise;
  }

  /** Tells the sinks and whoever reads standard error, and ends the process. */
  forceExit(exitCode: number, because: string): void {
    const { journal, process } = this.#engine.life;
    journal.tell({ kind: 'ForcedExit', exitCode, because });
    process.warn(`ended by force: ${because}\n`);
    process.exit(exitCode);
  }

  async #stop(): Promise<Outcome> {
    const { journal } = this.#engine.life;
    this.#state = 'stopping';
    if (this.#requested !== undefined) journal.tell({ kind: 'Stopping', by: this.#requested.by });
    const error = errorOf(await this.#engine.stop());
    this.#state = 'stopped';
    journal.tell({ kind: 'Stopped', error });
    return error;
  }

  #signalled(name: (typeof signals)[number]): void {
    this.#signals += 1;
    this.#ask({ by: name, exitCode: 0, cause: undefined });
    if (this.#signals > 1) this.forceExit(128 + constants.signals[name], `${name} came while the app was already ending`);
  }

  #ask(shutdown: Shutdown): void {
    const { by, exitCode, cause: error } = shutdown;
    this.#engine.life.journal.tell({ kind: 'ShutdownRequested', by, exitCode, error });
    this.#requested ??= shutdown;
    this.#request.resolve(this.#requested);
  }

  #shutdownerOf({ label: by }: Node): Shutdowner {
    return { shutdown: ({ cause, exitCode = cause === undefined ? 0 : 1 } = {}) => this.#ask({ by, exitCode, cause }) };
  }
}

function raise(error: Outcome): void {
  if (error !== undefined) throw error;
}
