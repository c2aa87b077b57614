import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Route } from '../../components/api-server/index.ts';
import { fakeTokens } from '../../components/auth-token/fake.ts';
import { fakeConfig } from '../../components/config/fake.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import { httpsLeaderForwarder } from '../../components/leader-forwarder/https.ts';
import { LeaderForwarder } from '../../components/leader-forwarder/index.ts';
import { fakeLog } from '../../components/log/fake.ts';
import { selfSigned } from '../../src/certificates/index.ts';
import { supply, type Clock } from '../../src/fx/index.ts';
import { manualClock, testApp, type TestedApp } from '../../src/fx/testing.ts';
import { clients, goClient, http2Client } from './support/clients.ts';
import { wireServer } from './support/server.ts';

const election = (isLeader: boolean, leaderAddress: LeaderElection['leaderAddress'] = async () => '127.0.0.1'): LeaderElection => ({
  identity: 'this',
  isLeader: () => isLeader,
  leader: () => ({ kind: 'unknown' }),
  leaderAddress,
  subscribe: () => () => {},
});
const follower = election(false);
const values = { leader_election: true };

/** What the leader got, as it answers. */
const work: Route = {
  method: 'POST',
  path: '/api/v1/clusterchecks/status/:identifier',
  access: 'cluster-agent',
  handlerName: 'postCheckStatus',
  leaderOnly: true,
  handle: async ({ url, params, headers, body }) => ({
    status: 201,
    headers: { 'X-From': 'the leader', 'Content-Type': 'application/json' },
    body: JSON.stringify({ url, params, headers, body: Buffer.from(await body()).toString() }),
  }),
};
const read: Route = {
  method: 'GET',
  path: '/read',
  access: 'cluster-agent',
  handlerName: 'read',
  leaderOnly: true,
  handle: () => ({ body: 'read' }),
};
const routes = [work, read];
const path = '/api/v1/clusterchecks/status/node-1?x=1';

/** The forwarder of a follower whose leader listens on this port. */
function forwarderTo(
  port: number,
  of: LeaderElection = follower,
  clock?: Clock,
): Promise<TestedApp<{ readonly forwarder: typeof LeaderForwarder }>> {
  const list = [fakeConfig({ 'cluster_agent.cmd_port': port }), fakeLog(), supply(LeaderElection, of), httpsLeaderForwarder];
  return testApp(list, { requires: { forwarder: LeaderForwarder }, ...(clock === undefined ? {} : { clock }) });
}

/** A leader that does what no agent would. */
async function oddLeader(listener: RequestListener, host = '127.0.0.1'): Promise<AsyncDisposable & { readonly port: number }> {
  const { certificate, key } = selfSigned({ hosts: [] });
  const server = createServer({ cert: certificate, key }, listener).listen(0, host);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

describe('a route for the leader', () => {
  it.each([
    ['without an election', { values: {} }],
    ['without an election, even if something would elect', { values: {}, election: follower }],
    ['on the leader', { values, election: election(true) }],
  ])('is answered here %s', async (_, options) => {
    await using server = await wireServer({ routes, ...options });
    await using client = goClient(server.port);
    const answer = await client.ask(path, { method: 'POST', as: 'cluster-agent', body: '{}' });
    expect([answer.status, answer.headers['x-dca-forwarded']]).toEqual([201, undefined]);
    expect(await server.metric('api_requests')).toEqual(['api_requests{handler="postCheckStatus",status="201",forwarded="false"} 1']);
  });

  it.each([
    ["leader engine can't be retrieved", { values }],
    ['leader forwarder is not available', { values, election: follower }],
  ])('is refused by a follower: %s', async (words, options) => {
    await using server = await wireServer({ routes, ...options });
    await using client = goClient(server.port);
    const answer = await client.ask(path, { method: 'POST', as: 'cluster-agent' });
    expect([answer.status, answer.body]).toEqual([503, `${words}\n`]);
  });

  it.each([
    ['failed to retrieve leader ip', async () => Promise.reject(new Error('no endpoints')), undefined],
    ['leader proxy is not available', async () => undefined, 'true'],
  ])('is refused by a follower that knows no leader: %s', async (words, leaderAddress, forwarded) => {
    const lost = election(false, leaderAddress);
    await using app = await forwarderTo(1, lost);
    await using server = await wireServer({ routes, values, election: lost, forwarder: app.needs.forwarder });
    await using client = goClient(server.port);
    const answer = await client.ask(path, { method: 'POST', as: 'cluster-agent' });
    expect([answer.status, answer.body, answer.headers['x-dca-forwarded']]).toEqual([503, `${words}\n`, forwarded]);
  });

  it('is not handed on for whoever shows no token', async () => {
    await using app = await forwarderTo(1);
    await using server = await wireServer({ routes, values, election: follower, forwarder: app.needs.forwarder });
    await using client = goClient(server.port);
    expect((await client.ask(path, { method: 'POST' })).status).toBe(401);
    expect(await server.metric('forwarded_requests')).toEqual([]);
  });
});

describe.each(Object.entries(clients))('a follower, asked over %s,', (_, clientOf) => {
  it('hands on the request and the answer', async () => {
    await using leader = await wireServer({ routes, values, election: election(true) });
    await using app = await forwarderTo(leader.port);
    await using server = await wireServer({ routes, values, election: follower, forwarder: app.needs.forwarder });
    await using client = clientOf(server.port);
    const body = JSON.stringify({ last_change: 0, text: 'x'.repeat(100_000) });
    const headers = { 'X-Real-Ip': '10.0.0.7', 'X-Forwarded-For': '10.0.0.8' };
    const answer = await client.ask(path, { method: 'POST', as: 'cluster-agent', body, headers });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ 'x-dca-forwarded': 'true', 'x-from': 'the leader', 'content-type': 'application/json' });
    const seen = JSON.parse(answer.body);
    expect(seen).toMatchObject({ url: path, params: { identifier: 'node-1' }, body });
    expect(seen.headers).toMatchObject({
      authorization: `Bearer ${fakeTokens['cluster-agent']}`,
      'x-real-ip': '10.0.0.7',
      'x-forwarded-for': '10.0.0.8, 127.0.0.1',
      'x-dca-follower-forwarded': 'true',
      host: `127.0.0.1:${server.port}`,
    });
    expect(Object.keys(seen.headers).filter((name) => name.startsWith(':'))).toEqual([]);
    expect(await server.metric('api_requests')).toEqual(['api_requests{handler="postCheckStatus",status="201",forwarded="true"} 1']);
    expect(await server.metric('forwarded_requests')).toEqual(['forwarded_requests{handler="postCheckStatus"} 1']);
  });
});

describe('a follower', () => {
  it('hands nothing on a second time', async () => {
    await using app = await forwarderTo(1);
    await using server = await wireServer({ routes, values, election: follower, forwarder: app.needs.forwarder });
    await using client = goClient(server.port);
    const answer = await client.ask('/read', { as: 'cluster-agent', headers: { 'X-DCA-Follower-Forwarded': 'true' } });
    expect([answer.status, answer.headers['x-dca-forwarded'], answer.body]).toEqual([
      508,
      'true',
      'Query was already forwarded from: 127.0.0.1\n',
    ]);
  });

  it('ends a circle of followers that take each other for the leader', async () => {
    await using second = await forwarderTo(1);
    await using other = await wireServer({ routes, values, election: follower, forwarder: second.needs.forwarder });
    await using first = await forwarderTo(other.port);
    await using server = await wireServer({ routes, values, election: follower, forwarder: first.needs.forwarder });
    await using client = goClient(server.port);
    expect((await client.ask('/read', { as: 'cluster-agent' })).status).toBe(508);
  });

  it('answers 502 where nobody listens', async () => {
    await using app = await forwarderTo(1);
    await using server = await wireServer({ routes, values, election: follower, forwarder: app.needs.forwarder });
    await using client = goClient(server.port);
    const answer = await client.ask(path, { method: 'POST', as: 'cluster-agent', body: '{}' });
    expect([answer.status, answer.body, answer.headers['x-dca-forwarded']]).toEqual([502, '', 'true']);
  });

  it('answers 502 when the leader takes longer than 5 s to begin its answer', async () => {
    const clock = manualClock();
    const asked = Promise.withResolvers<void>();
    await using leader = await oddLeader(() => asked.resolve());
    await using app = await forwarderTo(leader.port, follower, clock);
    await using server = await wireServer({ routes, values, election: follower, forwarder: app.needs.forwarder });
    await using client = goClient(server.port);
    const answer = client.ask('/read', { as: 'cluster-agent' });
    await asked.promise;
    await clock.advance(4999);
    await clock.advance(1);
    expect((await answer).status).toBe(502);
  });

  it('reaches a leader by an IPv6 address', async () => {
    await using leader = await oddLeader((_, response) => void response.end('six'), '::1');
    const six = election(false, async () => '::1');
    await using app = await forwarderTo(leader.port, six);
    await using server = await wireServer({ routes, values, election: six, forwarder: app.needs.forwarder });
    await using client = goClient(server.port);
    expect((await client.ask('/read', { as: 'cluster-agent' })).body).toBe('six');
  });

  it('keeps its connections, and what belongs to one connection to itself', async () => {
    const seen: unknown[] = [];
    const sockets = new Set<unknown>();
    await using leader = await oddLeader((request, response) => {
      sockets.add(request.socket);
      seen.push(request.headers['te'], request.headers['x-hop']);
      response.writeHead(200, { Connection: 'keep-alive, X-Leader-Hop', 'X-Leader-Hop': '1', 'Keep-Alive': 'timeout=7' }).end('ok');
    });
    await using app = await forwarderTo(leader.port);
    await using server = await wireServer({ routes, values, election: follower, forwarder: app.needs.forwarder });
    await using client = goClient(server.port);
    for (let count = 0; count < 3; count += 1) {
      const headers = { Connection: 'keep-alive, X-Hop', 'X-Hop': '1', TE: 'trailers' };
      const answer = await client.ask('/read', { as: 'cluster-agent', headers });
      expect([answer.headers['x-leader-hop'], answer.headers['keep-alive']]).toEqual([undefined, 'timeout=130']);
    }
    expect(sockets.size).toBe(1);
    expect(seen).toEqual(Array.from({ length: 6 }, () => undefined));
  });

  it('asks once more when a connection that it kept turns out to be closed', async () => {
    let count = 0;
    await using leader = await oddLeader((request, response) => {
      count += 1;
      if (count === 2) request.socket.destroy();
      else response.end(`answer ${count}`);
    });
    await using app = await forwarderTo(leader.port);
    await using server = await wireServer({ routes, values, election: follower, forwarder: app.needs.forwarder });
    await using client = http2Client(server.port);
    expect((await client.ask('/read', { as: 'cluster-agent' })).body).toBe('answer 1');
    expect((await client.ask('/read', { as: 'cluster-agent' })).body).toBe('answer 3');
  });

  it('lets go of the leader when its own client goes away', async () => {
    const gone = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using leader = await oddLeader((request) => {
      request.socket.once('close', () => gone.resolve());
      asked.resolve();
    });
    await using app = await forwarderTo(leader.port);
    await using server = await wireServer({ routes, values, election: follower, forwarder: app.needs.forwarder });
    const client = goClient(server.port);
    const answer = client.ask('/read', { as: 'cluster-agent' }).catch((error: unknown) => error);
    await asked.promise;
    await client[Symbol.asyncDispose]();
    expect(await answer).toBeInstanceOf(Error);
    await gone.promise;
  });
});
