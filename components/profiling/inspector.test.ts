import { describe, expect, it } from 'vitest';
import { many, supply } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { configOf, type FakeValues } from '../config/fake.ts';
import { Config } from '../config/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { RuntimeSetting } from '../settings/index.ts';
import { DebugEndpoint } from '../telemetry/index.ts';
import { inspectorProfiling } from './inspector.ts';
import { profilingSettings } from './settings.ts';

const signal = new AbortController().signal;

async function started(values: FakeValues = {}, config = configOf(values)) {
  const clock = manualClock();
  const logged: Logged[] = [];
  const tested = await testApp([supply(Config, config), fakeLog(logged), inspectorProfiling], {
    requires: { endpoints: many(DebugEndpoint, { as: 'list' }), settings: many(RuntimeSetting), flare: many(FlareProvider) },
    clock,
  });
  const ask = (path: string, query = '', aborted = signal) =>
    Promise.resolve(tested.needs.endpoints.find((each) => each.path === path)?.answer(new URLSearchParams(query), aborted));
  const setting = (name: string) => tested.needs.settings.find((each) => each.name === name);
  return { tested, clock, config, logged, ask, setting, flare: tested.needs.flare };
}

/** Lets a profile begin, whose start and stop take real turns of the event loop, and then lets its time pass. */
async function during<T>(taking: Promise<T>, clock: ReturnType<typeof manualClock>, ms: number): Promise<T> {
  const waiting = clock.pending;
  while (clock.pending === waiting) await clock.advance(0);
  await clock.advance(ms);
  return taking;
}

describe('a profile on demand', () => {
  it.each([
    ['/debug/pprof/profile', 'nodes', 30_000],
    ['/debug/pprof/heap', 'head', 10_000],
    ['/debug/pprof/block', 'eventLoopDelayMs', 30_000],
  ])('%s is JSON, in the form of the developer tools where they know one, after its time', async (path, key, ms) => {
    const { ask, clock, tested } = await started();
    const answer = await during(ask(path), clock, ms);
    expect(answer?.contentType).toBe('application/json');
    expect(JSON.parse(answer?.body as string)).toHaveProperty(key);
    await tested.stop();
  });

  it.each(['0', '-1', '121', 'x', 'NaN'])('of %s seconds is refused', async (seconds) => {
    const { ask, tested } = await started();
    expect(await ask('/debug/pprof/profile', `seconds=${seconds}`)).toMatchObject({ status: 400 });
    await tested.stop();
  });

  it('is one at a time, and another can be taken when the client goes away', async () => {
    const { ask, clock, tested } = await started();
    const leaving = new AbortController();
    const first = ask('/debug/pprof/profile', '', leaving.signal);
    expect(await ask('/debug/pprof/heap')).toMatchObject({ status: 409, body: expect.stringContaining('already') as string });
    leaving.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(await during(ask('/debug/pprof/heap', 'seconds=1'), clock, 1000)).toMatchObject({ contentType: 'application/json' });
    await tested.stop();
  });
});

it('of the event loop shows for how long it was blocked', async () => {
  const { ask, clock, tested } = await started();
  const taking = ask('/debug/pprof/block', 'seconds=5');
  const waiting = clock.pending;
  while (clock.pending === waiting) await clock.advance(0);
  // The first look only says when the second is due.
  for (let times = 0; times < 2; times += 1) {
    const until = performance.now() + 120;
    while (performance.now() < until);
    for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => void setImmediate(resolve));
  }
  await clock.advance(5000);
  const { eventLoopDelayMs } = JSON.parse((await taking)?.body as string) as { eventLoopDelayMs: Record<string, number> };
  expect(eventLoopDelayMs['p100']).toBeGreaterThan(100);
  await tested.stop();
});

describe('profiling by setting', () => {
  it('is off until it is turned on, and then keeps the last profiles for flares', async () => {
    const { flare, clock, setting, tested } = await started({ 'internal_profiling.period': '1m', 'internal_profiling.cpu_duration': '5s' });
    const contents = () => flare.map((each) => [each.path, Object.keys(JSON.parse(each.content(signal) as string) as object)[0]]);
    expect(contents).toThrow('internal_profiling.enabled is off');
    await setting('internal_profiling')?.set('true', 'cli');
    // Taking one needs real turns of the event loop besides its virtual seconds.
    const isThere = (each: FlareProvider): boolean => {
      try {
        return each.content(signal) !== '';
      } catch {
        return false;
      }
    };
    while (!flare.every(isThere)) await clock.advance(1000);
    expect(contents()).toEqual([
      ['profiles/internal.cpuprofile', 'nodes'],
      ['profiles/internal.heapprofile', 'head'],
    ]);
    await tested.stop();
  });
});

describe('runtime settings', () => {
  it('are hidden, and accept what those of the Go agent accept', async () => {
    const { setting, tested, config } = await started();
    expect(tested.needs.settings.map(({ name, isHidden }) => [name, isHidden])).toEqual([
      ['runtime_mutex_profile_fraction', true],
      ['runtime_block_profile_rate', true],
      ['internal_profiling_goroutines', true],
      ['internal_profiling', true],
    ]);
    await setting('runtime_mutex_profile_fraction')?.set('100', 'cli');
    await setting('internal_profiling_goroutines')?.set(true, 'cli');
    await setting('internal_profiling')?.set('restart', 'cli');
    expect(setting('runtime_mutex_profile_fraction')?.get()).toBe(100);
    expect([config.get(profilingSettings.goroutines), config.get(profilingSettings.isOn)]).toEqual([true, true]);
    expect(() => setting('runtime_block_profile_rate')?.set('much', 'cli')).toThrow('must be a whole number, not much');
    expect(() => setting('internal_profiling')?.set('maybe', 'cli')).toThrow('must be true or false, or restart, not maybe');
    await tested.stop();
  });

  it('follow the configuration at start; what goes wrong there is only logged', async () => {
    const { config, tested } = await started({ 'internal_profiling.block_profile_rate': 5, 'internal_profiling.period': '1h' });
    expect(config.valuesOf('internal_profiling.block_profile_rate').at(-1)).toEqual({ source: 'agent-runtime', value: 5 });
    await tested.stop();
    const broken = configOf({ 'internal_profiling.mutex_profile_fraction': 1 });
    broken.set = () => {
      throw new Error('no');
    };
    const { logged, tested: running } = await started({}, broken);
    expect(logged).toEqual([expect.objectContaining({ level: 'error', message: 'Error setting runtime_mutex_profile_fraction' })]);
    await running.stop();
  });
});
