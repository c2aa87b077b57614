import { component, many, Shutdowner } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';

/** `POST /stop` stops the agent as SIGTERM does. The Go cluster agent lets the caller wait for ever here. */
export const stopRoute = component({
  name: 'stop-route',
  provides: many(Route),
  requires: { shutdowner: Shutdowner },
  create: ({ shutdowner }): Route => ({
    method: 'POST',
    path: '/stop',
    access: 'session',
    handle: () => {
      shutdowner.shutdown();
      return { headers: { 'content-type': 'application/json' }, body: '""' };
    },
  }),
});
