import { App, component, many } from '../../src/fx/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { StatusProvider } from './index.ts';

/**
 * Components that have failed, that were skipped for it, or whose background work is failing: a section that is absent while
 * there are none. All of them, with the plan, are `components.json` in a flare.
 */
export const componentStates = component({
  name: 'component-states',
  provides: { status: many(StatusProvider), flare: many(FlareProvider) },
  requires: { app: App },
  create: ({ app }) => ({
    status: statusOf(app),
    flare: { path: 'components.json', content: () => JSON.stringify({ plan: app.plan(), report: app.report() }, withErrors, 2) },
  }),
});

function statusOf(app: App): StatusProvider {
  return {
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
  };
}

/** Errors are empty objects in JSON otherwise. */
function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}

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
