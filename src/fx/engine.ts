import { Call, make, Term } from './calls.ts';
import { errorOf, examine, FxError, type Finding } from './errors.ts';
import type { Node } from './graph.ts';
import { declare } from './journal.ts';
import type { Life } from './life.ts';
import { HookRecord, phases, type HookPhase, type Phase } from './lifecycle.ts';
import { reversed } from './order.ts';
import { andThen, inOrder, together, type Outcome, type Step } from './walk.ts';

// The loops here run for every component of every start, cold: forEach makes no iterator and no result objects.
/** Takes all components through their phases: constructs, starts and makes ready in order, drains and stops in reverse. */
export class Engine {
  readonly life: Life;
  /** The start that is under way, or the last. */
  current: Term;
  /** One that has failed can only be looked at. */
  construction: 'to do' | 'done' | 'failed' = 'to do';
  readonly #nodes: readonly Node[];
  /** Of all of them, once everything is constructed. */
  #hooks: readonly HookRecord[] = [];
  /** Something is not there, because it failed or was skipped. */
  #hasLosses = false;
  /** Stops of hooks that started after they had been given up. */
  readonly #late: Promise<Outcome>[] = [];
  #failedStops: Finding[] = [];

  constructor(life: Life) {
    this.life = life;
    this.#nodes = life.graph.order;
    this.current = new Term(this, 0);
  }

  /**
   * Constructs what is not there yet, starts everything and makes it ready. The first failure ends it, as does the signal
   * of the caller; whatever had started by then is stopped.
   */
  async start(signal?: AbortSignal): Promise<Outcome> {
    const { journal, clock, startTimeoutMs } = this.life;
    const term = new Term(this, startTimeoutMs);
    const interrupt = (): void => term.interruptBy(`the caller's signal was aborted: ${examine(signal?.reason).message}`, signal?.reason);
    this.current = term;
    signal?.addEventListener('abort', interrupt);
    if (signal?.aborted === true) interrupt();
    const failure = (await this.#build()) ?? (await this.#startHooks()) ?? term.interruption;
    signal?.removeEventListener('abort', interrupt);
    if (failure === undefined) term.runtimeMs = clock.monotonic() - term.begunAt;
    else journal.giveUp();
    // Where nothing has started, what became of each component is kept until the next start, for report and graph.
    if (failure === undefined || this.construction !== 'done') return failure;
    journal.tell({ kind: 'RollingBack', error: failure });
    const findings = await this.stop();
    journal.tell({ kind: 'RolledBack', error: errorOf(findings) });
    return new FxError([...failure.findings, ...findings]);
  }

  async #build(): Promise<Outcome> {
    if (this.construction === 'done') return undefined;
    const { journal, error } = this.life;
    if (journal.isHeard) declare(this.life);
    const build = (node: Node): Step => {
      if (this.#skips(node)) return undefined;
      node.own = new HookRecord(node, node.item.definition, node.item.place);
      return this.#advance(node, make(new Call(this.current, node.own, phases.create)));
    };
    const failure = error ?? (await this.#each(phases.create, build));
    this.construction = failure === undefined ? 'done' : 'failed';
    return failure;
  }

  async #startHooks(): Promise<Outcome> {
    this.#nodes.forEach((node) => {
      node.isSealed = true;
      if (!node.isBuilt) return;
      node.state = 'constructed';
      node.failure = undefined;
    });
    this.#hooks = this.#nodes.flatMap(({ hooks }) => hooks);
    for (const record of this.#hooks) record.state = 'idle';
    const start = this.#visitor(phases.start, this.current);
    const isStartable = (node: Node): boolean => node.state === 'constructed' && !this.#skips(node);
    const failure = await this.#each(phases.start, (node) => (isStartable(node) ? this.#advance(node, start(node)) : undefined));
    if (failure !== undefined || this.#due(phases.ready) === 0) return failure;
    const ready = this.#visitor(phases.ready, this.current);
    return this.#each(phases.ready, (node) => (node.state === 'started' ? this.#advance(node, ready(node)) : undefined));
  }

  /**
   * Drains and stops everything that was started, in reverse and on its own budget: a hook may use its own limit, and
   * without one at most half of what is left, so that one which hangs never takes the time of those behind it.
   *
   * @returns what could not be stopped
   */
  async stop(): Promise<readonly Finding[]> {
    this.#failedStops = [];
    const drains = this.#due(phases.drain);
    const term = new Term(this, this.life.stopTimeoutMs, drains + this.#due(phases.stop));
    if (drains > 0) await this.#each(phases.drain, this.#visitor(phases.drain, term));
    await this.#each(phases.stop, this.#visitor(phases.stop, term));
    await Promise.all(this.#late.splice(0));
    this.#nodes.forEach((node) => {
      if (node.state === 'started') node.state = 'stopped';
    });
    return this.#failedStops;
  }

  /** A hook that started after all has acquired something, which nobody but us can release now. */
  stopLate(record: HookRecord): void {
    record.state = 'started';
    this.#late.push(Promise.resolve(this.#stopApart([record])));
  }

  /** Stops hooks while the app goes on: nobody else will. */
  #stopApart(hooks: readonly HookRecord[]): Step {
    return this.#visitor(phases.stop, new Term(this, this.life.stopTimeoutMs, hooks.length))({ hooks });
  }

  /** How many hooks have something to do in a phase. */
  #due({ from, name }: HookPhase): number {
    return this.#hooks.filter(({ hook, state }) => state === from && hook[name] !== undefined).length;
  }

  /** Visits every node after those that it requires or, where something ends, before them. Events come in the same order. */
  #each(phase: Phase, visit: (node: Node) => Step): Step {
    const { concurrency, journal } = this.life;
    const isEnd = phase.bound === 'stop';
    const nodes = isEnd ? this.#nodes.toReversed() : this.#nodes;
    if (!(concurrency > 1)) return inOrder(nodes, visit);
    const ranks = this.#nodes.map(({ needs }) => needs.flatMap(({ rank }) => (rank < 0 ? [] : rank)));
    const fromEnd = (each: readonly number[]): number[] => each.map((rank) => ranks.length - 1 - rank);
    const dependencies = isEnd ? reversed(ranks).toReversed().map(fromEnd) : ranks;
    return journal.inOrderOf(nodes, (done) =>
      together(dependencies, concurrency, (at) => {
        const node = nodes[at] as Node;
        return andThen(visit(node), (failure) => {
          if (failure === undefined) done(node);
          else this.current.interruptBy(`${node.label} failed`);
          return failure;
        });
      }),
    );
  }

  /** Leaves out what cannot do without something that is not there. */
  #skips(node: Node): boolean {
    if (!this.#hasLosses) return false;
    const lost = node.inputs.find(({ form, sources }) => form === 'one' && sources[0]?.node.isLost)?.sources[0]?.node;
    if (lost === undefined) return false;
    const because = `${lost.label} ${lost.state}`;
    node.state = 'skipped';
    this.life.journal.tell({ kind: 'Skipped', because }, node);
    this.life.journal.settle(node, new Error(because));
    return true;
  }

  /** Notes how far a component has come. Goes on without one that may fail, unless the start is at its end; passes on the failure of any other. */
  #advance(node: Node, step: Step): Step {
    return step instanceof Promise ? step.then((failure) => this.#advanced(node, failure)) : this.#advanced(node, step);
  }

  #advanced(node: Node, failure: Outcome): Step {
    node.failure = failure;
    if (failure === undefined) return void (node.state = node.state === 'planned' ? 'constructed' : 'started');
    const wasStarted = node.state === 'started';
    node.state = 'failed';
    this.#hasLosses = true;
    const { interruption, endsAt } = this.current;
    if (!node.mayFail || interruption !== undefined || endsAt <= this.life.clock.monotonic()) return failure;
    this.life.journal.tell({ kind: 'Degraded', error: failure }, node);
    // One that was not made ready is stopped with the app, after those that have started since and rely on it.
    return wasStarted ? undefined : this.#stopApart(node.hooks);
  }

  /** Takes components through a phase, those of their hooks that stand where it begins. What fails to end does not keep others from it. */
  #visitor(phase: HookPhase, term: Term): (node: Pick<Node, 'hooks'>) => Step {
    const { bound, from, to, name } = phase;
    const isEnd = bound === 'stop';
    const collect = (failure: Outcome): undefined => void this.#failedStops.push(...(failure?.findings ?? []));
    const visit = (record: HookRecord): Step => {
      if (record.state !== from) return undefined;
      if (record.hook[name] === undefined) return void (record.state = to);
      const step = make(new Call(term, record, phase));
      return step && isEnd ? andThen(step, collect) : step;
    };
    return ({ hooks }) => inOrder(isEnd && hooks.length > 1 ? hooks.toReversed() : hooks, visit);
  }
}
