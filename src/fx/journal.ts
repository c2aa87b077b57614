import type { Clock } from './clock.ts';
import type { Code } from './errors.ts';
import type { Event, EventSink, Happening } from './events.ts';
import { isLogger, loggerOf, outputName, valueOf, type Graph, type Node, type Scope } from './graph.ts';
import type { Token } from './token.ts';
import type { Outcome, Step } from './walk.ts';

/** Whom an event is about. */
type Subject = Pick<Node, 'label' | 'scope'>;

/** Module events go to the logger of the module, those of the lifecycle to the app's. */
const ofModule = /^(?:Provided|Supplied|Replaced|Decorated|Gated|BeforeRun|Run|Invoking|Invoked)$/;

export interface JournalOptions {
  readonly clock: Clock;
  readonly root: Scope;
  /** Hear every event at once. */
  readonly sinks: readonly EventSink[];
  /** Takes what was kept for a logger that could not be built. */
  readonly fallback: EventSink;
}

/** Brings events to the sinks: at once to those given to the app, in order but later to loggers that are components. */
export class Journal {
  readonly #options: JournalOptions;
  /** Where the events of a module go: to its logger, and until that is built, into what is kept for it. */
  readonly #loggers = new Map<Scope, EventSink>();
  readonly #kept = new Map<Scope, Event[]>();
  #outbox: Outbox | undefined;
  /** Whether anybody listens: making events costs more than not making them. */
  isHeard: boolean;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.isHeard = options.sinks.length > 0;
  }

  /** Notes what has happened, to a component or to the app as a whole. */
  tell(happening: Happening, to?: Subject): void {
    if (!this.isHeard) return;
    const at = this.#options.clock.monotonic();
    const { kind, ...what } = happening;
    const event = { kind, at, ...(to && { component: to.label, module: to.scope.name }), ...what } as Event;
    const scope = to !== undefined && ofModule.test(event.kind) ? to.scope : this.#options.root;
    if (to === undefined || this.#outbox?.keep(to, () => this.#emit(event, scope)) !== true) this.#emit(event, scope);
  }

  #emit(event: Event, scope: Scope): void {
    for (const sink of this.#options.sinks) hand(event, sink);
    for (let each: Scope | undefined = scope; each !== undefined; each = each.parent) {
      const logger = this.#loggers.get(each);
      if (logger !== undefined) return hand(event, logger);
    }
  }

  /** While these are worked on at the same time, what is told of them comes out in their order. */
  async inOrderOf(nodes: readonly Node[], work: (done: (node: Node) => void) => Step): Promise<Outcome> {
    const outbox = new Outbox(this.isHeard ? nodes : []);
    this.#outbox = outbox;
    try {
      return await work((node) => outbox.done(node));
    } finally {
      this.#outbox = undefined;
      outbox.end();
    }
  }

  /** Announces loggers: what happens before one is built is kept for it. */
  expect(loggers: readonly Node[]): void {
    for (const { scope } of loggers) {
      const kept: Event[] = [];
      this.#kept.set(scope, kept);
      this.#loggers.set(scope, (event) => void kept.push(event));
      this.isHeard = true;
    }
  }

  /** A logger that is decorated or replaced in its module is heard only through what stands for it. */
  connectLogger(node: Node): void {
    const output = node.outputs.find(isLogger);
    if (output === undefined || loggerOf(node.scope) !== node) return;
    this.#connect(node.scope, valueOf(output) as EventSink);
    this.tell({ kind: 'LoggerInitialized' }, node);
  }

  /** What was kept for a logger that is not going to come goes to the fallback. */
  loseLogger(node: Node, error: unknown): void {
    if (!node.outputs.some(isLogger)) return;
    this.tell({ kind: 'LoggerInitialized', error }, node);
    this.giveUp(node.scope);
  }

  /** Hands what is still kept to the fallback: the logger of this module, or all of them, are not going to come. */
  giveUp(of?: Scope): void {
    for (const scope of this.#kept.keys()) if ((of ?? scope) === scope) this.#connect(scope, this.#options.fallback);
  }

  #connect(scope: Scope, sink: EventSink): void {
    if (!this.#loggers.has(scope)) return;
    this.#loggers.set(scope, sink);
    for (const event of this.#kept.get(scope) ?? []) hand(event, sink);
    this.#kept.delete(scope);
  }
}

const declared = { provide: 'Provided', supply: 'Supplied', decorate: 'Decorated', replace: 'Replaced' } as const;
const blamed: readonly Code[] = ['FX_DUPLICATE', 'FX_BAD_DEFINITION'];

/** Tells what a list declares: fx's own first, then every component in list order, then what is off. */
export function declare(graph: Graph, builtIns: Iterable<Token>, journal: Journal): void {
  const fx = { label: 'fx', scope: graph.root };
  for (const { key } of builtIns) journal.tell({ kind: 'Provided', outputs: [key], private: false, trace: [] }, fx);
  for (const node of graph.nodes) {
    const { outputs, item } = node;
    const { kind, place } = item;
    if (outputs.length === 0 || kind === 'invoke') continue;
    const trace = [String(place)];
    for (let scope: Scope | undefined = node.scope; scope?.place !== undefined; scope = scope.parent)
      trace.push(`${String(scope.place)} (${scope.name})`);
    const finding = graph.findings.find(({ component, code }) => component === node.label && blamed.includes(code));
    const failure = finding === undefined ? {} : { error: new Error(finding.message) };
    const isPrivate = node.visibleIn !== graph.root;
    journal.tell({ kind: declared[kind], outputs: outputs.map(outputName), private: isPrivate, trace, ...failure }, node);
  }
  for (const node of graph.gated) journal.tell({ kind: 'Gated', because: node.off ?? '' }, node);
}

/** Keeps what is told of components, and lets it out in their order: of each as soon as it and all before it are done. */
class Outbox {
  /** Of those whose turn has not come, in their order. */
  readonly #kept: Map<Subject, (() => void)[]>;
  readonly #done = new Set<Subject>();

  constructor(order: readonly Subject[]) {
    this.#kept = new Map(order.map((each) => [each, []]));
  }

  /** False when its turn has come: then there is nothing to wait for. */
  keep(of: Subject, tell: () => void): boolean {
    return this.#kept.get(of)?.push(tell) !== undefined;
  }

  done(of: Subject): void {
    this.#done.add(of);
    for (const [next, kept] of this.#kept) {
      if (!this.#done.has(next)) return;
      this.#kept.delete(next);
      for (const tell of kept) tell();
    }
  }

  /** Lets out what is left, in order: the work has ended early. */
  end(): void {
    for (const each of this.#kept.keys()) this.done(each);
  }
}

function hand(event: Event, sink: EventSink): void {
  try {
    sink(event);
  } catch {
    // A logger that fails must not fail the app, and there is nobody else to tell.
  }
}
