import { expect, it } from 'vitest';
import { component, many, run } from '../../src/fx/index.ts';
import { fakeProcess } from '../../src/fx/testing.ts';
import { Route, type RouteRequest, type RouteResponse } from '../api-server/index.ts';
import { stopRoute } from './route.ts';

it('stops the agent with exit code 0 and answers an empty text', async () => {
  let answer: RouteResponse | undefined;
  const caller = component({
    name: 'caller',
    requires: { routes: many(Route) },
    create: ({ routes }) => routes,
    start: async ([route]) => void (answer = await route?.handle({} as RouteRequest)),
  });
  expect(await run([stopRoute, caller], { process: fakeProcess() })).toBe(0);
  expect(answer).toEqual({ headers: { 'content-type': 'application/json' }, body: '""' });
});
