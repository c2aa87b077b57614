import { App, component, many } from '../../src/fx/index.ts';
import { StatusProvider } from './index.ts';

/** Components that have failed, that were skipped for it, or whose background work is failing. Absent while there are none. */
export const componentStates = component({
  name: 'component-states',
  provides: many(StatusProvider),
  requires: { app: App },
  create: ({ app }): StatusProvider => ({
    name: 'Components',
    section: 'Components',
    json: () => ({ components: troubles(app) }),
    text: () =>
      troubles(app)
        .map(
          ({ component: name, state, jobs, reason }) =>
            `  ${[`${name}: ${state}`, ...jobs, reason].filter((part) => part !== '').join(', ')}\n`,
        )
        .join(''),
  }),
});

interface Trouble {
  readonly component: string;
  readonly state: string;
  readonly jobs: readonly string[];
  readonly reason: string;
}

function troubles(app: App): readonly Trouble[] {
  return app.report().components.flatMap(({ component: name, state, jobs, failure }) => {
    const failing = jobs.filter(({ failures }) => failures > 0);
    if (failing.length === 0 && failure === undefined && state !== 'failed' && state !== 'skipped') return [];
    const told = failing.map((job) => `job "${job.name}" has failed ${job.failures} times in a row: ${messageOf(job.lastError)}`);
    return [{ component: name, state, jobs: told, reason: failure === undefined ? '' : messageOf(failure) }];
  });
}

/** The first line: errors of the framework go on with where and what to do. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
