import type { Clock } from '../../src/fx/index.ts';
import type { Random } from '../random/index.ts';
import type { EventTarget, KubernetesEvent } from './index.ts';

/** An event as it stands on the wire, in core/v1, as client-go's recorder makes it. */
export interface WireEvent {
  readonly apiVersion: 'v1';
  readonly kind: 'Event';
  readonly metadata: { readonly name: string; readonly namespace: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly involvedObject: EventTarget;
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component: string };
  readonly type: KubernetesEvent['type'];
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly eventTime: null;
  readonly reportingComponent: string;
  readonly reportingInstance: string;
  readonly [key: string]: unknown;
}

const defaultComponent = 'datadog-cluster-agent';
/** A DNS subdomain of RFC 1123: each part between dots begins and ends with a letter or digit. */
const isName = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Makes events, and names for them that no other event has. */
export class EventMaker {
  readonly #clock: Clock;
  /** Fills the nanoseconds that the clock does not have. */
  #fraction: number;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#fraction = Math.floor(random.next() * 1e6);
  }

  make({ about, type, reason, message, annotations, component = defaultComponent }: KubernetesEvent): WireEvent {
    const now = this.timestamp();
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: this.name(about.name), namespace: about.namespace ?? 'default', ...(annotations && { annotations }) },
      involvedObject: about,
      reason,
      message,
      source: { component },
      type,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: '',
    };
  }

  /** The object's name and the time in nanoseconds; without the former where that would be no name of an object. */
  name(object: string): string {
    this.#fraction = (this.#fraction + 1) % 1e6;
    const nanoseconds = (BigInt(Math.floor(this.#clock.now())) * 1_000_000n + BigInt(this.#fraction)).toString(16);
    const name = `${object}.${nanoseconds}`;
    return isName.test(name) ? name : `event.${nanoseconds}`;
  }

  /** Now, in Go's `metav1.Time`: seconds. */
  timestamp(): string {
    return `${new Date(this.#clock.now()).toISOString().slice(0, 19)}Z`;
  }
}
