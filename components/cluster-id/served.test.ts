import { expect, it } from 'vitest';
import { many, supply } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { Route, RouteError, type RouteRequest, type RouteResponse } from '../api-server/index.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { ClusterId, ClusterName } from './index.ts';
import { servedClusterId } from './served.ts';

const uid = '0f8b1c5e-8c5a-4a56-9a30-6d1f0c2f4f11';

async function served(answers: readonly (string | Error)[], name = 'prod') {
  const logged: Logged[] = [];
  const clock = manualClock();
  const left = [...answers];
  const get = (): Promise<string> => {
    const answer = left.shift() ?? uid;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const list = [
    supply(ClusterId, { get }),
    supply(ClusterName, { get: () => Promise.resolve(name) }),
    fakeLog(logged),
    servedClusterId,
  ] as const;
  const tested = await testApp(list, { requires: { routes: many(Route) }, clock });
  const ask = async (): Promise<RouteResponse | undefined> =>
    tested.needs.routes[0]?.handle({ signal: new AbortController().signal } as RouteRequest);
  return { tested, clock, ask, messages: () => logged.map(({ level, message }) => `${level} ${message}`) };
}

it('says in the log which cluster it is, once it can be known', async () => {
  const { tested, clock, messages } = await served([new Error('no route to host')]);
  await using _ = tested;
  await clock.advance(0);
  expect(tested.app.report().components.flatMap(({ jobs }) => jobs)).toMatchObject([
    { state: 'retrying', lastError: { message: 'Failed to generate or retrieve the cluster ID, err: no route to host' } },
  ]);
  await clock.advance(1000);
  expect(messages()).toEqual([`info Cluster ID: ${uid}, Cluster Name: prod`]);
});

it('advises to give the cluster a name, once, however often the id is asked for', async () => {
  const { tested, clock, messages } = await served([new Error('no route to host'), new Error('no route to host')], '');
  await using _ = tested;
  await clock.advance(0);
  await clock.advance(1000);
  await clock.advance(2000);
  await expect
    .poll(messages)
    .toEqual([expect.stringContaining('warn Failed to auto-detect a Kubernetes cluster name'), expect.any(String)]);
});

it('answers node agents with the id, and with the reason where it is not known', async () => {
  const { tested, ask } = await served([uid, uid, new Error('forbidden')]);
  await using _ = tested;
  expect(await ask()).toMatchObject({ body: JSON.stringify(uid), headers: { 'content-type': 'application/json' } });
  await expect(ask()).rejects.toEqual(new RouteError(500, 'forbidden'));
});
