import { expect, it } from 'vitest';
import { many } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { Route, type RouteRequest } from '../api-server/index.ts';
import { builtVersion } from './built.ts';
import { AgentVersion, versionText } from './index.ts';

it('serves the version with capitalised keys', async () => {
  await using tested = await testApp([builtVersion], { requires: { version: AgentVersion, routes: many(Route) } });
  const { version, routes } = tested.needs;
  const [route] = routes;
  const { headers, body } = (await route?.handle({} as RouteRequest)) ?? {};
  expect([route?.method, route?.path, route?.access, headers]).toEqual([
    'GET',
    '/version',
    'cluster-agent',
    { 'content-type': 'application/json' },
  ]);
  expect(JSON.parse(body as string)).toEqual({ Major: 7, Minor: 60, Patch: 0, Pre: '', Meta: '', Commit: version.commit });
  expect(version.commit).toMatch(/^[0-9a-f]{7,}$/);
});

it.each([
  ['', '', '7.60.1'],
  ['rc.1', '', '7.60.1-rc.1'],
  ['rc.1', 'git.5', '7.60.1-rc.1+git.5'],
])('is written with "%s" and "%s" as %s', (pre, meta, expected) => {
  expect(versionText({ major: 7, minor: 60, patch: 1, pre, meta, commit: 'abcdef01' })).toBe(expected);
});
