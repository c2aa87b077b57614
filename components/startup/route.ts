import { App, component, many } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { StartupEvents, type StartupReport } from './index.ts';

/** `GET /startup`: the plan, what became of it, and every event of the start. */
export const startupRoute = component({
  name: 'startup',
  provides: many(Route),
  requires: { app: App, events: StartupEvents, scrubber: Scrubber },
  create({ app, events, scrubber }): Route {
    const report = (): StartupReport => {
      const { all } = events;
      const [first, started] = [all[0], all.find(({ kind }) => kind === 'Started')];
      const tookMs = first === undefined || started === undefined ? {} : { tookMs: started.at - first.at };
      return { plan: app.plan(), report: app.report(), events: all, ...tookMs };
    };
    return {
      method: 'GET',
      path: '/startup',
      access: 'session',
      handle: () => ({ headers: { 'Content-Type': 'application/json' }, body: scrubber.text(JSON.stringify(report(), plainErrors)) }),
    };
  },
});

/** An error is its message: its stack belongs into the log. */
function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}
