import { Clock, component, many, optional, token } from '../../src/fx/index.ts';
import { AuthTokens } from '../auth-token/index.ts';
import { Config, type Setting } from '../config/index.ts';
import { LeaderElection, leaderElectionSettings } from '../leader-election/index.ts';
import { LeaderForwarder } from '../leader-forwarder/index.ts';
import { Log } from '../log/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { ClientLimit, type Limited } from './client-limit.ts';
import { ApiServer, apiServerSettings, GrpcService, Route } from './index.ts';
import { Leadership } from './leadership.ts';
import { type HandlerLabel, Rest } from './rest.ts';

/** What the server serves; filled while components are constructed, served from the start of its listener on. */
export interface ApiCore {
  readonly rest: Rest;
  /** What one client may have at a time: connections, and requests and calls on them. */
  readonly connections: ClientLimit;
  readonly requests: ClientLimit;
  readonly services: GrpcService[];
}
export const ApiCore = token<ApiCore>()('api-server.core');

const labels: readonly HandlerLabel[] = ['handler', 'status', 'forwarded'];

export const apiCore = component({
  provides: ApiCore,
  requires: { config: Config, tokens: AuthTokens, log: Log, telemetry: Telemetry, clock: Clock },
  create({ config, tokens, log, telemetry, clock }): ApiCore {
    const requests = telemetry.counter({ subsystem: '', name: 'api_requests', help: 'Requests that a handler answered', labels });
    const elapsed = telemetry.histogram({ subsystem: '', name: 'api_elapsed', help: 'Seconds that handlers took to answer', labels });
    const timeMs = config.get(apiServerSettings.idleTimeoutSeconds) * 1000;
    const limits = clientLimits({ config, log, telemetry, clock });
    return { rest: new Rest({ tokens, clock, log, timeMs, perClient: limits.requests, requests, elapsed }), ...limits, services: [] };
  },
});

interface Needs {
  readonly config: Config;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

function clientLimits({ config, telemetry, ...needs }: Needs): Readonly<Record<Limited, ClientLimit>> {
  const help = 'Connections and requests of clients that had as many as they may';
  const refused = telemetry.counter({ subsystem: '', name: 'api_refused', help, labels: ['what'] });
  const limit = (what: Limited, of: Setting<number>): ClientLimit =>
    new ClientLimit({ ...needs, what, max: config.get(of), setting: of.key, refused });
  return {
    connections: limit('connections', apiServerSettings.connectionsPerClient),
    requests: limit('requests', apiServerSettings.requestsPerClient),
  };
}

/**
 * Brings the routes and services that other components contribute.
 *
 * A component of its own, because contributors come late in the start and the port opens early: the server needs none of them, and by
 * the time that it starts all of them are constructed.
 */
export const contributions = component({
  name: 'api-server.contributions',
  requires: {
    // It opens for what is brought here: an agent in which nobody else asks for the server has one all the same.
    server: ApiServer,
    core: ApiCore,
    config: Config,
    telemetry: Telemetry,
    routes: many(Route),
    services: many(GrpcService),
    election: optional(LeaderElection),
    forwarder: optional(LeaderForwarder),
  },
  create({ core, config, telemetry, routes, services, election, forwarder }) {
    const help = 'Requests that were handed on to the leader';
    const forwarded = telemetry.counter({ subsystem: '', name: 'forwarded_requests', help, labels: ['handler'] });
    const isElected = config.get(leaderElectionSettings.enabled);
    core.rest.leadership = new Leadership({ isElected, election, forwarder, forwarded });
    for (const route of routes) core.rest.routes.add(route);
    core.services.push(...services);
  },
});
