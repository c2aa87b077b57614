import { token } from '../../src/fx/index.ts';
import type { RouteRequest, RouteResponse } from '../api-server/index.ts';

export { leaderForwarderSettings } from './settings.ts';

/** Hands requests on to the replica that leads. */
export interface LeaderForwarder {
  /** The leader's answer, with `X-DCA-Forwarded: true`; 508 for a request that was forwarded before, 503 without a leader, 502 when it cannot be reached. */
  forward(request: RouteRequest): Promise<RouteResponse>;
}
export const LeaderForwarder = token<LeaderForwarder>()('leader-forwarder');
