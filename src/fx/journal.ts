import type { Event, EventSink } from './events.ts';
import type { Scope } from './graph.ts';

/** Brings events to the sinks: at once to those given to the app, in order but later to loggers that are components. */
export class Journal {
  readonly #direct: readonly EventSink[];
  readonly #fallback: EventSink;
  /** Where the events of a module go: to its logger, and until that is built, into what is kept for it. */
  readonly #loggers = new Map<Scope, EventSink>();
  readonly #kept = new Map<Scope, Event[]>();

  /** @param fallback takes what was kept for a logger that could not be built */
  constructor(direct: readonly EventSink[], fallback: EventSink) {
    this.#direct = direct;
    this.#fallback = fallback;
  }

  /** Whether anybody listens: making events costs more than not making them. */
  get isHeard(): boolean {
    return this.#direct.length > 0 || this.#loggers.size > 0;
  }

  /** Announces that this module will have a logger of its own. */
  expect(scope: Scope): void {
    const kept: Event[] = [];
    this.#kept.set(scope, kept);
    this.#loggers.set(scope, (event) => void kept.push(event));
  }

  connect(scope: Scope, sink: EventSink): void {
    if (!this.#loggers.has(scope)) return;
    this.#loggers.set(scope, sink);
    for (const event of this.#kept.get(scope) ?? []) hand(event, sink);
    this.#kept.delete(scope);
  }

  /** Hands what is still kept to the fallback: the logger of this module, or all of them, are not going to come. */
  giveUp(of?: Scope): void {
    for (const scope of this.#kept.keys()) if ((of ?? scope) === scope) this.connect(scope, this.#fallback);
  }

  emit(event: Event, scope: Scope | undefined): void {
    for (const sink of this.#direct) hand(event, sink);
    for (let each = scope; each !== undefined; each = each.parent) {
      const logger = this.#loggers.get(each);
      if (logger !== undefined) return hand(event, logger);
    }
  }
}

function hand(event: Event, sink: EventSink): void {
  try {
    sink(event);
  } catch {
    // A logger that fails must not fail the app, and there is nobody else to tell.
  }
}

/**
 * Keeps the events of components that are worked on at the same time, and lets them out component by component in the
 * given order, each as soon as it and all before it are done.
 */
export class Outbox<T> {
  readonly #order: readonly T[];
  readonly #deliver: (event: Event, of: T) => void;
  readonly #kept = new Map<T, Event[]>();
  readonly #done = new Set<T>();
  #next = 0;

  constructor(order: readonly T[], deliver: (event: Event, of: T) => void) {
    this.#order = order;
    this.#deliver = deliver;
  }

  add(event: Event, of: T): void {
    const kept = this.#kept.get(of);
    if (kept === undefined) this.#kept.set(of, [event]);
    else kept.push(event);
  }

  done(of: T): void {
    this.#done.add(of);
    for (let next = this.#order[this.#next]; next !== undefined && this.#done.has(next); next = this.#order[this.#next]) {
      this.#next += 1;
      this.#let(next);
    }
  }

  /** Lets out what is left, in order: the walk has ended early. */
  end(): void {
    for (const each of this.#order) this.#let(each);
  }

  #let(of: T): void {
    for (const event of this.#kept.get(of) ?? []) this.#deliver(event, of);
    this.#kept.delete(of);
  }
}
