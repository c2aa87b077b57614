import { describe, expect, it } from 'vitest';
import { component, decorate, invoke, module, replace, supply, token, type Event } from '../../src/fx/index.ts';
import { Cache, failureOf, live, placeIn, refusal, Server, startFailure, Store, subject, untyped } from './support.ts';

const here = placeIn('invoke');

const tokenOf = (key: string) => token<string>()(key);

const orderOf = (...list: Parameters<typeof subject>[0]): readonly string[] =>
  subject(list)
    .app.plan()
    .order.map((each) => each.component);

class DiskError extends Error {
  readonly disk = 'sda';
}

describe('invoke', () => {
  it('I01 [deviation] invoked functions run in list order, those of a module at the place of the module', async () => {
    const calls: string[] = [];
    const call = (name: string) => invoke({}, () => void calls.push(name));
    await live([call('first'), module('outer', [call('second'), module('inner', [call('third')]), call('fourth')]), call('fifth')]);
    expect(calls).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
  });

  it('I02 the first failure is the error of the start, and later functions do not run', async () => {
    const calls: string[] = [];
    const fail = (message: string) =>
      invoke({}, () => {
        calls.push(message);
        throw new Error(message);
      });
    const error = await startFailure([fail('first'), fail('second')]);
    expect(calls).toEqual(['first']);
    expect(error.findings).toMatchObject([{ code: 'FX_CREATE_FAILED', message: expect.stringMatching(/failed: first$/) }]);
  });

  it('I03 a custom error that a function throws is the cause, of its own class', async () => {
    const error = await startFailure([invoke({}, () => Promise.reject(new DiskError('worn out')))]);
    expect(error.cause).toBeInstanceOf(DiskError);
    expect(error.cause).toMatchObject({ disk: 'sda' });
  });

  it('I04 what a function lacks is named, with who wants it and where', () => {
    const [finding] = refusal([invoke({ store: Store }, function backUp() {})]).findings;
    expect(finding).toMatchObject({ code: 'FX_MISSING', wantedBy: 'backUp, as "store"', place: expect.stringMatching(here) });
    expect(finding?.message).toBe('missing dependencies for backUp: nothing provides "store"');
  });

  it('I05 two missing requirements are reported in one error', () => {
    const { message, findings } = refusal([invoke({ store: Store, cache: Cache }, () => {})]);
    expect(findings).toHaveLength(2);
    expect(message).toMatch(/^2 problems\n[^]*nothing provides "store"[^]*nothing provides "cache"/);
  });

  it('I06 a near miss is suggested', () => {
    const plural = component({ provides: tokenOf('stores'), create: () => '' });
    expect(refusal([plural, invoke({ store: Store }, () => {})]).findings[0]?.fix).toMatch(/did you mean "stores"\?/);
    const hidden = module('disks', [], { private: [supply(Store, 'disk')] });
    expect(refusal([hidden, invoke({ store: Store }, () => {})]).findings[0]?.fix).toMatch(
      /store provides it, but privately, in module disks/,
    );
  });

  it('I07 several near misses are all suggested, sorted', () => {
    const near = ['stores', 'Store', 'stove'].map((key) => supply(tokenOf(key), ''));
    expect(refusal([...near, invoke({ store: Store }, () => {})]).findings[0]?.fix).toMatch(
      /did you mean "Store", or "stores", or "stove"\?/,
    );
  });

  it('I08 [deviation] what is no function is found with its place before anything runs, so no event tells of a run', async () => {
    const { app, kinds } = subject([invoke({}, untyped(42))]);
    const error = await failureOf(app.start());
    expect(error.findings).toMatchObject([{ code: 'FX_BAD_DEFINITION', place: expect.stringMatching(here) }]);
    expect(error.message).toMatch(/must be a function or a class, not 42/);
    expect(kinds(/^Invok/)).toEqual([]);
  });

  it('I09 a list item in place of the function is refused, and the start throws the error the app has had all along', async () => {
    const { app } = subject([invoke({}, untyped(supply(Store, 'disk')))]);
    expect(app.error?.code).toBe('FX_BAD_DEFINITION');
    await expect(app.start()).rejects.toBe(app.error);
  });

  it('I10 each listener hears of a failed start exactly once', async () => {
    const heard: Event[][] = [[], []];
    const sinks = heard.map(
      (events) =>
        (event: Event): void =>
          void (event.kind === 'Started' && events.push(event)),
    );
    const error = await startFailure([invoke({}, () => Promise.reject(new Error('no disk')))], { sinks });
    for (const events of heard) expect(events).toMatchObject([{ kind: 'Started', error }]);
  });

  it('I11 what a function returns is dropped, even an error', async () => {
    const { app } = await live([invoke({}, () => 42), invoke({}, () => new Error('returned')), invoke({}, () => Promise.resolve('late'))]);
    expect(app.report().components.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
  });

  it('I12 each function has exactly one Invoked event, with its error when it failed', async () => {
    const thrown = new Error('no disk');
    const { app, events } = subject([
      invoke({}, function works() {}),
      invoke({}, function fails() {
        throw thrown;
      }),
    ]);
    await failureOf(app.start());
    const invoked = events.flatMap((event) => (event.kind === 'Invoked' ? [[event.component, event.error]] : []));
    expect(invoked).toEqual([
      ['works', undefined],
      ['fails', thrown],
    ]);
  });

  it('I13 a function in a module that lacks something fails the app, and those at top level do not run', async () => {
    const calls: string[] = [];
    const error = await startFailure([
      invoke({}, () => void calls.push('root')),
      module('inner', [invoke({ store: Store }, function inside() {})]),
    ]);
    expect(error.findings).toMatchObject([{ code: 'FX_MISSING', component: 'inside' }]);
    expect(calls).toEqual([]);
  });
});

describe('errors and options', () => {
  it('E01 [deviation] there is no error option: nothing in the place of an item is a finding, not ignored', () => {
    expect(refusal([untyped(undefined)]).findings).toMatchObject([
      { code: 'FX_BAD_DEFINITION', message: 'the list holds undefined at position 1, which is not a component' },
    ]);
  });

  it('E02 [deviation] an error in the place of an item is a finding; the app has all of them', () => {
    const { findings } = refusal([untyped(new Error('one')), untyped(new Error('two'))]);
    expect(findings.map(({ message }) => message)).toEqual(
      [1, 2].map((position) => `the list holds an object (Error) at position ${position}, which is not a component`),
    );
  });

  it('E03 [deviation] a bad item anywhere keeps everything before and behind it from running', async () => {
    const calls: string[] = [];
    const call = (name: string) => component({ name, create: () => void calls.push(name) });
    const { app } = subject([call('before'), untyped('broken'), call('behind')]);
    await expect(app.start()).rejects.toBe(app.error);
    expect(app.error?.message).toMatch(/the list holds the string "broken" at position 2/);
    expect(calls).toEqual([]);
  });

  it('E04 nested lists are the same as a flat one', () => {
    const [store, cache, use] = [supply(Store, ''), supply(Cache, ''), invoke({ store: Store, cache: Cache }, function use() {})];
    const nested = orderOf(module('outer', [store, module('inner', [cache])]), module('last', [use]));
    expect(nested).toEqual(orderOf(store, cache, use));
    expect(nested).toEqual(['store', 'cache', 'use']);
  });

  it('E05 every kind of item reads well in a plan', () => {
    const items = [
      component({ provides: Store, create: () => '' }),
      supply(Cache, 'lru'),
      decorate({ provides: Store, requires: { store: Store }, create: ({ store }) => store }),
      replace(Cache, 'none'),
      component({ provides: Server, create: () => '' }),
      replace(component({ name: 'quietServer', provides: Server, create: () => '' })),
      invoke({ store: Store, cache: Cache, server: Server }, function serve() {}),
    ];
    const { order } = subject([module('all', items)]).app.plan();
    expect(order.map(({ kind, component: name, module: of }) => `${kind} ${name} of ${of}`)).toEqual([
      'provide store of all',
      'decorate store decorator of all',
      'replace cache replacement of all',
      'provide quietServer of all',
      'invoke serve of all',
    ]);
    for (const { place } of order) expect(place).toMatch(here);
  });
});
