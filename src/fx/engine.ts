import type { Life } from './app.ts';
import { Caller } from './calls.ts';
import type { Finding, FxError } from './errors.ts';
import type { Node } from './graph.ts';
import type { HookRecord } from './lifecycle.ts';
import { reversed, type Dependencies } from './order.ts';
import { andThen, inOrder, together, type Outcome, type Step } from './walk.ts';

// The loops here run for every component of every start, cold: forEach makes no iterator and no result objects.
/** Takes all components through their phases: constructs, starts and makes ready in order, drains and stops in reverse. */
export class Engine {
  readonly caller: Caller;
  readonly #life: Life;
  readonly #nodes: readonly Node[];
  /** Something is not there, because it failed or was skipped. */
  #hasLosses = false;
  /** Stops of hooks that started after they had been given up. */
  readonly #late = new Set<Promise<Outcome>>();
  #failedStops: Finding[] = [];

  constructor(life: Life) {
    this.#life = life;
    this.#nodes = life.graph.order;
    this.caller = new Caller(life, (record) => this.#stopLate(record));
  }

  /** Constructs everything; the first failure ends it. */
  build(): Step {
    return this.#each('forwards', (node) => {
      if (this.#skips(node)) return undefined;
      const step = this.caller.make(node, 'create');
      return step && andThen(step, (failure) => failure && this.#loses(node, failure));
    });
  }

  /** The first failure ends it; whatever had started by then is left for {@link stop}. */
  async start(): Promise<Outcome> {
    let hasReadyHooks = false;
    this.#nodes.forEach((node) => {
      node.isSealed = true;
      for (let at = 0; at < node.hooks.length; at += 1) {
        const record = node.hooks[at] as HookRecord;
        record.state = 'idle';
        if (record.hook.ready !== undefined) hasReadyHooks = true;
      }
      if (!node.isBuilt) return;
      node.state = 'constructed';
      node.failure = undefined;
    });
    const isReady = (node: Node): boolean => node.state === 'constructed' && !this.#skips(node);
    const failure = await this.#each('forwards', (node) => (isReady(node) ? this.#start(node, this.#startHook) : undefined));
    if (failure !== undefined || !hasReadyHooks) return failure;
    return this.#each('forwards', (node) => (node.state === 'started' ? this.#start(node, this.#makeReady) : undefined));
  }

  /**
   * Drains and stops everything that was started, in reverse and on its own budget: a hook may use its own limit, and
   * without one at most half of what is left, so that one which hangs never takes the time of those behind it.
   *
   * @returns what could not be stopped
   */
  async stop(): Promise<readonly Finding[]> {
    this.#failedStops = [];
    if (this.#grantStopBudget()) await this.#each('backwards', (node) => this.#end(node, this.#drainHook));
    await this.#each('backwards', (node) => this.#end(node, this.#stopHook));
    await Promise.all(this.#late);
    this.#nodes.forEach((node) => {
      if (node.state === 'started') node.state = 'stopped';
    });
    return this.#failedStops;
  }

  /** Visits every node after those that it requires, or backwards, before them. Events come in the same order. */
  #each(direction: 'forwards' | 'backwards', visit: (node: Node) => Step): Step {
    const { concurrency, journal } = this.#life;
    const items = direction === 'forwards' ? this.#nodes : this.#nodes.toReversed();
    if (concurrency <= 1) return inOrder(items, visit);
    return journal.inOrderOf(items, (done) =>
      together({ dependencies: this.#dependencies(direction), concurrency }, (at) => {
        const node = items[at] as Node;
        return andThen(visit(node), (failure) => {
          if (failure === undefined) done(node);
          else this.caller.interruptBy(`${node.label} failed`);
          return failure;
        });
      }),
    );
  }

  /** By position in the given direction: what each node requires, or what requires it. */
  #dependencies(direction: 'forwards' | 'backwards'): Dependencies {
    const ranks = this.#nodes.map(({ needs }) => needs.flatMap(({ rank }) => (rank < 0 ? [] : rank)));
    if (direction === 'forwards') return ranks;
    const waiters = reversed(ranks).toReversed();
    return waiters.map((each) => each.map((rank) => ranks.length - 1 - rank));
  }

  /** Leaves out what cannot do without something that is not there. */
  #skips(node: Node): boolean {
    if (!this.#hasLosses) return false;
    const lost = node.inputs.find(({ form, sources }) => form === 'one' && sources[0]?.node.isLost)?.sources[0]?.node;
    if (lost === undefined) return false;
    const because = `${lost.label} ${lost.state}`;
    node.state = 'skipped';
    this.#life.journal.tell({ kind: 'Skipped', because }, node);
    this.#life.journal.settle(node, { error: new Error(because) });
    return true;
  }

  /** Goes on without a component that may fail; passes on the failure of any other, and of a start that is at its end. */
  #loses(node: Node, failure: FxError): Outcome {
    node.state = 'failed';
    node.failure = failure;
    this.#hasLosses = true;
    if (!node.mayFail || this.caller.isOver) return failure;
    this.#life.journal.tell({ kind: 'Degraded', error: failure }, node);
    return undefined;
  }

  #start(node: Node, visit: (record: HookRecord) => Step): Step {
    const step = inOrder(node.hooks, visit);
    return step instanceof Promise ? step.then((failure) => this.#started(node, failure)) : this.#started(node, step);
  }

  #started(node: Node, failure: Outcome): Step {
    if (failure === undefined) {
      node.state = 'started';
      return undefined;
    }
    if (this.#loses(node, failure) !== undefined) return failure;
    // The app goes on, so nobody else will stop what it has started.
    this.#grantStopBudget();
    return this.#end(node, this.#stopHook);
  }

  readonly #startHook = (record: HookRecord): Step => {
    if (record.hook.start !== undefined) return this.caller.make(record.node, 'start', record);
    record.state = 'started';
    return undefined;
  };

  readonly #makeReady = (record: HookRecord): Step =>
    record.hook.ready === undefined ? undefined : this.caller.make(record.node, 'ready', record);

  #end({ hooks }: Node, visit: (record: HookRecord) => Step): Step {
    return inOrder(hooks.length > 1 ? hooks.toReversed() : hooks, visit);
  }

  readonly #drainHook = (record: HookRecord): Step =>
    record.state === 'started' && record.hook.drain !== undefined ? this.#endHook(record, 'drain') : undefined;

  readonly #stopHook = (record: HookRecord): Step => {
    if (record.state !== 'started') return undefined;
    if (record.hook.stop !== undefined) return this.#endHook(record, 'stop');
    record.state = 'stopped';
    return undefined;
  };

  /** Whatever becomes of one hook, the others are stopped all the same. */
  #endHook(record: HookRecord, phase: 'drain' | 'stop'): Step {
    const step = this.caller.make(record.node, phase, record);
    return step && andThen(step, (failure) => void this.#failedStops.push(...(failure?.findings ?? [])));
  }

  /** A hook that started after all has acquired something, which nobody but us can release now. */
  #stopLate(record: HookRecord): void {
    record.state = 'started';
    this.#grantStopBudget();
    const stopping: Promise<Outcome> = Promise.resolve(this.#stopHook(record)).finally(() => this.#late.delete(stopping));
    this.#late.add(stopping);
  }

  /** Begins the time that all drain and stop hooks have together; true if there is anything to drain. */
  #grantStopBudget(): boolean {
    let [drains, stops] = [0, 0];
    this.#nodes.forEach(({ hooks }) => {
      for (let at = 0; at < hooks.length; at += 1) {
        const { hook, state } = hooks[at] as HookRecord;
        if (state === 'started' && hook.drain !== undefined) drains += 1;
        if (state === 'started' && hook.stop !== undefined) stops += 1;
      }
    });
    this.caller.beginStop(drains + stops);
    return drains > 0;
  }
}
