import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ServerCredentials } from '@grpc/grpc-js';
import { Router } from '@koa/router';
import Koa from 'koa';
import { createServer as createGrpc } from 'nice-grpc';
import { AgentSecureDefinition } from '../../../components/agent-secure/index.ts';
import { ApiServer, GrpcService, Route } from '../../../components/api-server/index.ts';
import { muxedApiServer } from '../../../components/api-server/muxed.ts';
import { fakeTokens } from '../../../components/auth-token/fake.ts';
import { existingAuthTokens } from '../../../components/auth-token/files.ts';
import { fakeConfig } from '../../../components/config/fake.ts';
import { fakeLog } from '../../../components/log/fake.ts';
import { rulesScrubber } from '../../../components/scrubber/rules.ts';
import { prometheusTelemetry } from '../../../components/telemetry/prometheus.ts';
import { selfSigned } from '../../../src/certificates/index.ts';
import { component, many, run, supply } from '../../../src/fx/index.ts';
import { cold, hot, tagger } from './work.ts';

export type Server = 'armature' | 'koa' | 'nice-grpc';

/** Each serves the same work, says on which port, and resolves when it has stopped. */
export const servers: Readonly<Record<Server, (listening: (port: number) => void) => Promise<void>>> = {
  /** The agent's own: one port for REST and gRPC, with authentication, telemetry and limits. */
  async armature(listening) {
    process.exitCode = await run([
      fakeConfig({ 'cluster_agent.cmd_port': 0, 'cluster_agent.auth_token': fakeTokens['cluster-agent'] }),
      fakeLog(),
      rulesScrubber,
      existingAuthTokens,
      prometheusTelemetry,
      supply(many(GrpcService), { definition: AgentSecureDefinition, implementation: tagger }),
      component({ name: 'routes', provides: many(Route, { flatten: true }), create: routes }),
      muxedApiServer,
      component({ name: 'report', requires: { api: ApiServer }, create: ({ api }) => api, start: ({ port }) => listening(port) }),
    ]);
  },

  /** Bare Koa and its router on node:https; nobody is asked for a token. */
  async koa(listening) {
    const router = new Router();
    for (const { method, route, answer } of hot) {
      router.register(route, [method], async (context) => {
        for await (const chunk of context.req) void chunk;
        context.body = answer;
      });
    }
    for (const path of cold) router.get(path, (context) => void (context.body = path));
    const app = new Koa().use(router.routes());
    const server = createHttps({ ...identity(), minVersion: 'TLSv1.3' }, app.callback()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    listening((server.address() as AddressInfo).port);
    await once(server, 'close');
  },

  /** A plain port of nice-grpc with the same channel options; nobody is asked for a token. */
  async 'nice-grpc'(listening) {
    const server = createGrpc({ 'grpc.enable_channelz': 0 });
    server.add(AgentSecureDefinition, { ...tagger, async *streamKubeMetadata() {} });
    const { cert, key } = identity();
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
    listening(await server.listen('127.0.0.1:0', ServerCredentials.createSsl(null, [pair])));
    await new Promise(() => {});
  },
};

function routes(): Route[] {
  const hotRoutes = hot.map(({ method, route, answer }): Route => ({
    method,
    path: route,
    access: 'cluster-agent',
    handlerName: route,
    handle: async ({ body }) => {
      await body();
      return { body: answer };
    },
  }));
  const coldRoutes = cold.map((path): Route => ({ method: 'GET', path, access: 'cluster-agent', handle: () => ({ body: path }) }));
  return [...hotRoutes, ...coldRoutes];
}

function identity(): { cert: string; key: string } {
  const { certificate, key } = selfSigned({ organizations: ['Datadog, Inc.'], hosts: ['localhost', '127.0.0.1'] });
  return { cert: certificate, key };
}
