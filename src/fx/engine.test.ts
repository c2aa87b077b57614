import { describe, expect, it } from 'vitest';
import { recorder, rejection, settled, written } from '../../test/support.ts';
import { app, component, invoke, Lifecycle, token, type Application, type Component } from './index.ts';
import type { Hook, HookContext } from './lifecycle.ts';
import { fakeProcess, manualClock, type ManualClock } from './testing.ts';
import { turn } from './testing/clock.ts';
import type { AppOptions } from './life.ts';

const hang = (): Promise<never> => new Promise(() => {});

/** A component that appends these hooks. */
const hooked = (name: string, ...hooks: readonly Hook[]): Component =>
  component({ name, requires: { lifecycle: Lifecycle }, create: ({ lifecycle }) => hooks.forEach((hook) => lifecycle.append(hook)) });

interface World {
  readonly clock: ManualClock;
  readonly app: Application;
  readonly kinds: () => string[];
}
function world(list: readonly Component[], options: AppOptions = {}): World {
  const clock = manualClock();
  const { sink, kinds } = recorder();
  return { clock, app: app(list, { clock, process: fakeProcess(), sinks: [sink], ...options }), kinds };
}

/** What a start fails of, and how long that took in virtual milliseconds. */
async function failedStart({
  clock,
  app: subject,
}: World): Promise<{ readonly messages: string[]; readonly codes: string[]; readonly tookMs: number }> {
  const before = clock.monotonic();
  const times: number[] = [];
  const error = await settled(clock, rejection(subject.start().finally(() => times.push(clock.monotonic()))), 100);
  return {
    messages: error.findings.map(({ message }) => message),
    codes: error.findings.map(({ code }) => code),
    tookMs: (times[0] ?? NaN) - before,
  };
}
async function failedStop({ clock, app: subject }: World): Promise<string[]> {
  return (await settled(clock, rejection(subject.stop()), 100)).findings.map(({ message }) => message);
}

describe('Engine: phases', () => {
  it('stops one that may fail, and was not made ready, behind those that rely on it', async () => {
    const log: string[] = [];
    const tell = (name: string, ready: () => void): Hook => ({ ready, stop: () => void log.push(`stop ${name}`) });
    const Base = token<string>()('base');
    const base = component({
      provides: Base,
      requires: { lifecycle: Lifecycle },
      onFailure: 'continue',
      create: ({ lifecycle }) => (lifecycle.append(tell('base', () => expect.fail('not ready'))), ''),
    });
    const user = component({
      name: 'user',
      requires: { base: Base, lifecycle: Lifecycle },
      create: ({ lifecycle }) => lifecycle.append(tell('user', () => {})),
    });
    const { app: subject } = world([base, user]);
    await subject.start();
    expect([log, subject.report().components.map(({ state }) => state)]).toEqual([[], ['failed', 'started']]);
    await subject.stop();
    expect(log).toEqual(['stop user', 'stop base']);
  });

  const tell = (log: string[], name: string): Component =>
    hooked(name, {
      name: 'all',
      start: () => void log.push(`start ${name}`),
      ready: async () => void log.push(`ready ${name}`),
      drain: async () => void log.push(`drain ${name}`),
      stop: () => void log.push(`stop ${name}`),
    });

  it('makes ready in order once everything has started, and drains in reverse before anything stops', async () => {
    const log: string[] = [];
    const { app: subject } = world([tell(log, 'a'), tell(log, 'b')]);
    await subject.start();
    expect(log).toEqual(['start a', 'start b', 'ready a', 'ready b']);
    await subject.stop();
    expect(log.slice(4)).toEqual(['drain b', 'drain a', 'stop b', 'stop a']);
  });

  it('runs the hooks of one component in the order in which they were appended, and stops them in reverse', async () => {
    const log: string[] = [];
    const hook = (name: string): Hook => ({ name, start: () => void log.push(`+${name}`), stop: () => void log.push(`-${name}`) });
    const { app: subject } = world([hooked('a', hook('1'), { name: 'nothing' }, hook('2'))]);
    await subject.start();
    await subject.stop();
    expect(log).toEqual(['+1', '+2', '-2', '-1']);
  });

  it('runs the start of the definition behind those that create appended, and hands it the value', async () => {
    const log: string[] = [];
    const both = component({
      name: 'both',
      requires: { lifecycle: Lifecycle },
      create({ lifecycle }) {
        lifecycle.append({ start: () => void log.push('appended') });
        return 'value';
      },
      start: (value) => void log.push(value),
    });
    const { app: subject } = world([both]);
    await subject.start();
    expect(log).toEqual(['appended', 'value']);
    await subject.stop();
  });

  it('stops a hook that has only a stop', async () => {
    const log: string[] = [];
    const { app: subject } = world([hooked('a', { stop: () => void log.push('stop') })]);
    await subject.start();
    await subject.stop();
    expect(log).toEqual(['stop']);
  });

  it('names hooks after their functions where they have no name of their own', async () => {
    function listen(): void {}
    function close(): void {}
    const { app: subject } = world([
      hooked('a', { name: 'own', start: listen }, { start: listen, stop: close }, { stop: close }, { start: () => {} }, {}),
    ]);
    await subject.start();
    expect(subject.report().components[0]?.hooks.map(({ name }) => name)).toEqual(['own', 'listen', 'close', 'anonymous', 'anonymous']);
    await subject.stop();
  });

  it('reports how long each hook took', async () => {
    const { app: subject, clock } = world([hooked('a', { name: 'slow', start: () => clock.sleep(30), stop: () => clock.sleep(40) })]);
    await settled(clock, subject.start(), 10);
    await settled(clock, subject.stop(), 10);
    expect(subject.report().components[0]?.hooks[0]).toMatchObject({ state: 'stopped', startMs: 30, stopMs: 40, isStillRunning: false });
  });
});

describe('Engine: deadlines of a start', () => {
  it('gives all constructors and hooks together the total, and says whose turn it was, what runs and what is done', async () => {
    const at = world(
      [
        hooked('first', { start: () => {} }),
        hooked('slow', { name: 'connect', start: () => at.clock.sleep(600) }),
        hooked('hangs', { name: 'join', start: hang }),
      ],
      { startTimeoutMs: 1000 },
    );
    expect(await failedStart(at)).toEqual({
      messages: [
        'start hook "join" of hangs did not settle within the deadline of the whole start (0.4 s were left for it); also running: nothing; done: first, slow',
      ],
      codes: ['FX_START_TIMEOUT'],
      tookMs: 1000,
    });
  });

  it('takes the limit of the hook before that of the component before that of the app', async () => {
    const limited = (hook: Hook['timeouts'], own: { start?: number } | undefined): Component =>
      component({
        name: 'x',
        requires: { lifecycle: Lifecycle },
        create: ({ lifecycle }) => lifecycle.append({ name: 'h', start: hang, ...(hook === undefined ? {} : { timeouts: hook }) }),
        ...(own === undefined ? {} : { timeouts: own }),
      });
    const took = async (list: readonly Component[]): Promise<number> => (await failedStart(world(list, { hookTimeoutMs: 3000 }))).tookMs;
    expect(await took([limited({ start: 1000 }, { start: 2000 })])).toBe(1000);
    expect(await took([limited(undefined, { start: 2000 })])).toBe(2000);
    expect(await took([limited(undefined, undefined)])).toBe(3000);
  });

  it('limits ready hooks like start hooks', async () => {
    const at = world([hooked('x', { name: 'sync', ready: hang })], { hookTimeoutMs: 2000 });
    expect((await failedStart(at)).messages).toEqual([
      'ready hook "sync" of x did not settle within its deadline of 2 s; also running: nothing; done: nothing',
    ]);
  });

  it('limits a constructor by its own limit, that of the app, or what is left of the start', async () => {
    const made = (timeouts: { create?: number }): Component => component({ name: 'x', create: hang, timeouts });
    const took = async (list: readonly Component[], options: AppOptions): Promise<number> =>
      (await failedStart(world(list, options))).tookMs;
    expect(await took([made({ create: 1000 })], { createTimeoutMs: 2000 })).toBe(1000);
    expect(await took([made({})], { createTimeoutMs: 2000 })).toBe(2000);
    expect(await took([made({})], { createTimeoutMs: 2000, startTimeoutMs: 500 })).toBe(500);
  });

  it('does not begin another hook once the total is over, even if all before it were on time', async () => {
    const log: string[] = [];
    const at = world(
      [hooked('slow', { start: () => at.clock.sleep(1000) }), hooked('late', { name: 'go', start: () => void log.push('never') })],
      { startTimeoutMs: 1000 },
    );
    const { codes } = await failedStart(at);
    expect(codes).toEqual(['FX_START_TIMEOUT']);
    expect(log).toEqual([]);
  });

  it('names everything else that runs at the same time', async () => {
    const at = world([hooked('a', { name: 'one', start: hang, timeouts: { start: 1000 } }), hooked('b', { name: 'two', start: hang })], {
      concurrency: 2,
    });
    expect((await failedStart(at)).messages).toEqual([
      'start hook "one" of a did not settle within its deadline of 1 s; also running: b/two; done: nothing',
    ]);
  });

  it('shows the first twelve of what is done', async () => {
    const names = Array.from({ length: 15 }, (_, at) => `c${at}`);
    const at = world([...names.map((name) => hooked(name)), hooked('x', { name: 'h', start: hang, timeouts: { start: 1 } })]);
    expect((await failedStart(at)).messages[0]).toMatch(/done: c0, c1, .*c11 and 3 more$/);
  });

  it('takes five minutes for a start and for a stop when nobody says otherwise', async () => {
    const at = world([hooked('x', { start: hang })]);
    expect((await failedStart(at)).tookMs).toBe(300_000);
  });
});

describe('Engine: what a hook is given', () => {
  it('is told its deadline, in milliseconds of the clock', async () => {
    const deadlines: number[] = [];
    const tell = ({ deadline }: HookContext): void => void deadlines.push(deadline);
    const at = world([hooked('x', { start: tell, ready: tell, drain: tell, stop: tell, timeouts: { start: 10, stop: 20 } })]);
    await at.clock.advance(1000);
    await at.app.start();
    await at.app.stop();
    expect(deadlines).toEqual([1010, 1010, 1020, 1020]);
  });

  it('sees its signal abort with the timeout as reason', async () => {
    const reasons: unknown[] = [];
    const at = world([
      hooked('x', {
        name: 'h',
        start: ({ signal }) => {
          signal.addEventListener('abort', () => reasons.push(signal.reason));
          return hang();
        },
        timeouts: { start: 10 },
      }),
    ]);
    await failedStart(at);
    expect(reasons).toMatchObject([{ code: 'FX_START_TIMEOUT' }]);
  });

  it('sees an aborted signal when it looks only after it was given up', async () => {
    const seen: boolean[] = [];
    const late = Promise.withResolvers<void>();
    const at = world([
      hooked('x', {
        name: 'h',
        start: (context) => late.promise.then(() => void seen.push(context.signal.aborted)),
        timeouts: { start: 10 },
      }),
    ]);
    await failedStart(at);
    late.resolve();
    await turn();
    expect(seen).toEqual([true]);
  });

  it('keeps a signal that is not aborted when all goes well', async () => {
    const signals: AbortSignal[] = [];
    const at = world([
      hooked('x', { start: async ({ signal }) => void signals.push(signal), stop: ({ signal }) => void signals.push(signal) }),
    ]);
    await at.app.start();
    await at.app.stop();
    await at.clock.advance(1_000_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    expect(at.clock.pending).toBe(0);
  });

  it('sees its signal abort when the start is interrupted', async () => {
    const caller = new AbortController();
    const seen: unknown[] = [];
    const at = world([
      hooked('x', { start: ({ signal }) => at.clock.sleep(1000, signal).catch((error: unknown) => void seen.push(error)) }),
    ]);
    const starting = rejection(at.app.start({ signal: caller.signal }));
    await turn();
    caller.abort();
    expect((await starting).code).toBe('FX_INTERRUPTED');
    await turn();
    expect(seen).toMatchObject([{ code: 'FX_INTERRUPTED' }]);
  });
});

describe('Engine: rollback', () => {
  it('stops exactly what had started, in reverse, and the started hooks of the one that failed', async () => {
    const log: string[] = [];
    const hook = (name: string): Hook => ({
      name,
      start: async () => void log.push(`+${name}`),
      stop: async () => void log.push(`-${name}`),
    });
    const at = world([
      hooked('a', hook('a1'), hook('a2')),
      hooked('b', hook('b1'), { name: 'b2', start: () => Promise.reject(new Error('no')), stop: () => void log.push('-b2') }, hook('b3')),
      hooked('c', hook('c1')),
    ]);
    expect((await failedStart(at)).messages).toEqual(['start hook "b2" of b failed: no']);
    expect(log).toEqual(['+a1', '+a2', '+b1', '-b1', '-a2', '-a1']);
    expect(at.kinds().slice(-3)).toEqual(['OnStopExecuted', 'RolledBack', 'Started']);
  });

  it('has the whole stop budget, though the start has used up its own', async () => {
    const log: string[] = [];
    const first = hooked('first', {
      name: 'own',
      start: () => {},
      stop: () => at.clock.sleep(900).then(() => log.push(`stopped at ${at.clock.monotonic()}`)),
    });
    const at: World = world([first, hooked('hangs', { start: hang })], { startTimeoutMs: 1000, stopTimeoutMs: 1000 });
    const { codes, tookMs } = await failedStart(at);
    expect(codes).toEqual(['FX_START_TIMEOUT']);
    expect(tookMs).toBe(1900);
    expect(log).toEqual(['stopped at 1900']);
  });

  it('adds what could not be stopped behind what failed', async () => {
    const at = world([
      hooked('a', { name: 'own', start: () => {}, stop: () => Promise.reject(new Error('stuck')) }),
      hooked('b', { name: 'own', start: () => Promise.reject(new Error('no')) }),
    ]);
    expect((await failedStart(at)).codes).toEqual(['FX_START_FAILED', 'FX_STOP_FAILED']);
  });

  it('collects all failures of branches that start together, in planned order', async () => {
    const failing = (name: string, ms: number): Component =>
      hooked(name, { name: 'h', start: () => at.clock.sleep(ms).then(() => Promise.reject(new Error(name))) });
    const at: World = world([hooked('ok', { start: () => {} }), failing('a', 10), failing('b', 10)], { concurrency: 8 });
    const { codes, messages } = await failedStart(at);
    expect(codes).toContain('FX_START_FAILED');
    expect(codes).not.toContain('FX_INTERRUPTED');
    expect(messages[0]).toBe('start hook "h" of a failed: a');
  });
});

describe('Engine: budget of a stop', () => {
  it('runs every stop hook whatever fails, and collects all errors', async () => {
    const log: string[] = [];
    const failing = (name: string): Component =>
      hooked(name, { name: 'h', stop: () => (log.push(name), Promise.reject(new Error(`no ${name}`))) });
    const thrower = hooked('t', {
      name: 'h',
      stop: () => {
        log.push('t');
        throw new Error('sync');
      },
    });
    const at = world([failing('a'), thrower, failing('b')]);
    await at.app.start();
    expect(await failedStop(at)).toEqual([
      'stop hook "h" of b failed: no b',
      'stop hook "h" of t failed: sync',
      'stop hook "h" of a failed: no a',
    ]);
    expect(log).toEqual(['b', 't', 'a']);
  });

  it('gives each hook at most half of what is left, so that one which hangs starves nobody', async () => {
    const limits: [string, number][] = [];
    const hanging = (name: string): Component =>
      hooked(name, { name: 'h', stop: ({ deadline }) => (limits.push([name, deadline - at.clock.monotonic()]), hang()) });
    const at: World = world([hanging('c'), hanging('b'), hanging('a')], { stopTimeoutMs: 8000 });
    await at.app.start();
    const messages = await failedStop(at);
    expect(limits).toEqual([
      ['a', 4000],
      ['b', 2000],
      ['c', 2000],
    ]);
    expect(messages[0]).toBe('stop hook "h" of a did not settle within its deadline of 4 s; also running: nothing; done: c, b');
    expect(messages).toHaveLength(3);
  });

  it('counts drain hooks in the same budget', async () => {
    const limits: number[] = [];
    const at: World = world(
      [
        hooked('x', {
          name: 'h',
          drain: ({ deadline }) => (limits.push(deadline - at.clock.monotonic()), hang()),
          stop: ({ deadline }) => void limits.push(deadline - at.clock.monotonic()),
        }),
      ],
      { stopTimeoutMs: 8000 },
    );
    await at.app.start();
    expect(await failedStop(at)).toHaveLength(1);
    expect(limits).toEqual([4000, 4000]);
  });

  it('lets a hook have its own limit, or that of its component, but never more than is left', async () => {
    const limits: number[] = [];
    const tell = ({ deadline }: HookContext): void => void limits.push(deadline - at.clock.monotonic());
    const own = component({ name: 'own', create: () => undefined, stop: (_, context) => tell(context), timeouts: { stop: 50 } });
    const at: World = world(
      [own, hooked('b', { stop: tell, timeouts: { stop: 6000 } }), hooked('c', { stop: tell, timeouts: { stop: 9000 } })],
      { stopTimeoutMs: 8000 },
    );
    await at.app.start();
    await at.app.stop();
    expect(limits).toEqual([8000, 6000, 50]);
  });

  it('does not listen to what interrupts starts', async () => {
    const log: string[] = [];
    const caller = new AbortController();
    const at = world([hooked('x', { name: 'h', stop: () => at.clock.sleep(10).then(() => log.push('stopped')) })]);
    await at.app.start({ signal: caller.signal });
    const stopping = at.app.stop();
    caller.abort();
    await settled(at.clock, stopping, 10);
    expect(log).toEqual(['stopped']);
  });
});

describe('Engine: whatever is thrown', () => {
  const unreadable = 'what was thrown cannot be read';
  const unlucky = (): never => {
    throw new Error('unlucky');
  };
  const thrown: [string, unknown, string][] = [
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a frozen error', Object.freeze(new Error('frozen')), 'frozen'],
    ['an error without words', new RangeError(), 'RangeError'],
    ['several errors at once', new AggregateError([new Error('v6'), new AggregateError([new Error('v4')])]), 'v6; v4'],
    ['what fetch throws', new TypeError('fetch failed', { cause: new Error('refused') }), 'fetch failed: refused'],
    ['an object without prototype', Object.create(null), unreadable],
    ['an error whose message throws', Object.defineProperty(new Error(), 'message', { get: () => unlucky() }), unreadable],
    ['a proxy that throws', new Proxy({}, { getPrototypeOf: () => unlucky() }), unreadable],
  ];
  it.each(thrown)('%s: stops all that has started', async (...[, what, text]) => {
    const log: string[] = [];
    const fail = (): never => {
      throw what;
    };
    const first = hooked('first', { start: () => {}, stop: () => void log.push('stopped') });
    for (const hook of [{ start: fail }, { start: async () => fail() }, { ready: fail }]) {
      const { messages } = await failedStart(world([first, hooked('bad', { name: 'h', ...hook })]));
      expect(messages[0]).toMatch(new RegExp(`^(start|ready) hook "h" of bad failed: ${text}$`));
    }
    for (const hook of [{ stop: fail }, { stop: async () => fail() }, { drain: fail }]) {
      const at = world([first, hooked('bad', { name: 'h', ...hook })]);
      await at.app.start();
      expect((await failedStop(at))[0]).toMatch(new RegExp(`^(stop|drain) hook "h" of bad failed: ${text}$`));
      expect(at.app.report().state).toBe('stopped');
    }
    expect(log).toHaveLength(6);
  });

  it('is what the hook failed of, also where its result cannot be looked at', async () => {
    const log: string[] = [];
    const odd = new Proxy({}, { has: () => expect.fail('no then') });
    const at = world([hooked('a', { stop: () => void log.push('stopped') }), hooked('odd', { name: 'h', start: () => odd })]);
    expect((await failedStart(at)).messages).toEqual(['start hook "h" of odd failed: no then']);
    expect(log).toEqual(['stopped']);
  });

  it('is named with the line that threw it', async () => {
    const hook = hooked('x', {
      start: async () => {
        await turn();
        // @thrown
        throw new Error('deep');
      },
    });
    const error = await rejection(world([hook]).app.start());
    expect(error.findings[0].thrownAt).toBe(written(import.meta.url, 'thrown'));
    expect(error.message).toContain(`\n  thrown at  ${written(import.meta.url, 'thrown')}\n`);
  });
});

describe('Engine: late settlers', () => {
  it('leaves running what has been started again since', async () => {
    const late = Promise.withResolvers<void>();
    const log: string[] = [];
    const start = (): unknown => (log.push('start'), log.length === 1 ? late.promise : undefined);
    const at = world([hooked('x', { name: 'h', start, stop: () => void log.push('stop'), timeouts: { start: 10 } })]);
    await failedStart(at);
    await at.app.start();
    late.resolve();
    await turn();
    expect(log).toEqual(['start', 'start']);
    await at.app.stop();
    expect(log).toEqual(['start', 'start', 'stop']);
  });

  it('stops a hook that has started after it was given up, and tells so', async () => {
    const late = Promise.withResolvers<void>();
    const log: string[] = [];
    const at = world([hooked('x', { name: 'h', start: () => late.promise, stop: () => void log.push('stop'), timeouts: { start: 10 } })]);
    await failedStart(at);
    expect(at.app.report().components[0]?.hooks[0]?.isStillRunning).toBe(true);
    expect(log).toEqual([]);
    late.resolve();
    await turn();
    expect(log).toEqual(['stop']);
    expect(at.app.report().components[0]?.hooks[0]?.isStillRunning).toBe(false);
    expect(at.kinds().slice(-3)).toEqual(['SettledLate', 'OnStopExecuting', 'OnStopExecuted']);
  });

  it('does not stop one that failed after all', async () => {
    const late = Promise.withResolvers<void>();
    const log: string[] = [];
    const at = world([hooked('x', { name: 'h', start: () => late.promise, stop: () => void log.push('stop'), timeouts: { start: 10 } })]);
    await failedStart(at);
    late.reject(new Error('refused'));
    await turn();
    expect(log).toEqual([]);
    expect(at.kinds().at(-1)).toBe('SettledLate');
  });

  it('waits in stop for the stop of one that started late while others were stopped', async () => {
    const late = Promise.withResolvers<void>();
    const log: string[] = [];
    const slow = hooked('slow', { start: () => {}, stop: () => (late.resolve(), at.clock.sleep(10)) });
    const x = hooked('x', {
      name: 'h',
      start: () => late.promise,
      stop: () => at.clock.sleep(100).then(() => log.push('stopped')),
      timeouts: { start: 10 },
    });
    const at: World = world([slow, x]);
    await failedStart(at);
    expect(log).toEqual(['stopped']);
  });

  it('tells of a constructor that settles late; there is nothing to stop', async () => {
    const late = Promise.withResolvers<string>();
    const at = world([component({ name: 'x', create: () => late.promise, timeouts: { create: 10 } })]);
    await failedStart(at);
    late.resolve('value');
    await turn();
    expect(at.kinds().at(-1)).toBe('SettledLate');
  });

  it('does not let a stop hook that settles late be an unhandled rejection', async () => {
    const late = Promise.withResolvers<void>();
    const at = world([hooked('x', { name: 'h', stop: () => late.promise })], { stopTimeoutMs: 10 });
    await at.app.start();
    expect(await failedStop(at)).toHaveLength(1);
    late.reject(new Error('too late'));
    await turn();
    expect(at.kinds().at(-1)).toBe('SettledLate');
  });
});

describe('Lifecycle', () => {
  it('refuses hooks once the app has begun to start, whoever keeps it', async () => {
    const kept: Lifecycle[] = [];
    const at = world([component({ name: 'x', requires: { lifecycle: Lifecycle }, create: ({ lifecycle }) => void kept.push(lifecycle) })]);
    await at.app.start();
    expect(() => kept[0]?.append({ name: 'late' })).toThrow(/FX_STATE: x appends hook "late", but the app has begun to start/);
    await at.app.stop();
  });

  it.each(['start', 'ready', 'drain', 'stop'])('refuses a hook whose %s is no function, where it is appended', async (phase) => {
    const hook = { name: 'typo', [phase]: 'not a function' } as Hook;
    const at = world([component({ name: 'x', requires: { lifecycle: Lifecycle }, create: ({ lifecycle }) => lifecycle.append(hook) })]);
    const error = await rejection(at.app.start());
    expect(error.findings).toHaveLength(1);
    expect(error.findings[0]).toMatchObject({
      code: 'FX_BAD_DEFINITION',
      component: 'x',
      message: `x appends hook "typo", but ${phase} must be a function, not the string "not a function"`,
      place: expect.stringContaining('engine.test.ts'),
    });
  });

  it('is one for each component, so that hooks are their own', async () => {
    const at = world([hooked('a', { name: 'one' }), hooked('b', { name: 'two' })]);
    await at.app.start();
    expect(at.app.report().components.map(({ component: name, hooks }) => [name, hooks.map((hook) => hook.name)])).toEqual([
      ['a', ['one']],
      ['b', ['two']],
    ]);
    await at.app.stop();
  });
});

describe('Engine: constructors', () => {
  const A = token<string>()('a');

  it('awaits what a constructor promises before anybody gets it', async () => {
    const seen: string[] = [];
    const at = world([
      component({ provides: A, create: () => at.clock.sleep(10).then(() => 'later') }),
      invoke({ a: A }, ({ a }) => void seen.push(a)),
    ]);
    await settled(at.clock, at.app.start(), 10);
    expect(seen).toEqual(['later']);
    expect(at.app.report().components[0]?.createMs).toBe(10);
    await at.app.stop();
  });

  it('says when each constructor and start hook ran, counted from the start of the app', async () => {
    const at = world([
      component({ provides: A, create: () => at.clock.sleep(10).then(() => 'later') }),
      component({ name: 'user', requires: { a: A }, create: () => {}, start: () => at.clock.sleep(20) }),
      component({ name: 'next', create: () => {}, start: () => at.clock.sleep(30) }),
    ]);
    await at.clock.advance(1000);
    expect(at.app.report().startMs).toBeUndefined();
    await settled(at.clock, at.app.start(), 10);
    const { startMs, components } = at.app.report();
    expect(startMs).toBe(60);
    expect(
      components.map(({ createAtMs, createMs, hooks }) => [createAtMs, createMs, ...hooks.map((each) => [each.startAtMs, each.startMs])]),
    ).toEqual([
      [0, 10],
      [10, 0, [10, 20]],
      [10, 0, [30, 30]],
    ]);
    await at.app.stop();
  });

  it('starts nothing when a constructor fails, and runs no later one', async () => {
    const log: string[] = [];
    const at = world([
      hooked('first', { start: () => void log.push('start') }),
      component({ name: 'bad', create: () => Promise.reject(new Error('no')) }),
      component({ name: 'last', create: () => void log.push('create') }),
    ]);
    expect((await failedStart(at)).messages).toEqual(['constructor of bad failed: no']);
    expect(log).toEqual([]);
    expect(at.kinds()).not.toContain('RollingBack');
  });

  it('calls an invoked function by its name when it fails', async () => {
    const at = world([
      invoke({}, function migrate() {
        throw new TypeError('bad schema');
      }),
    ]);
    expect((await failedStart(at)).messages).toEqual(['invoked function migrate failed: bad schema']);
  });

  it.each(['text', undefined, null, 0])('blames a constructor that throws %s', async (thrown) => {
    const at = world([
      component({
        name: 'odd',
        create: () => {
          // oxlint-disable-next-line typescript/only-throw-error -- what strangers do
          throw thrown;
        },
      }),
    ]);
    expect((await failedStart(at)).messages).toEqual([`constructor of odd failed: ${String(thrown)}`]);
  });
});
