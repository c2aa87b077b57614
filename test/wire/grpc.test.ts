import { once } from 'node:events';
import http2 from 'node:http2';
import { ClientError, type CompatServiceDefinition, ServerError, Status } from 'nice-grpc';
import { describe, expect, it } from 'vitest';
import { AgentSecureDefinition, EventType, TagCardinality } from '../../components/agent-secure/index.ts';
import type { AgentSecureServiceImplementation, StreamTagsResponse } from '../../components/agent-secure/index.ts';
import type { GrpcService, Route } from '../../components/api-server/index.ts';
import { fakeTokens } from '../../components/auth-token/fake.ts';
import { goClient, http2Client } from './support/clients.ts';
import { grpcClient } from './support/grpc.ts';
import { wireServer } from './support/server.ts';

/** A tagger that knows one entity, and sends it as often as the streaming ID says; then it waits until the stream is to end. */
const tagger = {
  async *taggerStreamEntities({ streamingID, cardinality }, { signal }) {
    const entity = { id: { prefix: 'kubernetes_pod_uid', uid: 'u' }, lowCardinalityTags: ['env:x'] };
    if (cardinality === TagCardinality.UNRECOGNIZED) throw new ServerError(Status.INVALID_ARGUMENT, 'invalid cardinality');
    for (let count = 0; count < Number(streamingID); count += 1) yield { events: [{ type: EventType.ADDED, entity }] };
    if (!signal.aborted) await once(signal, 'abort');
  },
  async taggerFetchEntity({ id, cardinality }) {
    if (id === undefined) throw new ServerError(Status.INVALID_ARGUMENT, 'missing "id" parameter');
    return { id, cardinality, tags: [`uid:${id.uid}`] };
  },
} satisfies Partial<AgentSecureServiceImplementation>;
const services: readonly GrpcService[] = [{ definition: AgentSecureDefinition, implementation: tagger }];

async function statusOf(call: Promise<unknown>): Promise<{ code: Status; details: string }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClientError)) throw new Error('the call did not fail', { cause: error });
  return { code: error.code, details: error.details };
}

async function collect<T>(source: AsyncIterable<T>, count = Infinity): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) {
    items.push(item);
    if (items.length === count) break;
  }
  return items;
}

describe('AgentSecure', () => {
  it('has no more calls of one client at a time than one may have', async () => {
    await using server = await wireServer({ services, values: { 'cluster_agent.server.max_requests_per_client': 1 } });
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    const fetch = () => grpc.client.taggerFetchEntity({ id: { prefix: 'p', uid: 'u' } });
    const leaving = new AbortController();
    const stream = grpc.client.taggerStreamEntities({ streamingID: '1' }, { signal: leaving.signal })[Symbol.asyncIterator]();
    await stream.next();
    const refused = { code: Status.RESOURCE_EXHAUSTED, details: 'too many calls of this client at a time' };
    expect(await statusOf(fetch())).toEqual(refused);
    leaving.abort();
    await expect(stream.next()).rejects.toThrow();
    await expect
      .poll(() =>
        fetch().then(
          ({ tags }) => tags,
          () => undefined,
        ),
      )
      .toEqual(['uid:u']);
  });

  it('answers calls and streams on the port of REST', async () => {
    const version: Route = { method: 'GET', path: '/version', access: 'cluster-agent', handle: () => ({ body: '{}' }) };
    await using server = await wireServer({ services, routes: [version] });
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    await using rest = http2Client(server.port);
    await using agent = goClient(server.port);
    const [fetched, streamed, ...versions] = await Promise.all([
      grpc.client.taggerFetchEntity({ id: { prefix: 'p', uid: 'u' }, cardinality: TagCardinality.HIGH }),
      collect<StreamTagsResponse>(grpc.client.taggerStreamEntities({ streamingID: '1000' }), 1000),
      rest.ask('/version', { as: 'cluster-agent' }),
      agent.ask('/version', { as: 'cluster-agent' }),
    ]);
    expect(fetched).toMatchObject({ id: { prefix: 'p', uid: 'u' }, cardinality: TagCardinality.HIGH, tags: ['uid:u'] });
    expect(streamed).toHaveLength(1000);
    expect(streamed[999]?.events[0]?.entity?.lowCardinalityTags).toEqual(['env:x']);
    expect(versions.map(({ status, body }) => [status, body])).toEqual([
      [200, '{}'],
      [200, '{}'],
    ]);
  });

  it('passes on what a method throws', async () => {
    await using server = await wireServer({ services });
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    expect(await statusOf(grpc.client.taggerFetchEntity({}))).toEqual({ code: Status.INVALID_ARGUMENT, details: 'missing "id" parameter' });
  });

  it.each([
    ['', 'Request unauthenticated with Bearer'],
    ['Basic eDp5', 'Request unauthenticated with Bearer'],
    ['Bearer', 'invalid auth token: Invalid session token'],
    ['Bearer nope', 'invalid auth token: Invalid session token'],
    [`Bearer ${fakeTokens.session}`, 'invalid auth token: Invalid session token'],
  ])('refuses "%s"', async (authorization, details) => {
    await using server = await wireServer({ services });
    using grpc = grpcClient(AgentSecureDefinition, server.port, { authorization });
    const refused = { code: Status.UNAUTHENTICATED, details };
    expect(await statusOf(grpc.client.taggerFetchEntity({ id: { prefix: 'p', uid: 'u' } }))).toEqual(refused);
    expect(await statusOf(collect(grpc.client.taggerStreamEntities({ streamingID: '1' })))).toEqual(refused);
  });

  it('says of what nobody serves that it is not implemented', async () => {
    const other = { ...AgentSecureDefinition, fullName: 'datadog.api.v1.Other' } as const satisfies CompatServiceDefinition;
    await using server = await wireServer({ services });
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    using others = grpcClient(other, server.port);
    expect((await statusOf(collect(grpc.client.streamKubeMetadata({ nodeName: 'n' })))).code).toBe(Status.UNIMPLEMENTED);
    expect((await statusOf(others.client.taggerFetchEntity({}))).code).toBe(Status.UNIMPLEMENTED);
  });

  it('says so too when no component serves any of it', async () => {
    await using server = await wireServer();
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    expect((await statusOf(grpc.client.taggerFetchEntity({}))).code).toBe(Status.UNIMPLEMENTED);
  });

  it('lets several components serve a method each, but not the same one', async () => {
    const metadata: GrpcService = {
      definition: AgentSecureDefinition,
      implementation: { async *streamKubeMetadata() {}, helper: 'not a method' } as never,
    };
    await using server = await wireServer({ services: [...services, metadata] });
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    expect(await collect(grpc.client.streamKubeMetadata({}))).toEqual([]);
    expect((await grpc.client.taggerFetchEntity({ id: { prefix: 'p', uid: 'u' } })).tags).toEqual(['uid:u']);
    await expect(wireServer({ services: [...services, ...services] })).rejects.toThrow(
      /unable to create the api server: .*AgentSecure\/TaggerStreamEntities already/,
    );
  });

  it('refuses messages over the limit of the setting, in both directions', async () => {
    const values = { 'cluster_agent.cluster_tagger.grpc_max_message_size': 1000 };
    await using server = await wireServer({ services, values });
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    const ask = (length: number): Promise<unknown> => grpc.client.taggerFetchEntity({ id: { prefix: 'p', uid: 'u'.repeat(length) } });
    expect((await statusOf(ask(2000))).code).toBe(Status.RESOURCE_EXHAUSTED);
    expect((await statusOf(ask(600))).code).toBe(Status.RESOURCE_EXHAUSTED);
    await expect(ask(300)).resolves.toBeDefined();
  });

  it('carries many streams and calls at the same time', async () => {
    await using server = await wireServer({ services });
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    const streams = Array.from({ length: 100 }, () => collect(grpc.client.taggerStreamEntities({ streamingID: '20' }), 20));
    const calls = Array.from({ length: 100 }, (_, uid) => grpc.client.taggerFetchEntity({ id: { prefix: 'p', uid: String(uid) } }));
    expect((await Promise.all(streams)).every(({ length }) => length === 20)).toBe(true);
    expect((await Promise.all(calls)).map(({ id }) => id?.uid)).toEqual(Array.from({ length: 100 }, (_, uid) => String(uid)));
  });

  it('takes only its own content type: anything else over HTTP/2 is REST', async () => {
    await using server = await wireServer({ services });
    const session = http2.connect(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false });
    const path = '/datadog.api.v1.AgentSecure/TaggerFetchEntity';
    const asked = async (type: string): Promise<unknown[]> => {
      const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': type, te: 'trailers' });
      stream.end(Buffer.alloc(5)).resume();
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      return [headers[':status'], headers['grpc-status']];
    };
    expect(await asked('application/json')).toEqual([404, undefined]);
    expect(await asked('application/grpc')).toEqual([200, String(Status.UNAUTHENTICATED)]);
    expect(await asked('application/grpc+proto')).toEqual([200, String(Status.UNAUTHENTICATED)]);
    session.destroy();
    await once(session, 'close');
  });
});

describe('a stop', () => {
  it('ends streams so that their clients turn elsewhere, and lets calls finish', async () => {
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const slow: GrpcService['implementation'] = {
      ...tagger,
      taggerFetchEntity: async () => {
        begun.resolve();
        await release.promise;
        return { tags: ['late'] };
      },
    };
    const server = await wireServer({ services: [{ definition: AgentSecureDefinition, implementation: slow }] });
    using grpc = grpcClient(AgentSecureDefinition, server.port);
    const call = grpc.client.taggerFetchEntity({});
    const stream = statusOf(collect(grpc.client.taggerStreamEntities({ streamingID: '3' })));
    await begun.promise;
    const stopped = server.stop();
    expect(await stream).toEqual({ code: Status.UNAVAILABLE, details: 'the cluster agent is stopping' });
    release.resolve();
    expect((await call).tags).toEqual(['late']);
    await stopped;
  });
});
