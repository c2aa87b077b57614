import { component, many, Process } from '../../src/fx/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { DebugEndpoint } from './index.ts';

/** `/debug/vars`, and `expvar/process` in a flare: what the process is made of right now, as JSON; the place of Go's expvar. */
export const processVars = component({
  name: 'process-vars',
  provides: { endpoint: many(DebugEndpoint), flare: many(FlareProvider) },
  requires: { process: Process, scrubber: Scrubber },
  create({ process: { argv }, scrubber }) {
    const json = (): string => JSON.stringify(varsOf(argv.map((each) => scrubber.text(each))));
    return {
      endpoint: { path: '/debug/vars', answer: () => ({ contentType: 'application/json; charset=utf-8', body: json() }) },
      flare: { path: 'expvar/process', content: json },
    };
  },
});

function varsOf(cmdline: readonly string[]) {
  return {
    cmdline,
    pid: process.pid,
    uptimeSeconds: process.uptime(),
    versions: process.versions,
    memstats: process.memoryUsage(),
    resources: process.resourceUsage(),
    eventLoop: performance.eventLoopUtilization(),
    active: countsOf(process.getActiveResourcesInfo()),
  };
}

/** How often each name comes. */
function countsOf(names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}
