import { component, many } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { DiagnoseSuite } from './index.ts';
import { runSuites } from './run.ts';

/** `POST /diagnose`: what the suites of this agent find, from where it stands. */
export const diagnoseRoute = component({
  name: 'diagnose',
  provides: { route: many(Route), flare: many(FlareProvider) },
  requires: { suites: many(DiagnoseSuite), scrubber: Scrubber },
  create({ suites, scrubber }) {
    const report = async (signal: AbortSignal): Promise<string> => scrubber.text(JSON.stringify(await runSuites(suites, signal)));
    const headers = { 'Content-Type': 'application/json' };
    const route: Route = {
      method: 'POST',
      path: '/diagnose',
      access: 'session',
      handle: async ({ signal }) => ({ headers, body: await report(signal) }),
    };
    return { route, flare: { path: 'diagnose.log', content: report } };
  },
});
