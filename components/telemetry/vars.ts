import { component, many, Process } from '../../src/fx/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { DebugEndpoint } from './index.ts';

/** `/debug/vars`: what the process is made of right now, as JSON; the place of Go's expvar. */
export const processVars = component({
  name: 'process-vars',
  provides: many(DebugEndpoint),
  requires: { process: Process, scrubber: Scrubber },
  create: ({ process: { argv }, scrubber }) => ({
    path: '/debug/vars',
    answer: () => ({
      contentType: 'application/json; charset=utf-8',
      body: JSON.stringify(varsOf(argv.map((each) => scrubber.text(each)))),
    }),
  }),
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
