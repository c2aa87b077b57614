import { component, many } from '../../src/fx/index.ts';
import { version } from '../../src/version.ts';
import { Route } from '../api-server/index.ts';
import { AgentVersion } from './index.ts';

/** The version that was built, also at `/version`. */
export const builtVersion = component({
  provides: { version: AgentVersion, route: many(Route) },
  create: () => ({ version, route: versionRoute }),
});

const versionRoute: Route = {
  method: 'GET',
  path: '/version',
  access: 'cluster-agent',
  handle: () => {
    const { major, minor, patch, pre, meta, commit } = version;
    const body = { Major: major, Minor: minor, Patch: patch, Pre: pre, Meta: meta, Commit: commit };
    return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  },
};
