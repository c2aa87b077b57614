import { describe, expect, it } from 'vitest';
import { rejection, settled, written, type Unproved } from '../../test/support.ts';
import { codes, errorOf, FxError, messageOf, unexpected, type Code, type Finding } from './errors.ts';
import { app, component, decorate, invoke, Jobs, Lifecycle, many, module, replace, supply, token, type Component } from './index.ts';
import { fakeProcess, manualClock, testApp } from './testing.ts';

const here = (mark: string): string => written(import.meta.url, mark);

// @log-token
const Log = token<string>()('log');
const Store = token<string>()('store');
const Server = token<string>()('server');

// @log
const log = component({ provides: Log, create: () => 'log' });
// @store
const store = component({ provides: Store, requires: { log: Log }, create: () => 'store' });
// @server
const server = component({ provides: Server, requires: { store: Store }, create: () => 'server' });
// @root
const root = component({ name: 'root', requires: { server: Server }, create: () => undefined });
// @second-log
const second = component({ name: 'second', provides: Log, create: () => '' });
// @clash
const twin = component({ name: 'twin', provides: token<number>()('log'), create: () => 1 });
// @circle
const circular = component({ provides: Log, requires: { server: Server }, create: () => '' });

const validate = (list: Unproved): readonly Finding[] => app(list, { process: fakeProcess() }).validate();

/** What the start, or else the stop, fails of, in virtual time. */
async function findingsOfRun(list: Unproved): Promise<readonly Finding[]> {
  const clock = manualClock();
  const subject = app(list, { clock, process: fakeProcess(), hookTimeoutMs: 1000, createTimeoutMs: 500, stopTimeoutMs: 4000 });
  const life = async (): Promise<void> => {
    await subject.start();
    await subject.stop();
  };
  return (await settled(clock, rejection(life()))).findings;
}

const hangs = (): Promise<never> => new Promise(() => {});
// @thrown
const fails = (what: string) => (): Promise<never> => Promise.reject(new Error(what));

interface Scenario {
  readonly find: () => readonly Finding[] | Promise<readonly Finding[]>;
  /** `place` and `thrownAt` are marks in this file. */
  readonly finding: Omit<Finding, 'code' | 'cause'>;
  readonly cause?: string;
}

const culprit = (more: Partial<Parameters<typeof component>[0]>): Component =>
  // @culprit
  component({ provides: Store, requires: { log: Log }, create: () => 'store', ...more });
const chain = (more: Partial<Parameters<typeof component>[0]>): Unproved => [log, culprit(more), server, root];
const ifItCan = "see the cause; if the app can do without store, declare it onFailure: 'continue'";
const tooSlow = 'make it honour its signal and return sooner, or give it a longer deadline ("timeouts")';
const blame = { component: 'store', wantedBy: 'root -> server -> store', place: 'culprit' };

const scenarios: { readonly [C in Code]: Scenario } = {
  FX_BAD_DEFINITION: {
    // @nameless
    find: () => validate([component({ create: () => undefined })]),
    finding: {
      message: 'unnamed: a component that provides nothing needs a name',
      component: 'unnamed',
      place: 'nameless',
      fix: 'mend the definition',
    },
  },
  FX_MISSING: {
    find: () => validate([store, server, root]),
    finding: {
      message: 'missing dependencies for store: nothing provides "log"',
      component: 'store',
      wantedBy: 'store, as "log"',
      place: 'store',
      fix: `add a component that provides "log" (the token is made at ${here('log-token')}); or take it with optional(), or remove store`,
    },
  },
  FX_DUPLICATE: {
    find: () => validate([log, second, store, server, root]),
    finding: {
      message: `second cannot be a provider of "log": already provided by log (${here('log')})`,
      component: 'second',
      place: 'second-log',
      fix: 'keep one of the two; to swap one for the other, list replace(component)',
    },
  },
  FX_TOKEN_CLASH: {
    find: () => validate([log, twin, store, server, root]),
    finding: {
      message: 'two different tokens have the key "log"',
      component: 'twin',
      wantedBy: 'twin',
      place: 'clash',
      fix: 'export one token and import it everywhere, or give the other a key of its own',
    },
  },
  FX_CYCLE: {
    find: () => validate([circular, store, server, root]),
    finding: {
      message: 'cycle detected in dependency graph: log -> server -> store -> log',
      component: 'log',
      wantedBy: `log (${here('circle')}), then server (${here('server')}), then store (${here('store')})`,
      place: 'circle',
      fix: 'let one of them take what it needs later: move the shared part into a component of its own, or contribute through many()',
      path: ['log', 'server', 'store', 'log'],
    },
  },
  FX_NOTHING_TO_REPLACE: {
    // @replacement
    find: () => validate([replace(log)]),
    finding: {
      message: 'log replaces "log", which nothing here provides',
      component: 'log',
      place: 'replacement',
      fix: 'list it as a component of its own, or remove the replacement',
    },
  },
  FX_CREATE_FAILED: {
    find: () => findingsOfRun(chain({ create: fails('disk full') })),
    finding: { message: 'constructor of store failed: disk full', ...blame, thrownAt: 'thrown', fix: ifItCan },
    cause: 'disk full',
  },
  FX_CREATE_TIMEOUT: {
    find: () => findingsOfRun(chain({ create: hangs })),
    finding: {
      message: 'constructor of store did not settle within its deadline of 0.5 s; also running: nothing; done: log',
      ...blame,
      fix: tooSlow,
    },
  },
  FX_BAD_VALUE: {
    find: () => findingsOfRun(chain({ create: () => undefined })),
    finding: {
      message: 'store owes a value for "store", but its constructor yielded undefined',
      component: 'store',
      place: 'culprit',
      fix: 'return what "provides" declares; a capability that may be absent is required with optional()',
    },
  },
  FX_START_FAILED: {
    find: () => findingsOfRun(chain({ start: fails('port taken') })),
    finding: { message: 'start hook "store" of store failed: port taken', ...blame, thrownAt: 'thrown', fix: ifItCan },
    cause: 'port taken',
  },
  FX_START_TIMEOUT: {
    find: () => findingsOfRun(chain({ start: hangs })),
    finding: {
      message: 'start hook "store" of store did not settle within its deadline of 1 s; also running: nothing; done: log',
      ...blame,
      fix: tooSlow,
    },
  },
  FX_STOP_FAILED: {
    find: () => findingsOfRun(chain({ stop: fails('cannot flush') })),
    finding: {
      message: 'stop hook "store" of store failed: cannot flush',
      ...blame,
      thrownAt: 'thrown',
      fix: 'see the cause; everything else went on',
    },
    cause: 'cannot flush',
  },
  FX_STOP_TIMEOUT: {
    find: () => findingsOfRun(chain({ stop: hangs })),
    finding: {
      message:
        'stop hook "store" of store did not settle within the deadline of the whole stop (4 s were left for it); also running: nothing; done: log, server, root',
      ...blame,
      fix: tooSlow,
    },
  },
  FX_INTERRUPTED: {
    find: async () => (await rejection(app([log], { process: fakeProcess() }).start({ signal: AbortSignal.abort('enough') }))).findings,
    finding: {
      message: "the start was interrupted: the caller's signal was aborted: enough",
      fix: 'nothing, if this was wanted: everything that had started is stopped',
    },
    cause: 'enough',
  },
  FX_STATE: {
    find: () => {
      let append = (): void => {};
      const greedy = component({
        name: 'greedy',
        requires: { lifecycle: Lifecycle },
        create: ({ lifecycle }) => {
          // @late-append
          append = () => lifecycle.append({ name: 'more' });
        },
        start: () => append(),
      });
      return findingsOfRun([greedy]);
    },
    finding: {
      message: 'greedy appends hook "more", but the app has begun to start: it would never run',
      component: 'greedy',
      place: 'late-append',
      fix: 'append functions, and while create runs; what goes on later is a job',
    },
  },
  FX_JOB_FAILED: {
    find: async () => {
      const worker = component({
        name: 'worker',
        requires: { jobs: Jobs },
        create: ({ jobs }) => jobs.oneShot({ name: 'sync', run: fails('offline'), retry: { attemptsMax: 1 }, onGivingUp: 'shutdown' }),
      });
      const subject = app([worker], { clock: manualClock(), process: fakeProcess() });
      const ending = subject.wait();
      await subject.start();
      const { cause } = await ending;
      await subject.stop();
      return unexpected(cause).findings;
    },
    finding: { message: 'job "sync" gave up after 1 attempts: offline', thrownAt: 'thrown', fix: 'see the cause' },
    cause: 'offline',
  },
  FX_LEAK: {
    find: async () => {
      const watched = await testApp([
        // @leaky
        component({ name: 'leaky', create: () => undefined, start: () => void process.on('SIGUSR2', onSignal) }),
      ]);
      const { findings } = await rejection(watched.stop());
      process.off('SIGUSR2', onSignal);
      // Frames, as of other leaks, of which the first is enough here.
      return findings.map((finding) => ({ ...finding, place: finding.place?.match(/src.fx.*\.ts:\d+/)?.[0] ?? '' }));
    },
    finding: {
      message: 'the process still listens to "SIGUSR2" after the stop',
      place: 'leaky',
      fix: 'remove the listener in the stop of the hook whose start added it',
    },
  },
};
function onSignal(): void {}

describe('codes', () => {
  it.each(Object.entries(scenarios))(
    '%s says what is wrong, who wanted it, where that is written and what to do',
    async (code, { find, finding, cause }) => {
      const [first, ...others] = await find();
      expect(others).toEqual([]);
      const { cause: thrown, ...said } = first ?? { cause: undefined };
      const marks = Object.entries({ place: finding.place, thrownAt: finding.thrownAt });
      const places = marks.map(([name, mark]) => [name, mark && here(mark)] as const);
      expect(said).toEqual({ code, ...finding, ...Object.fromEntries(places) });
      expect(thrown === undefined ? undefined : messageOf(thrown)).toBe(cause);
    },
  );

  it('are all in the scenarios above', () => {
    expect(Object.keys(scenarios)).toEqual(Object.keys(codes));
  });
});

describe('App.validate', () => {
  /** Four mistakes of four kinds. */
  let constructed = 0;
  const broken: Unproved = [
    component({ name: 'two', provides: Log, create: () => ((constructed += 1), 'x') }),
    component({ provides: Log, create: () => ((constructed += 1), 'y') }),
    component({ name: 'wants', requires: { store: Store }, create: () => void (constructed += 1) }),
    component({ provides: Server, requires: { server: Server }, create: () => ((constructed += 1), 'z') }),
    component({ create: () => void (constructed += 1) }),
  ];

  it('finds everything at once', () => {
    expect(validate(broken).map(({ code, component: name }) => [code, name])).toEqual([
      ['FX_DUPLICATE', 'log'],
      ['FX_BAD_DEFINITION', 'unnamed'],
      ['FX_MISSING', 'wants'],
      ['FX_CYCLE', 'server'],
    ]);
  });

  it('says exactly what start rejects with, and what app.error is; nothing is constructed', async () => {
    const subject = app(broken, { process: fakeProcess() });
    const error = await rejection(subject.start());
    expect(error).toBe(subject.error);
    expect(error.findings).toEqual(subject.validate());
    expect(error.code).toBe('FX_DUPLICATE');
    expect(constructed).toBe(0);
    expect(subject.report().components.every(({ state }) => state === 'planned')).toBe(true);
  });

  it('finds nothing in a good list, and constructs nothing either', () => {
    const subject = app([component({ name: 'good', create: () => void (constructed += 1) })]);
    expect(subject.validate()).toEqual([]);
    expect(subject.error).toBeUndefined();
    expect(constructed).toBe(0);
  });

  it('reports every knot of circles, and nobody who merely waits for one', () => {
    const [A, B, C, D] = [token<string>()('a'), token<string>()('b'), token<string>()('c'), token<string>()('d')] as const;
    const findings = validate([
      component({ provides: A, requires: { b: B }, create: () => '' }),
      component({ provides: B, requires: { a: A }, create: () => '' }),
      component({ provides: C, requires: { c: C, a: A }, create: () => '' }),
      component({ provides: D, requires: { c: C }, create: () => '' }),
    ]);
    expect(findings.map(({ path }) => path)).toEqual([
      ['a', 'b', 'a'],
      ['c', 'c'],
    ]);
  });

  it('tells a circle of 10 000 whole', () => {
    const tokens = Array.from({ length: 10_000 }, (_, at) => token<number>()(`t${at}`));
    const list: Component[] = tokens.map((provides, at) =>
      component({ provides, requires: { next: tokens[(at + 1) % tokens.length] ?? provides }, create: () => at }),
    );
    const [finding] = validate(list);
    expect(finding?.path).toHaveLength(10_001);
  });
});

/** What a program without types may hand over. */
const anything = (value: unknown): Component => value as Component;
const definition = (value: unknown): Parameters<typeof component>[0] => value as Parameters<typeof component>[0];

describe('FX_BAD_DEFINITION', () => {
  const problem = (value: unknown): string[] => validate([component(definition(value))]).map(({ message }) => message);

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'unnamed: a definition is an object, not undefined'],
    ['no create', { name: 'x' }, 'x: create must be a function or a class, not undefined'],
    [
      'a string for a token',
      { name: 'x', provides: 'log', create: () => 1 },
      'x: "provides" must be a token or many(token), not the string "log"',
    ],
    ['null for a token', { name: 'x', provides: null, create: () => 1 }, 'x: "provides" must be a token or many(token), not null'],
    ['an empty record', { name: 'x', provides: {}, create: () => 1 }, 'x: "provides" is empty'],
    ['a wrong record', { name: 'x', provides: { a: 1 }, create: () => 1 }, 'x: "provides.a" must be a token or many(token), not 1'],
    [
      'a wrong requirement',
      { name: 'x', requires: { a: undefined }, create: () => 1 },
      'x: "requires.a" must be a token, optional(token) or many(token), not undefined',
    ],
    [
      'soft where it contributes',
      { provides: many(Log, { soft: true }), create: () => 1 },
      'log: "provides": "soft" is for consuming a group',
    ],
    ['as where it contributes', { provides: many(Log, { as: 'map' }), create: () => 1 }, 'log: "provides": "as" is for consuming a group'],
    [
      'flatten where it consumes',
      { name: 'x', requires: { all: many(Log, { flatten: true }) }, create: () => 1 },
      'x: "requires.all": "flatten" is for contributing to a group',
    ],
    [
      'a name where it consumes',
      { name: 'x', requires: { all: many(Log, { name: 'y' }) }, create: () => 1 },
      'x: "requires.all": "name" is for contributing to a group',
    ],
  ])('is for %s', (_, value, message) => {
    expect(problem(value)[0]).toBe(message);
  });

  it.each([
    ['undefined', undefined, 'undefined'],
    ['a number', 1, '1'],
    ['a string', 'log', 'the string "log"'],
    ['a token', Log, 'the function log'],
    [
      'a nameless function',
      (
        () => () =>
          1
      )(),
      'the function',
    ],
    ['a list', [log], 'an object (Array)'],
    ['a plain object', {}, 'an object (Object)'],
    ['an object without prototype', Object.create(null), 'an object (without prototype)'],
  ])('is for %s as an item, with its position', (_, value, shown) => {
    expect(validate([log, anything(value)])).toEqual([
      {
        code: 'FX_BAD_DEFINITION',
        message: `the list holds ${shown} at position 2, which is not a component`,
        wantedBy: 'the list',
        fix: 'list what component(), supply(), invoke(), decorate(), replace() or module() returns, all from one copy of the framework',
      },
    ]);
  });

  it('names the module that holds a wrong item, and where it is written', () => {
    // @module
    const [finding] = validate([module('inner', [anything(1)])]);
    expect(finding).toMatchObject({
      message: 'module inner holds 1 at position 1, which is not a component',
      wantedBy: 'module inner',
      place: here('module'),
    });
  });

  it('is for a list that is none', () => {
    const [finding] = validate(anything(1) as unknown as Unproved);
    expect(finding?.message).toBe('the list is 1, which is not a list');
  });

  it('is for a condition when the app has no settings', () => {
    // @conditional
    const [finding] = validate([component({ name: 'x', when: 'x.on', create: () => undefined })]);
    expect(finding).toEqual({
      code: 'FX_BAD_DEFINITION',
      message: 'x depends on a setting ("when"), but this app was given no settings',
      component: 'x',
      place: here('conditional'),
      fix: 'give the app its settings: app(list, { settings: (key) => ... })',
    });
  });

  it('is for a replacement that is none', () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the types forbid
    expect(validate([replace(anything(1))]).map(({ message }) => message)).toEqual([
      'the list holds a replacement by 1, which is not a component',
    ]);
  });
});

describe('FX_DUPLICATE', () => {
  it('is for a component that provides what the framework itself does', () => {
    const [finding] = validate([component({ provides: Lifecycle, create: () => ({ append: () => {} }) })]);
    expect(finding).toMatchObject({
      code: 'FX_DUPLICATE',
      message: 'fx.lifecycle cannot be a provider of "fx.lifecycle": already provided by the framework',
      fix: 'keep one of the two; to swap one for the other, give a clock or a process as an option: app(list, { clock, process })',
    });
  });

  it('is for two decorators of a token in one module', () => {
    const again = decorate({ provides: Log, requires: { log: Log }, create: ({ log: inner }) => inner });
    const [finding, ...others] = validate([
      log,
      again,
      decorate({ provides: Log, requires: { log: Log }, create: ({ log: inner }) => inner }),
    ]);
    expect(others).toEqual([]);
    expect(finding?.message).toMatch(/^log decorator #2 cannot be a decorator of "log": already decorated by log decorator \(/);
  });

  it('is not for a component that is listed twice', () => {
    expect(validate([log, module('a', [log]), log, store, server, root])).toEqual([]);
  });
});

describe('FX_NOTHING_TO_REPLACE', () => {
  it('is for a decorator of nothing', () => {
    const [finding] = validate([decorate({ provides: Log, create: () => '' })]);
    expect(finding).toMatchObject({
      code: 'FX_NOTHING_TO_REPLACE',
      message: 'log decorator decorates "log", which nothing here provides: missing type',
    });
  });

  it('is for a value that replaces nothing', () => {
    const [finding] = validate([replace(Log, 'x')]);
    expect(finding).toMatchObject({
      code: 'FX_NOTHING_TO_REPLACE',
      message: 'log replacement replaces "log", which nothing here provides: missing type',
    });
  });
});

describe('FX_BAD_VALUE', () => {
  it.each<[string, unknown, string]>([
    [
      'a missing part of a record',
      { name: 'x', provides: { log: Log, store: Store }, create: () => ({ log: '' }) },
      'x owes a value for "store" as "store", but its constructor yielded undefined',
    ],
    [
      'no record at all',
      { name: 'x', provides: { log: Log }, create: () => null },
      'x owes a value for "log" as "log", but its constructor yielded undefined',
    ],
    [
      'a flattened contribution that is no list',
      { name: 'x', provides: many(Log, { flatten: true }), create: () => 'log' },
      'x owes a list for group "log", but its constructor yielded the string "log"',
    ],
  ])('is for %s', async (_, value, message) => {
    const all: Component = message.includes('for group') ? invoke({ all: many(Log) }, () => {}) : invoke({ log: Log }, () => {});
    expect((await findingsOfRun([component(definition(value)), all])).map((each) => each.message)).toEqual([message]);
  });

  it('takes null, 0, false and the empty string for values', async () => {
    const seen: unknown[] = [];
    const Any = token<unknown>()('any');
    for (const value of [null, 0, false, '']) {
      const subject = app([component({ provides: Any, create: () => value }), invoke({ any: Any }, ({ any }) => seen.push(any))], {
        process: fakeProcess(),
      });
      await subject.start();
      await subject.stop();
    }
    expect(seen).toEqual([null, 0, false, '']);
  });
});

describe('supply and replace', () => {
  it.each([null, undefined, new Error('oops')])('throw at once for %s as a value', (value) => {
    const Any = token<unknown>()('any');
    expect(() => supply(Any, value)).toThrow(TypeError);
    expect(() => replace(Any, value)).toThrow(TypeError);
  });
});

describe('FxError', () => {
  const one: Finding = { code: 'FX_MISSING', message: 'no log', wantedBy: 'store', place: 'a.ts:1', fix: 'add it' };
  const other: Finding = { code: 'FX_START_FAILED', message: 'failed', fix: 'see the cause', cause: new Error('deep') };

  it('is a paragraph for one finding', () => {
    expect(new FxError([one]).message).toBe('FX_MISSING: no log\n  wanted by  store\n  written at a.ts:1\n  what to do add it');
  });

  it('counts several, a paragraph for each', () => {
    expect(new FxError([one, other]).message).toBe(
      [
        '2 problems',
        'FX_MISSING: no log',
        '  wanted by  store',
        '  written at a.ts:1',
        '  what to do add it',
        'FX_START_FAILED: failed',
        '  what to do see the cause',
      ].join('\n'),
    );
  });

  it('has the code of the first and the cause of the first that has one', () => {
    const error = new FxError([one, other]);
    expect([error.name, error.code, error.cause]).toEqual(['FxError', 'FX_MISSING', other.cause]);
  });

  it('is plain data as JSON, with causes as text', () => {
    expect(JSON.parse(JSON.stringify(new FxError([one, other])))).toEqual({
      name: 'FxError',
      code: 'FX_MISSING',
      findings: [one, { ...other, cause: 'deep' }],
    });
  });
});

describe('errorOf', () => {
  const finding = (code: Code, message: string): Finding => ({ code, message, fix: '' });
  const messages = (error: FxError | undefined): readonly string[] | undefined => error?.findings.map(({ message }) => message);

  it('is nothing without findings', () => {
    expect(errorOf([])).toBeUndefined();
  });

  it('blames all that failed, but nobody who was merely interrupted by that', () => {
    const findings = [finding('FX_INTERRUPTED', 'x failed'), finding('FX_START_FAILED', 'x'), finding('FX_START_TIMEOUT', 'y')];
    expect(messages(errorOf(findings))).toEqual(['x', 'y']);
  });

  it('says once that a start was interrupted when that is all', () => {
    expect(messages(errorOf([finding('FX_INTERRUPTED', 'stop'), finding('FX_INTERRUPTED', 'stop')]))).toEqual(['stop']);
  });
});

describe('unexpected', () => {
  it('leaves our own errors as they are, and takes the blame for any other', () => {
    const own = new FxError([{ code: 'FX_MISSING', message: '', fix: '' }]);
    expect(unexpected(own)).toBe(own);
    expect(unexpected(new TypeError('x is undefined'))).toMatchObject({ code: 'FX_STATE', cause: { message: 'x is undefined' } });
    expect(unexpected('text').message).toContain('the framework itself failed: text');
  });
});
