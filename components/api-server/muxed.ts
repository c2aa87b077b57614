import { networkInterfaces } from 'node:os';
import { selfSigned } from '../../src/certificates/index.ts';
import { Clock, component, Lifecycle, module, optional } from '../../src/fx/index.ts';
import { AuthTokens } from '../auth-token/index.ts';
import { Config } from '../config/index.ts';
import { leaderElectionSettings } from '../leader-election/index.ts';
import { Log } from '../log/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { apiCore, ApiCore, contributions } from './core.ts';
import { Front, type Patience, patience } from './front.ts';
import { GrpcEndpoint } from './grpc.ts';
import { ApiServer, apiServerSettings, type Route } from './index.ts';
import { itself, portUser } from './port-user.ts';

/** Milliseconds that requests and streams have to end by themselves when the agent stops. */
const graceMs = 5000;

function listener(limits: Patience) {
  return component({
    provides: ApiServer,
    requires: { core: ApiCore, config: Config, tokens: AuthTokens, pod: optional(OwnPod), log: Log, clock: Clock, lifecycle: Lifecycle },
    create(needs) {
      const server = new MuxedApiServer({ ...needs, limits });
      needs.lifecycle.append({
        name: 'listen',
        start: () => server.listen(),
        drain: ({ deadline }) => server.close(Math.min(graceMs, deadline - needs.clock.monotonic())),
        stop: () => server.close(0),
      });
      return server;
    },
  });
}

/** REST over HTTP/1.1 and 2, and gRPC, on one TLS port. */
export const muxedApiServer = apiServerWith(patience);

/** The same with other limits on how long clients may take. */
export function apiServerWith(limits: Patience) {
  return module('api-server', [listener(limits), contributions], { private: [apiCore] });
}

interface MuxedParts {
  readonly core: ApiCore;
  readonly config: Config;
  readonly tokens: AuthTokens;
  readonly pod: OwnPod | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: Patience;
}

class MuxedApiServer implements ApiServer {
  port = 0;
  readonly #parts: MuxedParts;
  #front: Front | undefined;

  constructor(parts: MuxedParts) {
    this.#parts = parts;
  }

  add(route: Route): () => void {
    return this.#parts.core.rest.routes.add(route);
  }

  /** @throws Error `unable to create the api server: …` */
  async listen(): Promise<void> {
    const wanted = this.#parts.config.get(apiServerSettings.cmdPort);
    try {
      this.#front = await this.#open();
      this.port = await this.#front.listen(wanted);
    } catch (error) {
      this.#front = undefined;
      throw new Error(`unable to create the api server: ${await reasonOf(error, wanted)}`, { cause: error });
    }
    this.#parts.log.info(`the API server listens on port ${this.port}`);
  }

  /** Does nothing the second time. */
  async close(ms: number): Promise<void> {
    const front = this.#front;
    this.#front = undefined;
    this.port = 0;
    await front?.close(ms);
  }

  async #open(): Promise<Front> {
    const { core, config, tokens, pod, clock, limits } = this.#parts;
    const { rest, services, connections, requests: perClient } = core;
    const grpc = await GrpcEndpoint.open({ tokens, rest, perClient, services, messageMax: config.get(apiServerSettings.grpcMessageMax) });
    const identity = selfSigned({
      organizations: ['Datadog, Inc.'],
      hosts: hosts(config.get(leaderElectionSettings.service), await pod?.namespace()),
    });
    const allowLegacyTls = config.get(apiServerSettings.allowLegacyTls);
    return new Front({ identity, allowLegacyTls, connections, rest, grpc, clock, patience: limits });
  }
}

/** What clients may call this server by. Today's do not check; later ones can. */
function hosts(service: string, namespace: string | undefined): string[] {
  const inCluster = namespace === undefined ? [] : ['', '.svc', '.svc.cluster.local'].map((end) => `${service}.${namespace}${end}`);
  const names = service === '' ? [] : [service, ...inCluster];
  const addresses = Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
  return ['localhost', ...names, ...new Set(['127.0.0.1', ...addresses])];
}

async function reasonOf(error: unknown, port: number): Promise<string> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const remedy = 'set cluster_agent.cmd_port (DD_CLUSTER_AGENT_CMD_PORT)';
  if (code === 'EADDRINUSE') {
    const user = await portUser(port);
    return `port ${port} is in use by ${user ?? 'another process'}: ${user === itself ? '' : 'stop it, or '}${remedy} to a free port`;
  }
  if (code === 'EACCES') return `this user may not listen on port ${port}: ${remedy} to one above 1023`;
  return error instanceof Error ? error.message : String(error);
}
