import type { Event, EventSink, Happening } from './events.ts';
import { isLogger, loggerOf, outputName, valueOf, type Node, type Scope } from './graph.ts';
import type { Life } from './life.ts';
import { isThenable } from './lifecycle.ts';
import type { Clock } from './system.ts';
import type { Outcome, Step } from './walk.ts';

/** Whom an event is about. */
type Subject = Pick<Node, 'label' | 'scope'>;
/** Takes events: a sink, or what is kept for one that is still to come. */
type Ear = EventSink | Event[];

/** Module events go to the logger of the module, those of the lifecycle to the app's. */
const ofModule = /^(?:Provided|Supplied|Replaced|Decorated|Gated|BeforeRun|Run|Invoking|Invoked)$/;

export interface JournalOptions {
  readonly clock: Clock;
  readonly root: Scope;
  /** Hear every event at once. */
  readonly sinks: readonly EventSink[];
  /** Components that hear the events of their modules: what happens before one is built is kept for it. */
  readonly loggers: readonly Node[];
  /** Takes what was kept for a logger that could not be built. */
  readonly fallback: EventSink;
}

/** Brings events to the sinks: at once to those given to the app, in order but later to loggers that are components. */
export class Journal {
  readonly #options: JournalOptions;
  readonly #loggers: Map<Scope, Ear>;
  /** Of what is worked on at the same time, in order: those whose turn has not come, and what was told of them. */
  readonly #turns = new Map<Subject, Event[]>();
  /** Whether anybody listens: making events costs more than not making them. */
  readonly isHeard: boolean;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#loggers = new Map(options.loggers.map(({ scope }) => [scope, []]));
    this.isHeard = options.sinks.length + options.loggers.length > 0;
  }

  /** Notes what has happened, to a component or to the app as a whole. */
  tell(happening: Happening, to?: Subject): void {
    if (!this.isHeard) return;
    const at = this.#options.clock.monotonic();
    const { kind, ...what } = happening;
    const event = { kind, at, ...(to && { component: to.label, module: to.scope.name }), ...what } as Event;
    const kept = to && this.#turns.get(to);
    if (kept === undefined) this.#emit(event, to);
    else kept.push(event);
  }

  #emit(event: Event, to: Subject | undefined): void {
    const { sinks, root } = this.#options;
    for (const sink of sinks) hand(event, sink);
    const { path } = to !== undefined && ofModule.test(event.kind) ? to.scope : root;
    const logger = path.map((scope) => this.#loggers.get(scope)).find((each) => each !== undefined);
    if (logger !== undefined) hand(event, logger);
  }

  /** While these are worked on at the same time, what is told of each comes out once it and all before it are done. */
  inOrderOf(nodes: readonly Node[], work: (done: (node: Node) => void) => Step): Promise<Outcome> {
    const finished = new Set<Subject>();
    const done = (node: Node): void => {
      finished.add(node);
      for (const [next, kept] of this.#turns) {
        if (!finished.has(next)) return;
        this.#turns.delete(next);
        for (const event of kept) this.#emit(event, next);
      }
    };
    for (const node of this.isHeard ? nodes : []) this.#turns.set(node, []);
    return Promise.resolve(work(done)).finally(() => nodes.forEach(done));
  }

  /**
   * A component was built or, with an error, is lost. If it is the logger of its module, it gets what was kept for it, or the
   * fallback does. One that is decorated or replaced there is heard only through what stands for it.
   */
  settle(node: Node, error?: unknown): void {
    const output = node.outputs.find(isLogger);
    if (output === undefined || loggerOf(node.scope) !== node) return;
    this.#connect(node.scope, error === undefined ? (valueOf(output) as EventSink) : this.#options.fallback);
    this.tell({ kind: 'LoggerInitialized', error }, node);
  }

  /** The loggers that have not come are not going to: hands what was kept for them to the fallback. */
  giveUp(): void {
    for (const scope of this.#loggers.keys()) this.#connect(scope, this.#options.fallback);
  }

  #connect(scope: Scope, sink: EventSink): void {
    const kept = this.#loggers.get(scope);
    if (!Array.isArray(kept)) return;
    this.#loggers.set(scope, sink);
    for (const event of kept) hand(event, sink);
  }
}

function hand(event: Event, to: Ear): void {
  try {
    const told: unknown = typeof to === 'function' ? to(event) : to.push(event);
    if (isThenable(told)) void Promise.resolve(told).catch(() => {});
  } catch {
    // A logger that fails must not fail the app, and there is nobody else to tell.
  }
}

const declared = { provide: 'Provided', supply: 'Supplied', decorate: 'Decorated', replace: 'Replaced' } as const;

/** Tells what a list declares: fx's own first, then every component in list order, then what is off. */
export function declare({ graph, journal, builtIns }: Life): void {
  const fx = { label: 'fx', scope: graph.root };
  for (const { key } of builtIns.keys()) journal.tell({ kind: 'Provided', outputs: [key], private: false, trace: [] }, fx);
  for (const node of graph.nodes) {
    const { label, outputs, item } = node;
    if (outputs.length === 0 || item.kind === 'invoke') continue;
    const modules = node.scope.path.slice(0, -1).map(({ place, name }) => `${String(place)} (${name})`);
    const trace = [String(item.place), ...modules];
    const finding = graph.findings.find(({ component }) => component === label);
    const error = finding && new Error(finding.message);
    const isPrivate = node.visibleIn !== graph.root;
    journal.tell({ kind: declared[item.kind], outputs: outputs.map(outputName), private: isPrivate, trace, error }, node);
  }
  for (const node of graph.gated) journal.tell({ kind: 'Gated', because: node.off ?? '' }, node);
}
