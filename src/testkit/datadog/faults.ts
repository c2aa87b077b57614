/** What a fault may look at to decide whether it hits a request. */
export interface RequestFacts {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** What the query API was asked for; empty on other paths. */
  readonly query: string;
}

/** Which requests a fault hits: all of them, until it is removed, unless it says less. */
export interface FaultTarget {
  readonly when?: (request: RequestFacts) => boolean;
  /** Only so many requests. Default: no limit. */
  readonly times?: number;
}

/** What goes wrong. */
export type FaultEffect =
  /** The answer comes later. Several add up. */
  | { readonly kind: 'latency'; readonly milliseconds: number }
  /** The request is read and never answered; its connection is cut when the server stops. */
  | { readonly kind: 'hang' }
  /** An error answer. `resetSeconds` is what a 429 says in its rate-limit headers. Default 10. */
  | { readonly kind: 'refuse'; readonly code: number; readonly resetSeconds?: number }
  /** 200, with a body that is no JSON. */
  | { readonly kind: 'garbage' }
  /** The answer begins, and then the connection is gone. */
  | { readonly kind: 'cut' };

export type Fault = FaultTarget & FaultEffect;

/** A fault in force. */
export interface ActiveFault {
  /** The requests that it hit so far. */
  readonly hits: number;
  /** Ends it. Doing so again does nothing. */
  remove(): void;
}

/** What goes wrong: all faults that hit a request take effect, in the order in which they were added. */
export class Faults {
  readonly #entries = new Set<{ readonly fault: Fault; hits: number }>();

  /** Puts `fault` in force until its handle removes it. */
  add(fault: Fault): ActiveFault {
    const entry = { fault, hits: 0 };
    this.#entries.add(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => void this.#entries.delete(entry),
    };
  }

  /** Removes all. */
  clear(): void {
    this.#entries.clear();
  }

  /** The effects on a request, counting the hits. */
  hit(request: RequestFacts): readonly FaultEffect[] {
    const hit = [...this.#entries].filter(({ fault, hits }) => hits < (fault.times ?? Infinity) && (fault.when?.(request) ?? true));
    for (const entry of hit) entry.hits += 1;
    return hit.map(({ fault }) => fault);
  }
}
