import { expect, it } from 'vitest';
import { many, supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { Route, type RouteRequest } from '../api-server/index.ts';
import { AgentVersion, versionText } from './index.ts';
import { versionRoute } from './route.ts';

it('serves the version with capitalised keys', async () => {
  const version = supply(AgentVersion, { major: 7, minor: 60, patch: 1, pre: 'rc.1', meta: '', commit: 'abcdef01' });
  await using tested = await testApp([version, versionRoute], { requires: { routes: many(Route) } });
  const [route] = tested.needs.routes;
  const answer = await route?.handle({} as RouteRequest);
  expect([route?.method, route?.path, route?.access, answer?.headers]).toEqual([
    'GET',
    '/version',
    'cluster-agent',
    { 'content-type': 'application/json' },
  ]);
  expect(answer?.body).toBe('{"Major":7,"Minor":60,"Patch":1,"Pre":"rc.1","Meta":"","Commit":"abcdef01"}');
});

it.each([
  ['', '', '7.60.1'],
  ['rc.1', '', '7.60.1-rc.1'],
  ['rc.1', 'git.5', '7.60.1-rc.1+git.5'],
])('is written with "%s" and "%s" as %s', (pre, meta, expected) => {
  expect(versionText({ major: 7, minor: 60, patch: 1, pre, meta, commit: 'abcdef01' })).toBe(expected);
});
