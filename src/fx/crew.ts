import type { Clock } from './clock.ts';
import { FxError, errorOf, type Code, type Finding } from './errors.ts';
import { EventSink, type Event } from './events.ts';
import { Source, type Graph, type Node } from './graph.ts';
import { Instance, valueOf } from './instance.ts';
import { Outbox, type Journal } from './journal.ts';
import type { Place } from './place.ts';
import type { Token } from './token.ts';
import { inOrder, together } from './walk.ts';

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
  #interrupter = new AbortController();
  #deadline = Infinity;
  readonly #graph: Graph;
  readonly #journal: Journal;
  readonly #concurrency: number;
  #hasLosses = false;
  #outbox: Outbox<Instance> | undefined;

  constructor({ graph, clock, journal, concurrency }: CrewOptions) {
    this.instances = graph.order.map((node) => new Instance(node));
    this.clock = clock;
    this.#graph = graph;
    this.#journal = journal;
    this.#concurrency = concurrency;
  }

  /** Begins a start that must be over within `ms` milliseconds. */
  begin(ms: number): void {
    this.#interrupter = new AbortController();
    this.#deadline = this.clock.monotonic() + ms;
  }

  /** Ends the running start early; its hooks see their signals abort, and it fails with this reason. */
  interruptWith(reason: FxError): void {
    this.#interrupter.abort(reason);
  }

  get interrupt(): AbortSignal {
    return this.#interrupter.signal;
  }

  get isHeard(): boolean {
    return this.#journal.isHeard;
  }

  emit(instance: Instance, event: Event): void {
    if (this.#outbox === undefined) this.#journal.emit(event, this.#scopeOf(instance, event));
    else this.#outbox.add(event, instance);
  }

  /** Lifecycle events go to the app's logger, whatever the module. */
  #scopeOf({ node }: Instance, { kind }: Event): Node['scope'] {
    return /^(BeforeRun|Run|Invok)/.test(kind) ? node.scope : this.#graph.root;
  }

  common({ node }: Instance): { readonly at: number; readonly component: string; readonly module: string } {
    return { at: this.clock.monotonic(), component: node.label, module: node.scope.name };
  }

  /** Visits every instance after those that it requires, or backwards, before them. Events come in the same order. */
  async each(direction: 'forwards' | 'backwards', visit: (instance: Instance) => void | Promise<void>): Promise<void> {
    const items = direction === 'forwards' ? this.instances : this.instances.toReversed();
    if (this.#concurrency <= 1) return inOrder(items, visit);
    const waitsFor = this.#neighbours(direction);
    const outbox = new Outbox<Instance>(items, (event, of) => this.#journal.emit(event, this.#scopeOf(of, event)));
    this.#outbox = outbox;
    try {
      await together({
        items,
        concurrency: this.#concurrency,
        waitsFor: (instance) => waitsFor.get(instance) ?? [],
        visit: async (instance) => {
          try {
            await visit(instance);
          } catch (error) {
            this.interruptWith(interrupted(`${instance.node.label} failed`));
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
  #neighbours(direction: 'forwards' | 'backwards'): ReadonlyMap<Instance, ReadonlySet<Instance>> {
    const neighbours = new Map(this.instances.map((each) => [each, new Set<Instance>()]));
    for (const instance of this.instances) {
      for (const { node } of instance.node.sources.flat()) {
        const required = this.instances[node.rank];
        if (required === undefined) continue;
        if (direction === 'forwards') neighbours.get(instance)?.add(required);
        else neighbours.get(required)?.add(instance);
      }
    }
    return neighbours;
  }

  /** Marks as skipped what requires something that is not there. */
  skip(instance: Instance): boolean {
    const blocker = this.#hasLosses ? instance.blockedBy(this.instances) : undefined;
    if (blocker === undefined) return false;
    instance.state = 'skipped';
    if (this.isHeard) this.emit(instance, { kind: 'Skipped', ...this.common(instance), because: `${blocker.node.label} ${blocker.state}` });
    return true;
  }

  /** Goes on without a component that may fail; throws for any other, and when the whole phase is at its end. */
  lose(instance: Instance, findings: readonly Finding[]): void {
    const error = errorOf(findings);
    instance.state = 'failed';
    instance.failure = error;
    this.#hasLosses = true;
    const isOver = this.interrupt.aborted || this.clock.monotonic() >= this.#deadline;
    if (!instance.node.item.allowedToFail || isOver) throw error;
    if (this.isHeard) this.emit(instance, { kind: 'Degraded', ...this.common(instance), error });
  }

  /** Milliseconds until the running start must be over. */
  left(now: number): number {
    return Math.max(0, this.#deadline - now);
  }

  timedOut(what: { readonly code: Code; readonly what: string; readonly place: Place; readonly instance: Instance; readonly ms: number; readonly isOwn: boolean }): FxError {
    const { code, instance, ms, isOwn } = what;
    const limit = isOwn ? `its deadline of ${seconds(ms)}` : `the deadline of the whole start (${seconds(ms)} were left for it)`;
    const others = this.instances.filter((each) => each !== instance);
    const running = others.flatMap(({ node, hooks }) => hooks.filter(({ state }) => state === 'starting' || state === 'stopping').map(({ name }) => `${node.label}/${name}`));
    const goal = code === 'FX_CREATE_TIMEOUT' ? 'constructed' : 'started';
    const finished = others.filter(({ state }) => state === goal).map(({ node }) => node.label);
    return new FxError([
      {
        code,
        message: `${what.what} did not settle within ${limit}; also running: ${list(running)}; done: ${list(finished)}`,
        component: instance.node.label,
        wantedBy: this.pathTo(instance.node),
        place: String(what.place),
        fix: 'make it honour its signal and return sooner, or give it a longer deadline ("timeouts")',
      },
    ]);
  }

  /** From a root to the node: who is to blame for its being there. */
  pathTo(node: Node): string {
    const path = [node.label];
    for (let each = node; each.neededBy !== undefined && each.neededBy !== each; each = each.neededBy) path.unshift(each.neededBy.label);
    return path.join(' -> ');
  }

  connectLogger(instance: Instance): void {
    for (const output of instance.node.item.outputs) {
      if (output.token !== (EventSink as Token)) continue;
      this.#journal.connect(instance.node.scope, valueOf(new Source(instance.node, output), this.instances) as EventSink);
      this.emit(instance, { kind: 'LoggerInitialized', ...this.common(instance) });
    }
  }
}

/** The error that a start ends with when it is not to go on. */
export function interrupted(by: string): FxError {
  return new FxError([
    { code: 'FX_INTERRUPTED', message: `the start was interrupted: ${by}`, fix: 'nothing, if this was wanted: everything that had started is stopped' },
  ]);
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  if (names.length === 0) return 'nothing';
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}

function seconds(ms: number): string {
  return `${Math.round(ms) / 1000} s`;
}
