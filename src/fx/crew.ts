import type { Clock } from './clock.ts';
import { FxError } from './errors.ts';
import { EventSink, type Event } from './events.ts';
import { Source, type Graph, type Node, type Scope } from './graph.ts';
import { Instance, valueOf, type ComponentState } from './instance.ts';
import { Outbox, type Journal } from './journal.ts';
import type { Token } from './token.ts';
import { inOrder, together, type Step } from './walk.ts';

export interface CrewOptions {
  readonly graph: Graph;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly concurrency: number;
}

/** All instances of one app, and what building, starting and stopping them have in common. */
export class Crew {
  readonly instances: readonly Instance[];
  readonly clock: Clock;
  readonly #options: CrewOptions;
  #interrupter = new AbortController();
  /** As the signal's, but asking the signal for every call costs more than most calls. */
  isInterrupted = false;
  /** When the running, or the last, start began, in milliseconds of the clock. */
  begunAt = 0;
  #deadline = Infinity;
  #hasLosses = false;
  #outbox: Outbox<Instance> | undefined;

  constructor(options: CrewOptions) {
    this.instances = options.graph.order.map((node) => new Instance(node));
    this.clock = options.clock;
    this.#options = options;
  }

  /** Begins a start that must be over within `ms` milliseconds. */
  begin(ms: number): void {
    this.#interrupter = new AbortController();
    this.isInterrupted = false;
    this.begunAt = this.clock.monotonic();
    this.#deadline = this.begunAt + ms;
  }

  /** Milliseconds until the running start must be over. */
  left(now: number): number {
    return Math.max(0, this.#deadline - now);
  }

  /** Ends the running start early: its hooks see their signals abort, and it fails with an error that says by whom. */
  interruptBy(who: string, cause?: unknown): void {
    const fix = 'nothing, if this was wanted: everything that had started is stopped';
    this.isInterrupted = true;
    this.#interrupter.abort(new FxError([{ code: 'FX_INTERRUPTED', message: `the start was interrupted: ${who}`, fix, cause }]));
  }

  get interrupt(): AbortSignal {
    return this.#interrupter.signal;
  }

  get isHeard(): boolean {
    return this.#options.journal.isHeard;
  }

  emit(instance: Instance, event: Event): void {
    if (this.#outbox === undefined) this.#options.journal.emit(event, this.#scopeOf(instance, event));
    else this.#outbox.add(event, instance);
  }

  /** Lifecycle events go to the app's logger, whatever the module. */
  #scopeOf({ node }: Instance, { kind }: Event): Scope {
    return /^(BeforeRun|Run|Invok)/.test(kind) ? node.scope : this.#options.graph.root;
  }

  common({ node }: Instance): { readonly at: number; readonly component: string; readonly module: string } {
    return { at: this.clock.monotonic(), component: node.label, module: node.scope.name };
  }

  /** Visits every instance after those that it requires, or backwards, before them. Events come in the same order. */
  async each(direction: 'forwards' | 'backwards', visit: (instance: Instance) => Step): Promise<void> {
    const items = direction === 'forwards' ? this.instances : this.instances.toReversed();
    if (this.#options.concurrency <= 1) return inOrder(items, visit);
    const outbox = new Outbox<Instance>(items, (event, of) => this.#options.journal.emit(event, this.#scopeOf(of, event)));
    this.#outbox = outbox;
    const neighbours = this.#neighbours(direction);
    try {
      await together({
        items,
        concurrency: this.#options.concurrency,
        waitsFor: (instance) => neighbours.get(instance) ?? [],
        visit: async (instance) => {
          try {
            await visit(instance);
          } catch (error) {
            this.interruptBy(`${instance.node.label} failed`);
            throw error;
          }
          outbox.done(instance);
        },
      });
    } finally {
      this.#outbox = undefined;
      outbox.end();
    }
  }

  /** What each instance requires, or what requires it. */
  #neighbours(direction: 'forwards' | 'backwards'): ReadonlyMap<Instance, readonly Instance[]> {
    const neighbours = new Map(this.instances.map((each) => [each, new Array<Instance>()]));
    this.instances.forEach((instance) =>
      instance.node.sources.flat().forEach(({ node }) => {
        const required = this.instances[node.rank];
        if (required !== undefined && direction === 'forwards') neighbours.get(instance)?.push(required);
        else if (required !== undefined) neighbours.get(required)?.push(instance);
      }),
    );
    return neighbours;
  }

  /** Marks as skipped what requires something that is not there. */
  skip(instance: Instance): boolean {
    const blocker = this.#hasLosses ? instance.blockedBy(this.instances) : undefined;
    if (blocker === undefined) return false;
    instance.state = 'skipped';
    if (this.isHeard) this.emit(instance, { kind: 'Skipped', ...this.common(instance), because: `${blocker.node.label} ${blocker.state}` });
    this.loseLogger(instance, new Error(`${blocker.node.label} ${blocker.state}`));
    return true;
  }

  /** Goes on without a component that may fail; throws for any other, and when the whole start is at its end. */
  lose(instance: Instance, error: unknown): void {
    instance.state = 'failed';
    instance.failure = error;
    this.#hasLosses = true;
    const isOver = this.isInterrupted || this.left(this.clock.monotonic()) === 0;
    if (!instance.node.item.allowedToFail || isOver) throw error;
    if (this.isHeard) this.emit(instance, { kind: 'Degraded', ...this.common(instance), error });
  }

  /** What else is running, and what has got as far as `goal`. */
  progress(except: Instance, goal: ComponentState): { readonly running: readonly string[]; readonly done: readonly string[] } {
    const others = this.instances.filter((each) => each !== except);
    return {
      running: others.flatMap(({ node, hooks }) =>
        hooks.filter(({ state }) => state === 'starting' || state === 'stopping').map(({ name }) => `${node.label}/${name}`),
      ),
      done: others.filter(({ state }) => state === goal).map(({ node }) => node.label),
    };
  }

  /** From a root to the node: who is to blame for its being there. */
  pathTo(node: Node): string {
    const path = [node.label];
    for (let each = node; each.neededBy !== undefined && each.neededBy !== each; each = each.neededBy) path.unshift(each.neededBy.label);
    return path.join(' -> ');
  }

  /** What was kept for a logger that is not going to come goes to the fallback. */
  loseLogger(instance: Instance, error: unknown): void {
    if (!instance.node.item.outputs.some(({ token }) => token === (EventSink as Token))) return;
    this.emit(instance, { kind: 'LoggerInitialized', ...this.common(instance), error });
    this.#options.journal.giveUp(instance.node.scope);
  }

  /** A logger that is decorated or replaced in its module is heard only through what stands for it. */
  connectLogger(instance: Instance): void {
    const decorator = instance.node.scope.decorators.get(EventSink);
    if (decorator !== undefined && decorator.node !== instance.node) return;
    for (const output of instance.node.item.outputs) {
      if (output.token !== (EventSink as Token)) continue;
      this.#options.journal.connect(instance.node.scope, valueOf(new Source(instance.node, output), this.instances) as EventSink);
      this.emit(instance, { kind: 'LoggerInitialized', ...this.common(instance) });
    }
  }
}
