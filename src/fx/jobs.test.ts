import { describe, expect, it } from 'vitest';
import { recorder } from '../../test/support.ts';
import { app, component, Jobs, type Application, type Event } from './index.ts';
import type { JobReport } from './jobs.ts';
import { fakeProcess, manualClock, type ManualClock } from './testing.ts';
import { turn } from './testing/clock.ts';

interface World {
  readonly app: Application;
  readonly clock: ManualClock;
  readonly job: () => JobReport | undefined;
  readonly told: () => (readonly (string | number)[])[];
}

/** An app with one component that has these jobs. */
function world(begin: (jobs: Jobs, clock: ManualClock) => void): World {
  const clock = manualClock();
  const { sink, events } = recorder();
  const subject = app([component({ name: 'worker', requires: { jobs: Jobs }, create: ({ jobs }) => begin(jobs, clock) })], {
    clock,
    process: fakeProcess(),
    sinks: [sink],
  });
  const tellOf = (event: Event): (readonly (string | number)[])[] => {
    if (event.kind === 'JobFailed') return [['failed', event.failures, ...(event.retryInMs === undefined ? [] : [event.retryInMs])]];
    return event.kind === 'JobRecovered' ? [['recovered', event.failures]] : [];
  };
  return { app: subject, clock, job: () => subject.report().components[0]?.jobs[0], told: () => events.flatMap(tellOf) };
}

/** Fails this many times, then succeeds. */
function failing(times: number): () => Promise<void> {
  let calls = 0;
  return () => {
    calls += 1;
    return calls <= times ? Promise.reject(new Error(`attempt ${calls}`)) : Promise.resolve();
  };
}

describe('Jobs.oneShot', () => {
  it('runs in start, once, and is done', async () => {
    const log: string[] = [];
    const at = world((jobs) => jobs.oneShot({ name: 'sync', run: () => void log.push('run') }));
    expect(at.job()).toBeUndefined();
    await at.app.start();
    await at.clock.advance(1_000_000);
    expect(log).toEqual(['run']);
    expect(at.job()).toEqual({ name: 'sync', kind: 'one-shot', state: 'done', failures: 0, lastError: undefined });
    expect(at.app.report().healthy).toBe(true);
    await at.app.stop();
    expect(at.job()?.state).toBe('done');
  });

  it('that goes on for long is healthy again as soon as it says so', async () => {
    let runs = 0;
    const at = world((jobs) =>
      jobs.oneShot({
        name: 'watch',
        run: async (signal, healthy) => {
          runs += 1;
          if (runs === 1) throw new Error('not yet');
          healthy();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      }),
    );
    await at.app.start();
    await turn();
    expect(at.app.report().healthy).toBe(false);
    await at.clock.advance(1000);
    expect([runs, at.app.report().healthy]).toEqual([2, true]);
    await at.app.stop();
  });

  it('does not hold up the start', async () => {
    const at = world((jobs, clock) => jobs.oneShot({ name: 'slow', run: (signal) => clock.sleep(10_000, signal) }));
    await at.app.start();
    expect([at.app.report().state, at.job()?.state]).toEqual(['started', 'running']);
    await at.app.stop();
    expect(at.job()?.state).toBe('stopped');
  });

  it('is tried again after 1 s, 2 s, 4 s, up to a minute, and is unhealthy until it succeeds', async () => {
    const at = world((jobs) => jobs.oneShot({ name: 'sync', run: failing(9) }));
    await at.app.start();
    await turn();
    expect(at.job()).toMatchObject({ state: 'retrying', failures: 1, lastError: { message: 'attempt 1' } });
    expect(at.app.report().healthy).toBe(false);
    await at.clock.advance(600_000);
    const delays = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000];
    expect(at.told()).toEqual([...delays.map((ms, before) => ['failed', before + 1, ms]), ['recovered', 9]]);
    expect(at.job()).toEqual({ name: 'sync', kind: 'one-shot', state: 'done', failures: 0, lastError: undefined });
    expect(at.app.report().healthy).toBe(true);
    await at.app.stop();
  });

  it('doubles from its own first to its own longest delay', async () => {
    const at = world((jobs) => jobs.oneShot({ name: 'sync', run: failing(5), retry: { firstDelayMs: 10, longestDelayMs: 50 } }));
    await at.app.start();
    await at.clock.advance(1000);
    expect(at.told().map(([, , ms]) => ms)).toEqual([10, 20, 40, 50, 50, undefined]);
    await at.app.stop();
  });

  it('gives up after so many attempts, and stays unhealthy', async () => {
    const at = world((jobs) => jobs.oneShot({ name: 'sync', run: failing(99), retry: { attemptsMax: 3 } }));
    await at.app.start();
    await at.clock.advance(1_000_000);
    expect(at.told()).toEqual([
      ['failed', 1, 1000],
      ['failed', 2, 2000],
      ['failed', 3],
    ]);
    expect(at.job()).toMatchObject({ state: 'gave up', failures: 3 });
    expect(at.app.report()).toMatchObject({ state: 'started', healthy: false });
    expect(at.clock.pending).toBe(0);
    await at.app.stop();
  });

  it('can take the app down when it gives up, with the failure as cause', async () => {
    const at = world((jobs) => jobs.oneShot({ name: 'sync', run: failing(99), retry: { attemptsMax: 2 }, onGivingUp: 'shutdown' }));
    const asked = at.app.wait();
    await at.app.start();
    await at.clock.advance(1000);
    expect(await asked).toMatchObject({
      by: 'worker',
      exitCode: 1,
      cause: {
        code: 'FX_JOB_FAILED',
        message: expect.stringContaining('FX_JOB_FAILED: job "sync" gave up after 2 attempts: attempt 2'),
        cause: { message: 'attempt 2' },
      },
    });
    await at.app.stop();
  });

  it('can give up for something that cannot be read', async () => {
    const thrown: unknown = Object.create(null);
    const run = (): never => {
      throw thrown;
    };
    const at = world((jobs) => jobs.oneShot({ name: 'sync', run, retry: { attemptsMax: 1 }, onGivingUp: 'shutdown' }));
    await at.app.start();
    const unreadable = expect.stringContaining('gave up after 1 attempts: what was thrown cannot be read');
    expect(await at.app.wait()).toMatchObject({ cause: { code: 'FX_JOB_FAILED', message: unreadable } });
    await at.app.stop();
  });

  it('counts a run that throws at once like one that rejects', async () => {
    const at = world((jobs) =>
      jobs.oneShot({
        name: 'sync',
        run: () => {
          throw new Error('at once');
        },
      }),
    );
    await at.app.start();
    await turn();
    expect(at.job()).toMatchObject({ state: 'retrying', failures: 1, lastError: { message: 'at once' } });
    await at.app.stop();
  });
});

describe('Jobs: stop', () => {
  it('aborts the signal with a reason and waits until the job has ended', async () => {
    const log: unknown[] = [];
    const at = world((jobs, clock) =>
      jobs.oneShot({
        name: 'sync',
        run: async (signal) => {
          await clock.sleep(1_000_000, signal).catch((error: unknown) => log.push(error));
          await turn();
          log.push('tidied up');
        },
      }),
    );
    await at.app.start();
    await turn();
    await at.app.stop();
    expect(log).toMatchObject([{ message: 'job "sync" is stopped with its app' }, 'tidied up']);
    expect(at.clock.pending).toBe(0);
  });

  it('does not count as a failure what a job throws because it is stopped', async () => {
    const at = world((jobs, clock) => jobs.oneShot({ name: 'sync', run: (signal) => clock.sleep(1000, signal) }));
    await at.app.start();
    await at.app.stop();
    expect(at.told()).toEqual([]);
    expect(at.job()).toMatchObject({ state: 'stopped', failures: 0 });
  });

  it('ends the wait for the next attempt at once', async () => {
    const at = world((jobs) => jobs.oneShot({ name: 'sync', run: failing(99) }));
    await at.app.start();
    await turn();
    await at.app.stop();
    expect(at.clock.pending).toBe(0);
    expect(at.job()?.state).toBe('stopped');
  });

  it('names a job that does not end as the stop hook that hangs', async () => {
    const clock = manualClock();
    const deaf = component({
      name: 'deaf',
      requires: { jobs: Jobs },
      create: ({ jobs }) => jobs.oneShot({ name: 'sync', run: () => new Promise(() => {}) }),
    });
    const subject = app([deaf], { clock, process: fakeProcess(), stopTimeoutMs: 1000 });
    await subject.start();
    const stopping = expect(subject.stop()).rejects.toThrow(
      'stop hook "sync" of deaf did not settle within the deadline of the whole stop (1 s were left for it)',
    );
    await clock.advance(1000);
    await stopping;
  });

  it('begins anew, and healthy, when the app starts again', async () => {
    const runs: number[] = [];
    const at = world((jobs) =>
      jobs.oneShot({ name: 'sync', run: () => (runs.push(1), runs.length === 1 ? Promise.reject(new Error('once')) : undefined) }),
    );
    await at.app.start();
    await turn();
    await at.app.stop();
    await at.app.start();
    await turn();
    expect(at.job()).toMatchObject({ state: 'done', failures: 0 });
    expect(runs).toHaveLength(2);
    await at.app.stop();
  });
});

describe('Jobs.timer', () => {
  it('runs at once, and then so long after the end of each run', async () => {
    const times: number[] = [];
    const at = world((jobs, clock) =>
      jobs.timer({ name: 'poll', everyMs: 100, run: (signal) => (times.push(clock.monotonic()), clock.sleep(10, signal)) }),
    );
    await at.app.start();
    await at.clock.advance(350);
    expect(times).toEqual([0, 110, 220, 330]);
    expect(at.job()).toMatchObject({ kind: 'timer', state: 'waiting' });
    await at.app.stop();
    expect(at.clock.pending).toBe(0);
  });

  it('backs off while it fails, and goes back to its pace once it has recovered', async () => {
    const times: number[] = [];
    const run = failing(2);
    const at = world((jobs, clock) => jobs.timer({ name: 'poll', everyMs: 100, run: () => (times.push(clock.monotonic()), run()) }));
    await at.app.start();
    await at.clock.advance(3250);
    expect(times).toEqual([0, 1000, 3000, 3100, 3200]);
    expect(at.told()).toEqual([
      ['failed', 1, 1000],
      ['failed', 2, 2000],
      ['recovered', 2],
    ]);
    await at.app.stop();
  });
});

describe('Jobs.observer', () => {
  it('calls what it is given as methods of it, so that a source may be an object with a state', async () => {
    const seen: number[] = [];
    const watch = {
      name: 'watch',
      items: [1, 2],
      async *source(): AsyncGenerator<number> {
        yield* this.items;
      },
      see(item: number): void {
        seen.push(item * this.items.length);
      },
    };
    const at = world((jobs) => jobs.observer(watch));
    await at.app.start();
    await at.clock.advance(1);
    expect(seen).toEqual([2, 4]);
    await at.app.stop();
  });

  it('sees every item, one at a time, and is done at the end of the source', async () => {
    const log: string[] = [];
    async function* source(): AsyncGenerator<number> {
      yield 1;
      yield 2;
    }
    const at = world((jobs, clock) =>
      jobs.observer({
        name: 'watch',
        source,
        see: async (item) => {
          log.push(`see ${item}`);
          await clock.sleep(10);
          log.push(`seen ${item}`);
        },
      }),
    );
    await at.app.start();
    await at.clock.advance(100);
    expect(log).toEqual(['see 1', 'seen 1', 'see 2', 'seen 2']);
    expect(at.job()).toMatchObject({ kind: 'observer', state: 'done' });
    await at.app.stop();
  });

  it('opens the source anew after a failure, and is healthy again with the first item', async () => {
    let opened = 0;
    const seen: string[] = [];
    const at = world((jobs, clock) =>
      jobs.observer({
        name: 'watch',
        source: async function* (signal) {
          opened += 1;
          if (opened < 3) throw new Error('cut off');
          yield `item of ${opened}`;
          await clock.sleep(1_000_000, signal);
        },
        see: (item) => void seen.push(item),
      }),
    );
    await at.app.start();
    await at.clock.advance(3000);
    expect(seen).toEqual(['item of 3']);
    expect(at.told().at(-1)).toEqual(['recovered', 2]);
    expect(at.job()).toMatchObject({ state: 'running', failures: 0 });
    await at.app.stop();
    expect(at.job()?.state).toBe('stopped');
  });

  it('counts it as a failure when an item cannot be taken', async () => {
    const at = world((jobs) =>
      jobs.observer({
        name: 'watch',
        source: async function* () {
          yield 1;
        },
        see: () => Promise.reject(new Error('indigestible')),
      }),
    );
    await at.app.start();
    await turn();
    expect(at.job()).toMatchObject({ state: 'retrying', lastError: { message: 'indigestible' } });
    await at.app.stop();
  });

  it('closes the source when it is stopped between two items', async () => {
    const log: string[] = [];
    const next = Promise.withResolvers<void>();
    const at = world((jobs) =>
      jobs.observer({
        name: 'watch',
        source: async function* (signal) {
          try {
            signal.addEventListener('abort', () => next.resolve());
            yield 1;
            await next.promise;
            yield 2;
          } finally {
            log.push('closed');
          }
        },
        see: (item) => void log.push(`see ${item}`),
      }),
    );
    await at.app.start();
    await turn();
    await at.app.stop();
    expect(log).toEqual(['see 1', 'closed']);
  });
});
