import { component, many } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { AgentVersion } from './index.ts';

/** `/version`: node agents look at it before they use newer routes. */
export const versionRoute = component({
  name: 'version-route',
  provides: many(Route),
  requires: { version: AgentVersion },
  create({ version: { major, minor, patch, pre, meta, commit } }): Route {
    const body = JSON.stringify({ Major: major, Minor: minor, Patch: patch, Pre: pre, Meta: meta, Commit: commit });
    return {
      method: 'GET',
      path: '/version',
      access: 'cluster-agent',
      handle: () => ({ headers: { 'content-type': 'application/json' }, body }),
    };
  },
});
