import type { Event, EventSink } from './events.ts';
import type { Scope } from './graph.ts';

/** Where the events of a module go: to its logger, and until that is built, into a buffer. */
interface Channel {
  sink: EventSink | undefined;
  kept: Event[];
}

/** Brings events to the sinks: at once to those given to the app, in order but later to loggers that are components. */
export class Journal {
  readonly #direct: readonly EventSink[];
  readonly #fallback: EventSink;
  readonly #channels = new Map<Scope, Channel>();

  /** @param fallback takes what was kept for a logger that could not be built */
  constructor(direct: readonly EventSink[], fallback: EventSink) {
    this.#direct = direct;
    this.#fallback = fallback;
  }

  /** Whether anybody listens: making events costs more than not making them. */
  get isHeard(): boolean {
    return this.#direct.length > 0 || this.#channels.size > 0;
  }

  /** Announces that this module will have a logger of its own. */
  expect(scope: Scope): void {
    this.#channels.set(scope, { sink: undefined, kept: [] });
  }

  connect(scope: Scope, sink: EventSink): void {
    const channel = this.#channels.get(scope);
    if (channel === undefined) return;
    channel.sink = sink;
    for (const event of channel.kept.splice(0)) hand(event, sink);
  }

  /** Hands what is still kept to the fallback: the logger of this module, or all of them, are not going to come. */
  giveUp(of?: Scope): void {
    for (const [scope, { sink }] of this.#channels) if (sink === undefined && (of ?? scope) === scope) this.connect(scope, this.#fallback);
  }

  emit(event: Event, scope: Scope | undefined): void {
    for (const sink of this.#direct) hand(event, sink);
    for (let each = scope; each !== undefined; each = each.parent) {
      const channel = this.#channels.get(each);
      if (channel === undefined) continue;
      if (channel.sink === undefined) channel.kept.push(event);
      else hand(event, channel.sink);
      return;
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
