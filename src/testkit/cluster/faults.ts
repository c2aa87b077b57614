/** What a fault may look at to decide whether it hits a request. */
export interface RequestFacts {
  /** The user name; `system:anonymous` without credentials. */
  readonly user: string;
  /** get, list, watch, create, update, patch, delete, deletecollection; the lower-case HTTP method for other paths. */
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Whom a fault hits: by default every request of everybody, until it is removed. */
export interface FaultTarget {
  /** Only requests of the user of this name. */
  readonly user?: string;
  /** Only requests for which this returns true. */
  readonly when?: (request: RequestFacts) => boolean;
  /** Only so many requests; running watches do not count. Default: no limit. */
  readonly times?: number;
}

/** What goes wrong. */
export type FaultEffect =
  /** The answer comes later. Several add up. */
  | { readonly kind: 'latency'; readonly milliseconds: number }
  /** The request is read and not answered; after the fault's removal it goes on. */
  | { readonly kind: 'hang' }
  /** The connection stays open and says nothing more: new requests are never answered, running watches go silent. Cut on removal. */
  | { readonly kind: 'half-open' }
  /** An error answer, with a `Status` body. `retryAfterSeconds` becomes the header Retry-After. */
  | { readonly kind: 'refuse'; readonly code: number; readonly message?: string; readonly retryAfterSeconds?: number }
  /** An answer that is not the API's. */
  | ({ readonly kind: 'garble' } & Garbled)
  /** 410: watches, running ones too, get an ERROR event and end; continued lists are refused. */
  | { readonly kind: 'expired' }
  /** Running watches are ended, new ones end at once: cleanly, or with a reset connection. */
  | { readonly kind: 'cut-watches'; readonly how: 'end' | 'reset' }
  /** No connection: those that are open are cut, new requests are reset unread. */
  | { readonly kind: 'partition' }
  /** The server's clock is ahead by so much, for everybody: timestamps that it writes, tokens that it checks. */
  | { readonly kind: 'clock-skew'; readonly milliseconds: number };

/** What no API server says, but proxies and wrong addresses do. */
export interface Garbled {
  /** Default 200. */
  readonly code?: number;
  /** The content type. Default `application/json`. */
  readonly type?: string;
  readonly text: string;
  /** After the text the answer ends, or the connection is cut in the middle, or the text comes again for ever. Default `whole`. */
  readonly ending?: 'whole' | 'cut' | 'never';
}

/** Something that goes wrong, for somebody. */
export type Fault = FaultTarget & FaultEffect;

/** A fault in force. */
export interface ActiveFault {
  readonly fault: Fault;
  /** The requests and running watches that it hit so far. */
  readonly hits: number;
  /** Ends it. Doing so again does nothing. */
  remove(): void;
}

/** Hears of faults that come and go: the server, for what is running at that moment. */
export interface FaultListener {
  added(fault: Fault): void;
  removed(fault: Fault): void;
}

interface Entry {
  readonly fault: Fault;
  hits: number;
}

/** The faults of a cluster. They compose: all that hit a request take effect, in the order in which they were added. */
export class Faults {
  readonly #entries = new Set<Entry>();
  readonly #listener: FaultListener;

  constructor(listener: FaultListener) {
    this.#listener = listener;
  }

  /** Puts `fault` in force until its handle removes it. */
  add(fault: Fault): ActiveFault {
    const entry = { fault, hits: 0 };
    this.#entries.add(entry);
    this.#listener.added(fault);
    return {
      fault,
      get hits() {
        return entry.hits;
      },
      remove: () => {
        if (this.#entries.delete(entry)) this.#listener.removed(fault);
      },
    };
  }

  /** Removes all. */
  clear(): void {
    for (const entry of this.#entries) {
      this.#entries.delete(entry);
      this.#listener.removed(entry.fault);
    }
  }

  /** How far the server's clock is ahead, in milliseconds. */
  get skew(): number {
    return [...this.#entries].reduce((sum, { fault }) => sum + (fault.kind === 'clock-skew' ? fault.milliseconds : 0), 0);
  }

  /** The faults that hit a request, counting the hit. */
  hit(request: RequestFacts): Fault[] {
    const hit = [...this.#entries].filter((entry) => hits(entry.fault, request) && entry.hits < (entry.fault.times ?? Infinity));
    for (const entry of hit) entry.hits += 1;
    return hit.map((entry) => entry.fault);
  }

  /** Every fault in force, in the order in which they were added. */
  active(): Fault[] {
    return [...this.#entries].map((entry) => entry.fault);
  }
}

/** Whether `fault` is meant for `request`. */
export function hits(fault: Fault, request: RequestFacts): boolean {
  return (fault.user === undefined || fault.user === request.user) && (fault.when?.(request) ?? true);
}
