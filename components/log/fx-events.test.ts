import { expect, it } from 'vitest';
import { component, Jobs } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { fakeLog, type Logged } from './fake.ts';
import { fxEventLog } from './fx-events.ts';

it('tells what the framework does at debug, and what degrades the agent louder', async () => {
  const logged: Logged[] = [];
  const failing = component({
    name: 'metadata',
    onFailure: 'continue',
    create: () => 1,
    start: () => Promise.reject(new Error('no permission')),
  });
  const retrying = component({
    name: 'poller',
    requires: { jobs: Jobs },
    create: ({ jobs }) => jobs.oneShot({ name: 'poll', run: () => Promise.reject(new Error('not yet')) }),
  });
  await using tested = await testApp([fakeLog(logged), fxEventLog, failing, retrying]);
  await expect
    .poll(() => logged.filter(({ level }) => level !== 'debug').map(({ level, message }) => [level, message]))
    .toEqual([
      [
        'error',
        expect.stringMatching(
          /^\[Fx\] DEGRADED metadata: FX_START_FAILED: .* failed: no permission; wanted by +metadata; written at .*; what to do /,
        ) as string,
      ],
      ['warn', '[Fx] JOB poll of poller failed (1 in a row, again in 1s): not yet'],
    ]);
  expect(logged.filter(({ level }) => level === 'debug').map(({ message }) => message)).toContain('[Fx] RUNNING');
  await tested.stop();
});
