import type { LeaderElection } from '../leader-election/index.ts';
import type { LeaderForwarder } from '../leader-forwarder/index.ts';
import type { Counter } from '../telemetry/index.ts';
import { RouteError, type Route, type RouteRequest, type RouteResponse } from './index.ts';

/** Who leads, for routes that only the leader answers; absent parts are told to the client as the Go agent does. */
export interface LeadershipParts {
  /** Whether replicas elect a leader at all: where not, each answers for itself. */
  readonly isElected: boolean;
  readonly election: LeaderElection | undefined;
  readonly forwarder: LeaderForwarder | undefined;
  readonly forwarded: Counter<'handler'>;
}

export class Leadership {
  readonly #parts: LeadershipParts;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
  }

  /** The leader's answer, from here or from where it is. */
  async answer(route: Route, request: RouteRequest): Promise<RouteResponse> {
    const { isElected, election, forwarder, forwarded } = this.#parts;
    if (!isElected) return await route.handle(request);
    if (election === undefined) throw new RouteError(503, "leader engine can't be retrieved");
    if (election.isLeader()) return await route.handle(request);
    if (forwarder === undefined) throw new RouteError(503, 'leader forwarder is not available');
    forwarded.add({ handler: route.handlerName ?? route.path });
    return await forwarder.forward(request);
  }
}
