import type { Clock } from '../../src/fx/index.ts';
import { RecentlyUsed } from './recently-used.ts';
import type { EventMaker, WireEvent } from './wire-event.ts';

/** client-go's limits; times in milliseconds. */
const keysMax = 4096;
const similarMax = 10;
const similarForMs = 600_000;
const burst = 25;
const oneMoreEveryMs = 300_000;

/** Messages of events that are alike but for those. */
interface Similar {
  readonly messages: Set<string>;
  readonly at: number;
}
/** What an event that came before was written as. */
type Observation = Pick<WireEvent, 'count' | 'firstTimestamp'> & { readonly name: string };
interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/**
 * client-go's correlator: what is the same becomes a count, what is alike becomes one, what is too much is not written.
 *
 * A count above 1 in what comes out means that an event of this name exists already.
 */
export class Correlator {
  readonly #clock: Clock;
  readonly #maker: EventMaker;
  readonly #similar = new RecentlyUsed<Similar>(keysMax);
  readonly #observed = new RecentlyUsed<Observation>(keysMax);
  readonly #buckets = new RecentlyUsed<Bucket>(keysMax);

  constructor(clock: Clock, maker: EventMaker) {
    this.#clock = clock;
    this.#maker = maker;
  }

  /** @returns `undefined` when it is not to be written; it counts all the same */
  correlate(event: WireEvent): WireEvent | undefined {
    const { event: one, key } = this.#aggregate(event);
    const counted = this.#count(one, key);
    return this.#isAdmitted(counted) ? counted : undefined;
  }

  #aggregate(event: WireEvent): { readonly event: WireEvent; readonly key: string } {
    const at = this.#clock.monotonic();
    const key = similarityKey(event);
    const before = this.#similar.get(key);
    const messages = before === undefined || at - before.at > similarForMs ? new Set<string>() : before.messages;
    messages.add(event.message);
    this.#similar.set(key, { messages, at });
    if (messages.size < similarMax) return { event, key: identityKey(event) };
    const [oldest = event.message] = messages;
    messages.delete(oldest);
    return { event: this.#combined(event), key };
  }

  #combined({ metadata: { namespace }, involvedObject, message, ...event }: WireEvent): WireEvent {
    const now = this.#maker.timestamp();
    return {
      ...event,
      metadata: { name: this.#maker.name(involvedObject.name), namespace },
      involvedObject,
      message: `(combined from similar events): ${message}`,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      reportingComponent: '',
      reportingInstance: '',
    };
  }

  #count(event: WireEvent, key: string): WireEvent {
    const before = this.#observed.get(key);
    const counted =
      before === undefined
        ? event
        : { ...event, metadata: { ...event.metadata, name: before.name }, firstTimestamp: before.firstTimestamp, count: before.count + 1 };
    const { count, firstTimestamp, metadata } = counted;
    this.#observed.set(key, { count, firstTimestamp, name: metadata.name });
    return counted;
  }

  /** A token bucket for each source and object. */
  #isAdmitted(event: WireEvent): boolean {
    const at = this.#clock.monotonic();
    const key = objectKey(event).join('\n');
    const before = this.#buckets.get(key) ?? { tokens: burst, at };
    const tokens = Math.min(burst, before.tokens + (at - before.at) / oneMoreEveryMs);
    const isAdmitted = tokens >= 1;
    this.#buckets.set(key, { tokens: isAdmitted ? tokens - 1 : tokens, at });
    return isAdmitted;
  }
}

function objectKey({ source, involvedObject }: WireEvent): string[] {
  const { kind, namespace = '', name, uid = '', apiVersion } = involvedObject;
  return [source.component, kind, namespace, name, uid, apiVersion];
}

function similarityKey(event: WireEvent): string {
  const { type, reason, reportingComponent, reportingInstance } = event;
  return [...objectKey(event), type, reason, reportingComponent, reportingInstance].join('\n');
}

function identityKey(event: WireEvent): string {
  return [...objectKey(event), event.type, event.reason, event.message].join('\n');
}
