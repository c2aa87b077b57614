import * as fc from 'fast-check';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { recorder, rejection, settled } from '../../test/support.ts';
import {
  app,
  component,
  EventSink,
  invoke,
  Lifecycle,
  module,
  optional,
  token,
  type Application,
  type Component,
  type Token,
} from './index.ts';
import { fakeProcess, manualClock, type ManualClock } from './testing.ts';
import { turn } from './testing/clock.ts';

/** A list, by its positions: what each requires, and how long it takes to construct and to start (0: at once). */
interface Shape {
  readonly needs: readonly (readonly number[])[];
  readonly delays: readonly (readonly [number, number])[];
  /** In which order the objects are made. */
  readonly made: readonly number[];
}

const shapes: fc.Arbitrary<Shape> = fc.integer({ min: 1, max: 10 }).chain((size) => {
  const all = [...Array(size).keys()];
  return fc
    .tuple(
      fc.shuffledSubarray(all, { minLength: size }),
      fc.array(fc.array(fc.nat({ max: 1000 }), { maxLength: 3 }), { minLength: size, maxLength: size }),
      fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })), { minLength: size, maxLength: size }),
      fc.shuffledSubarray(all, { minLength: size }),
    )
    .map(([ranks, picks, delays, made]) => {
      const needs: number[][] = ranks.map(() => []);
      for (const [rank, node] of ranks.entries()) {
        if (rank > 0) needs[node] = [...new Set((picks[rank] ?? []).map((pick) => ranks[pick % rank] ?? 0))];
      }
      return { needs, delays, made };
    });
});

interface World {
  readonly app: Application;
  readonly clock: ManualClock;
  /** `create a`, `start a`, `stop a`, as they begin. */
  readonly log: string[];
  readonly most: () => number;
  readonly events: object[];
}

/** An app in which everything is needed, by one root at the end of the list. */
function worldOf({ needs, delays, made }: Shape, concurrency: number): World {
  const clock = manualClock();
  const log: string[] = [];
  const { sink, events } = recorder();
  let inFlight = 0;
  let most = 0;
  const work = (what: string, ms: number): Promise<void> | undefined => {
    log.push(what);
    inFlight += 1;
    most = Math.max(most, inFlight);
    if (ms > 0) return clock.sleep(ms).finally(() => void (inFlight -= 1));
    inFlight -= 1;
    return undefined;
  };
  const tokens = needs.map((_, at) => token<string>()(`t${at}`) as Token);
  const tokenAt = (at: number): Token => tokens[at] ?? Lifecycle;
  const list: Component[] = [];
  for (const at of made) {
    const [createMs, startMs] = delays[at] ?? [0, 0];
    const name = `t${at}`;
    list[at] = component({
      provides: tokenAt(at),
      requires: { lifecycle: Lifecycle, ...Object.fromEntries((needs[at] ?? []).map((each) => [`t${each}`, tokenAt(each)])) },
      create({ lifecycle }) {
        lifecycle.append({ name: 'own', start: () => work(`start ${name}`, startMs), stop: () => work(`stop ${name}`, startMs) });
        return work(`create ${name}`, createMs)?.then(() => name) ?? name;
      },
    });
  }
  list.push(invoke(Object.fromEntries(tokens.map((each, at) => [`t${at}`, each])), function root() {}));
  return { app: app(list, { clock, process: fakeProcess(), concurrency, sinks: [sink] }), clock, log, most: () => most, events };
}

/** Each as early in the list as its needs allow. */
function expectedOrder({ needs }: Shape): string[] {
  const order: number[] = [];
  for (;;) {
    const next = needs.findIndex((needed, at) => !order.includes(at) && needed.every((each) => order.includes(each)));
    if (next < 0) return order.map((at) => `t${at}`);
    order.push(next);
  }
}

const withoutTimes = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { ...value, at: 0, runtimeMs: 0, place: '', trace: [], createAtMs: 0, createMs: 0, startAtMs: 0, startMs: 0, stopMs: 0 }
    : value;

async function live({ app: subject, clock }: World): Promise<string> {
  await settled(clock, subject.start(), 5);
  const report = JSON.stringify(subject.report(), withoutTimes);
  await settled(clock, subject.stop(), 5);
  return report;
}

describe('app: order', () => {
  it('plans the earliest order that the needs allow, whatever the order in which the components were made', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const planned = (made: readonly number[]): string[] =>
          worldOf({ ...shape, made }, 1)
            .app.plan()
            .order.map((each) => each.component);
        expect(planned(shape.made)).toEqual([...expectedOrder(shape), 'root']);
        expect(planned(shape.made.toReversed())).toEqual([...expectedOrder(shape), 'root']);
      }),
      { numRuns: 1000 },
    );
  });

  it('constructs and starts in planned order and stops in its exact reverse, however long each takes', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const world = worldOf(shape, 1);
        await live(world);
        const order = expectedOrder(shape);
        expect(world.log).toEqual([
          ...order.map((name) => `create ${name}`),
          ...order.map((name) => `start ${name}`),
          ...order.toReversed().map((name) => `stop ${name}`),
        ]);
        expect(world.clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('tells the same events and the same report, in the same order, with every concurrency', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const outcomes: string[] = [];
        for (const concurrency of [1, 2, 8]) {
          const world = worldOf(shape, concurrency);
          outcomes.push(`${await live(world)}\n${JSON.stringify(world.events, withoutTimes)}`);
          expect(world.most()).toBeLessThanOrEqual(concurrency);
          for (const [at, needed] of shape.needs.entries()) {
            for (const each of needed) {
              expect(world.log.indexOf(`start t${each}`)).toBeLessThan(world.log.indexOf(`start t${at}`));
              expect(world.log.indexOf(`stop t${each}`)).toBeGreaterThan(world.log.indexOf(`stop t${at}`));
            }
          }
        }
        expect(outcomes[1]).toBe(outcomes[0]);
        expect(outcomes[2]).toBe(outcomes[0]);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [1, 80],
    [2, 40],
    [8, 10],
  ])('has %i independent components in flight at a time', async (concurrency, tookMs) => {
    const world = worldOf(
      {
        needs: Array.from({ length: 8 }, () => []),
        delays: Array.from({ length: 8 }, () => [10, 10] as const),
        made: [...Array(8).keys()],
      },
      concurrency,
    );
    await settled(world.clock, world.app.start(), 1);
    expect(world.most()).toBe(concurrency);
    const [started] = world.events.filter((event) => 'kind' in event && event.kind === 'Started');
    expect(started).toEqual({ kind: 'Started', at: 2 * tookMs });
    await settled(world.clock, world.app.stop(), 1);
  });

  it('begins a component as soon as what it needs is there, not when the others are', async () => {
    const world = worldOf(
      {
        needs: [[], [], [0]],
        delays: [
          [0, 1],
          [0, 9],
          [0, 1],
        ],
        made: [0, 1, 2],
      },
      8,
    );
    const starting = world.app.start();
    await world.clock.advance(1);
    expect(world.log.slice(3)).toEqual(['start t0', 'start t1', 'start t2']);
    await settled(world.clock, starting, 1);
    await settled(world.clock, world.app.stop(), 1);
  });

  it.each([NaN, 0, -1])('does one thing after the other with a concurrency of %s', async (concurrency) => {
    const subject = app([component({ name: 'x', create: () => undefined })], { concurrency });
    await subject.start();
    expect(subject.report().components).toMatchObject([{ component: 'x', state: 'started' }]);
    await subject.stop();
  });

  it.each([1, 8])('builds, starts and stops a chain of 10 000 written back to front (concurrency %i)', async (concurrency) => {
    const size = 10_000;
    const tokens = Array.from({ length: size }, (_, at) => token<number>()(`t${at}`));
    let [started, stopped] = [0, 0];
    const list: Component[] = tokens.map((provides, at) => {
      const next = tokens[at + 1];
      const requires: Record<string, Token> = next === undefined ? {} : { next };
      return component({
        provides,
        requires,
        create: () => at,
        start: () => void (started += 1),
        stop: (own: number) => void (stopped += own === stopped ? 1 : NaN),
      });
    });
    list.push(invoke({ first: tokens[0] ?? Lifecycle }, function root() {}));
    const chain = app(list, { concurrency, process: fakeProcess() });
    await chain.start();
    expect(started).toBe(size);
    await chain.stop();
    expect(stopped).toBe(size);
  });
});

const A = token<string>()('a');
const B = token<string>()('b');
const C = token<string>()('c');

describe('App: states', () => {
  const idle = (): Application => app([component({ name: 'idle', create: () => undefined, stop: () => {} })], { process: fakeProcess() });

  it('does nothing on a stop without a start, however often', async () => {
    const subject = idle();
    await subject.stop();
    await subject.stop();
    expect(subject.report().state).toBe('stopped');
  });

  it('refuses a second start, and says in which state it is', async () => {
    const subject = idle();
    await subject.start();
    const error = await rejection(subject.start());
    expect(error.findings).toEqual([
      { code: 'FX_STATE', message: 'attempted to start the app when in state: started', fix: 'stop it first' },
    ]);
    await subject.stop();
  });

  it('refuses a start while it is starting', async () => {
    const subject = idle();
    const starting = subject.start();
    await expect(subject.start()).rejects.toThrow('in state: starting');
    await starting;
    await subject.stop();
  });

  it('joins stops that are called at the same time', async () => {
    let stops = 0;
    const subject = app([component({ name: 'slow', create: () => undefined, stop: () => turn().then(() => void (stops += 1)) })], {
      process: fakeProcess(),
    });
    await subject.start();
    await Promise.all([subject.stop(), subject.stop(), subject.stop()]);
    expect(stops).toBe(1);
  });

  it('starts again after a stop, with the same values and new calls of the hooks', async () => {
    const log: string[] = [];
    const subject = app(
      [component({ name: 'one', create: () => log.push('create'), start: () => log.push('start'), stop: () => log.push('stop') })],
      { process: fakeProcess() },
    );
    await subject.start();
    await subject.stop();
    await subject.start();
    await subject.stop();
    expect(log).toEqual(['create', 'start', 'stop', 'start', 'stop']);
    expect(subject.report().components[0]?.state).toBe('stopped');
  });

  it('constructs everything anew when a construction has failed, so that the next start can succeed', async () => {
    let attempts = 0;
    const flaky = component({
      provides: A,
      create: () => {
        attempts += 1;
        if (attempts === 1) throw new Error('not yet');
        return 'a';
      },
    });
    const seen: string[] = [];
    const subject = app([flaky, invoke({ a: A }, ({ a }) => void seen.push(a))], { process: fakeProcess() });
    await expect(subject.start()).rejects.toThrow('not yet');
    expect(subject.report()).toMatchObject({ state: 'stopped', components: [{ state: 'failed' }, { state: 'planned' }] });
    await subject.start();
    expect([attempts, seen]).toEqual([2, ['a']]);
    await subject.stop();
  });

  it('does not construct anew when it was a start that failed', async () => {
    let creates = 0;
    let starts = 0;
    const flaky = component({
      name: 'flaky',
      create: () => void (creates += 1),
      start: () => {
        starts += 1;
        if (starts === 1) throw new Error('not yet');
      },
    });
    const subject = app([flaky], { process: fakeProcess() });
    await expect(subject.start()).rejects.toThrow('not yet');
    await subject.start();
    expect([creates, starts]).toEqual([1, 2]);
    await subject.stop();
  });

  it('ends a start by a stop, quietly, and stops what had started', async () => {
    const clock = manualClock();
    const log: string[] = [];
    const first = component({
      name: 'first',
      create: () => undefined,
      start: () => void log.push('start first'),
      stop: () => void log.push('stop first'),
    });
    const slow = component({
      name: 'slow',
      create: () => undefined,
      start: (_, { signal }) => clock.sleep(1000, signal),
      stop: () => void log.push('stop slow'),
    });
    const subject = app([first, slow], { clock, process: fakeProcess() });
    const starting = rejection(subject.start());
    await turn();
    await subject.stop();
    expect((await starting).findings.map(({ code, message }) => [code, message])).toEqual([
      ['FX_INTERRUPTED', 'the start was interrupted: stop was called'],
    ]);
    expect(log).toEqual(['start first', 'stop first']);
    expect(clock.pending).toBe(0);
  });

  it('waits for the end of a start that a constructor stops', async () => {
    const stops: Promise<string>[] = [];
    const stop = (): void => void stops.push(subject.stop().then(() => subject.report().state));
    const slow = component({ name: 'slow', create: async () => turn() });
    const subject = app([component({ name: 'stopper', create: stop }), slow], { process: fakeProcess() });
    expect((await rejection(subject.start())).code).toBe('FX_INTERRUPTED');
    expect(await Promise.all(stops)).toEqual(['stopped']);
  });

  it('says when stop was called during a start and something could not be stopped', async () => {
    const first = component({ name: 'first', create: () => undefined, start: () => {}, stop: () => Promise.reject(new Error('stuck')) });
    const slow = component({ name: 'slow', create: () => undefined, start: () => new Promise(() => {}) });
    const subject = app([first, slow], { process: fakeProcess() });
    const starting = rejection(subject.start());
    await turn();
    expect((await rejection(subject.stop())).findings.map(({ code }) => code)).toEqual(['FX_STOP_FAILED']);
    expect((await starting).findings.map(({ code }) => code)).toEqual(['FX_INTERRUPTED', 'FX_STOP_FAILED']);
  });

  it('does not listen to signals any more after such a stop, whatever could not be stopped', async () => {
    const process = fakeProcess();
    const first = component({ name: 'first', create: () => undefined, start: () => {}, stop: () => Promise.reject(new Error('stuck')) });
    const slow = component({ name: 'slow', create: () => undefined, start: () => new Promise(() => {}) });
    const subject = app([first, slow], { process });
    const asked = subject.wait();
    const starting = rejection(subject.start());
    await turn();
    process.signal('SIGTERM');
    await asked;
    expect((await rejection(subject.stop())).code).toBe('FX_STOP_FAILED');
    await starting;
    expect(process.signal('SIGTERM')).toBe(false);
  });
});

describe('App.start: the signal of the caller', () => {
  /** Six steps in each of three components: before, in and after an asynchronous create, and the same in its start. */
  function world(onStep: (step: number) => void): {
    readonly subject: Application;
    readonly held: Set<string>;
    readonly steps: () => number;
  } {
    let steps = 0;
    const step = (): void => {
      steps += 1;
      onStep(steps);
    };
    const pause = async (): Promise<void> => {
      step();
      await turn();
      step();
      await Promise.resolve();
      step();
    };
    const held = new Set<string>();
    const make = (name: string): Component =>
      component({
        name,
        create: pause,
        start: async () => {
          await pause();
          held.add(name);
        },
        stop: async () => {
          await Promise.resolve();
          held.delete(name);
        },
      });
    return { subject: app(['a', 'b', 'c'].map(make), { process: fakeProcess() }), held, steps: () => steps };
  }
  const total = 18;

  it('takes as many steps as the next test counts on', async () => {
    const { subject, steps } = world(() => {});
    await subject.start();
    expect(steps()).toBe(total);
    await subject.stop();
  });

  it.each([...Array(total).keys()].map((step) => step + 1))('leaves nothing started when it aborts at step %i', async (abortAt) => {
    const caller = new AbortController();
    const { subject, held } = world((step) => {
      if (step === abortAt) caller.abort(new Error('enough'));
    });
    const error = await rejection(subject.start({ signal: caller.signal }));
    expect(error.findings.map(({ code, message }) => [code, message])).toEqual([
      ['FX_INTERRUPTED', "the start was interrupted: the caller's signal was aborted: enough"],
    ]);
    await turn();
    await turn();
    expect([...held]).toEqual([]);
    expect(subject.report().state).toBe('stopped');
    await subject.start();
    expect([...held]).toEqual(['a', 'b', 'c']);
    await subject.stop();
    expect([...held]).toEqual([]);
  });

  it.each([...Array(total).keys()].map((step) => step + 1))('leaves nothing started when stop is called at step %i', async (stopAt) => {
    const stops: Promise<void>[] = [];
    const { subject, held } = world((step) => {
      if (step === stopAt) stops.push(subject.stop());
    });
    expect((await rejection(subject.start())).code).toBe('FX_INTERRUPTED');
    await Promise.all(stops);
    await turn();
    await turn();
    expect([...held]).toEqual([]);
  });

  it('stops what has started whatever it was aborted for', async () => {
    const stopped: string[] = [];
    const caller = new AbortController();
    const first = component({ name: 'first', create: () => undefined, start: () => {}, stop: () => void stopped.push('first') });
    const slow = component({ name: 'slow', create: () => undefined, start: () => (queueMicrotask(abort), new Promise(() => {})) });
    const abort = (): void => caller.abort(Object.create(null));
    const error = await rejection(app([first, slow]).start({ signal: caller.signal }));
    expect(error.findings[0].message).toContain('aborted: what was thrown cannot be read');
    expect(stopped).toEqual(['first']);
  });

  it('constructs nothing when it is aborted from the beginning', async () => {
    const { subject, steps } = world(() => {});
    const error = await rejection(subject.start({ signal: AbortSignal.abort(new Error('enough')) }));
    expect(error.code).toBe('FX_INTERRUPTED');
    expect(steps()).toBe(0);
  });

  it('is obeyed in the very last step too, though nothing comes after it that could be given up', async () => {
    const caller = new AbortController();
    const log: string[] = [];
    const last = component({
      name: 'last',
      create: () => undefined,
      start: () => {
        caller.abort(new Error('enough'));
        log.push('started');
      },
      stop: () => void log.push('stopped'),
    });
    const subject = app([last], { process: fakeProcess() });
    expect((await rejection(subject.start({ signal: caller.signal }))).code).toBe('FX_INTERRUPTED');
    expect(log).toEqual(['started', 'stopped']);
  });

  it('is not listened to any more once the app has started', async () => {
    const caller = new AbortController();
    const { subject, held } = world(() => {});
    await subject.start({ signal: caller.signal });
    caller.abort();
    await turn();
    expect(subject.report().state).toBe('started');
    expect(held.size).toBe(3);
    await subject.stop();
  });
});

describe("App: onFailure: 'continue'", () => {
  const value = (of: typeof A | typeof B, requires: Record<string, Token> = {}): Component =>
    component({ provides: of, requires, create: () => of.key });

  it('goes on without what cannot be constructed: dependants are skipped, optional() sees undefined, the report says so', async () => {
    const seen: unknown[] = [];
    const { sink, events } = recorder();
    const broken = component({
      provides: A,
      onFailure: 'continue',
      create: (): string => {
        throw new Error('no device');
      },
    });
    const subject = app(
      [
        broken,
        value(B, { a: A }),
        component({ name: 'needs-b', requires: { b: B }, create: () => seen.push('never') }),
        component({ name: 'may', requires: { a: optional(A), b: optional(B) }, create: ({ a, b }) => seen.push(a, b) }),
      ],
      { process: fakeProcess(), sinks: [sink] },
    );
    await subject.start();
    expect(seen).toEqual([undefined, undefined]);
    const { healthy, components } = subject.report();
    expect(healthy).toBe(false);
    expect(components.map(({ component: name, state }) => [name, state])).toEqual([
      ['a', 'failed'],
      ['b', 'skipped'],
      ['needs-b', 'skipped'],
      ['may', 'started'],
    ]);
    expect(components[0]?.failure).toMatchObject({
      code: 'FX_CREATE_FAILED',
      findings: [{ component: 'a', fix: 'see the cause; everything else went on' }],
    });
    expect(events.flatMap((event) => (event.kind === 'Skipped' ? [[event.component, event.because]] : []))).toEqual([
      ['b', 'a failed'],
      ['needs-b', 'b skipped'],
    ]);
    expect(events.filter(({ kind }) => kind === 'Degraded')).toHaveLength(1);
    await subject.stop();
  });

  it('goes on without what cannot start: what it has started is stopped, its dependants are not started', async () => {
    const log: string[] = [];
    const broken = component({
      provides: A,
      requires: { lifecycle: Lifecycle },
      onFailure: 'continue',
      create({ lifecycle }) {
        lifecycle.append({ name: 'one', start: () => void log.push('start one'), stop: () => void log.push('stop one') });
        lifecycle.append({ name: 'two', start: () => Promise.reject(new Error('port taken')), stop: () => void log.push('stop two') });
        return 'a';
      },
    });
    const dependant = component({
      name: 'dependant',
      requires: { a: A },
      create: () => undefined,
      start: () => void log.push('start dependant'),
      stop: () => void log.push('stop dependant'),
    });
    const other = component({
      name: 'other',
      create: () => undefined,
      start: () => void log.push('start other'),
      stop: () => void log.push('stop other'),
    });
    const subject = app([broken, dependant, other], { process: fakeProcess() });
    await subject.start();
    expect(log).toEqual(['start one', 'stop one', 'start other']);
    expect(subject.report().components.map(({ state }) => state)).toEqual(['failed', 'skipped', 'started']);
    await subject.stop();
    expect(log.slice(3)).toEqual(['stop other']);
  });

  it('fails all the same when it is the whole start that has run out of time', async () => {
    const clock = manualClock();
    const hangs = component({ name: 'hangs', onFailure: 'continue', create: () => undefined, start: () => new Promise(() => {}) });
    const subject = app([hangs], { clock, process: fakeProcess(), startTimeoutMs: 1000 });
    const error = await settled(clock, rejection(subject.start()));
    expect(error.code).toBe('FX_START_TIMEOUT');
  });

  it('leaves a failed one out of groups of values and of the container', async () => {
    const broken = component({
      provides: A,
      onFailure: 'continue',
      create: (): string => {
        throw new Error('no');
      },
    });
    const subject = app([broken, component({ name: 'root', requires: { a: optional(A) }, create: () => undefined })], {
      process: fakeProcess(),
    });
    await subject.start();
    expect((await subject.container()).isBound(A)).toBe(false);
    await subject.stop();
  });
});

describe('App: memory', () => {
  it('grows by less than a megabyte over 1 000 starts and stops', { timeout: 30_000 }, async () => {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect !== 'function') throw new Error('no garbage collector to call');
    const make = (of: typeof A | typeof B | typeof C, requires: Record<string, Token>): Component =>
      component({
        provides: of,
        requires: { lifecycle: Lifecycle, ...requires },
        create({ lifecycle }) {
          lifecycle.append({ name: 'sync', start: () => {}, stop: () => {} });
          lifecycle.append({
            name: 'async',
            start: async ({ signal }) => void signal.aborted,
            ready: async () => {},
            drain: async () => {},
            stop: async () => {},
          });
          return of.key;
        },
      });
    const list = [make(A, {}), make(B, { a: A }), module('inner', [make(C, { b: B })]), invoke({ c: C }, function root() {})];
    const restarted = app(list, { process: fakeProcess() });
    const cycle = async (): Promise<void> => {
      await restarted.start();
      await restarted.stop();
      const anew = app(list, { process: fakeProcess() });
      await anew.start();
      await anew.stop();
    };
    const heap = async (): Promise<number> => {
      await turn();
      collect();
      collect();
      return process.memoryUsage().heapUsed;
    };
    for (let warm = 0; warm < 200; warm += 1) await cycle();
    const before = await heap();
    for (let round = 0; round < 1000; round += 1) await cycle();
    expect((await heap()) - before).toBeLessThan(1024 * 1024);
  });
});

describe('App: stop', () => {
  it('does not repeat the error of an earlier stop', async () => {
    let isBroken = true;
    const flaky = component({
      name: 'flaky',
      create: () => undefined,
      stop: () => {
        if (isBroken) throw new Error('still busy');
      },
    });
    const subject = app([flaky], { process: fakeProcess() });
    await subject.start();
    await expect(subject.stop()).rejects.toThrow('still busy');
    await subject.stop();
    isBroken = false;
    await subject.start();
    await subject.stop();
  });

  it('shares one stop among all who ask for it at the same time', async () => {
    let stops = 0;
    const once = component({ name: 'once', create: () => undefined, stop: async () => void (stops += 1) });
    const subject = app([once], { process: fakeProcess() });
    await subject.start();
    await Promise.all([subject.stop(), subject.stop()]);
    expect(stops).toBe(1);
  });
});

describe('App: a logger that is no function', () => {
  it('is a wrong value', async () => {
    const wrong = component({ name: 'wrong', provides: EventSink, create: () => 'console' as never });
    const error = await app([wrong], { process: fakeProcess() })
      .start()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'FX_BAD_VALUE' });
    expect(String(error)).toContain('wrong owes a value for "fx.event-sink", but its constructor yielded the string "console"');
  });
});
