import { describe, expect, it } from 'vitest';
import { App, Clock, component, invoke, Jobs, Lifecycle, module, Process, Shutdowner, supply, many, token } from '../../src/fx/index.ts';
import { Cache, failureOf, live, placeIn, refusal, Server, startFailure, Store, subject, untyped, valuesOf } from './support.ts';

const here = placeIn('provide');
const Parsed = token<string | null>()('parsed');

describe('provide', () => {
  it('P01 constructors run in the order of what they require, however they are listed', async () => {
    const calls: string[] = [];
    const store = component({ provides: Store, create: () => (calls.push('store'), 'store') });
    const cache = component({ provides: Cache, requires: { store: Store }, create: () => (calls.push('cache'), 'cache') });
    const server = component({ provides: Server, requires: { cache: Cache }, create: () => (calls.push('server'), 'server') });
    const root = invoke({ server: Server }, function use() {});
    for (const list of [
      [store, cache, server, root],
      [root, server, cache, store],
      [cache, root, store, server],
    ]) {
      calls.length = 0;
      await live(list);
      expect(calls).toEqual(['store', 'cache', 'server']);
    }
  });

  it('P02 a constructor that nobody needs is never called', async () => {
    const calls: string[] = [];
    await live([component({ provides: Store, create: () => (calls.push('store'), 'store') })]);
    expect(calls).toEqual([]);
  });

  it('P03 several consumers get the same instance of one call', async () => {
    const Thing = token<object>()('thing');
    const made: object[] = [];
    const seen: object[] = [];
    const create = (): object => {
      const thing = {};
      made.push(thing);
      return thing;
    };
    const see = ({ thing }: { readonly thing: object }): void => void seen.push(thing);
    await live([component({ provides: Thing, create }), invoke({ thing: Thing }, see), invoke({ thing: Thing }, see)]);
    expect(made).toHaveLength(1);
    expect(seen).toHaveLength(2);
    expect(seen.every((each) => each === made[0])).toBe(true);
  });

  it('P04 a constructor with several outputs is called once when they are consumed apart', async () => {
    let calls = 0;
    const pair = component({
      name: 'pair',
      provides: { left: Store, right: Cache },
      create: () => ({ left: 'l', right: `r${(calls += 1)}` }),
    });
    const server = component({ provides: Server, requires: { cache: Cache }, create: ({ cache }) => `server of ${cache}` });
    expect(await valuesOf([pair, server], { store: Store, server: Server })).toEqual({ store: 'l', server: 'server of r1' });
    expect(calls).toBe(1);
  });

  it('P05 a second provider of a token is refused, and both places are named', () => {
    const first = component({ name: 'first', provides: Store, create: () => '1' });
    const second = component({ name: 'second', provides: Store, create: () => '2' });
    const { findings } = refusal([first, second]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ code: 'FX_DUPLICATE', component: 'second', place: expect.stringMatching(here) });
    expect(findings[0]?.message).toMatch(/"store": already provided by first \(test\/conformance\/provide\.test\.ts:\d+\)/);
    expect(subject([first, first]).app.error).toBeUndefined();
  });

  it('P06 two modules that provide the same token publicly are refused likewise', () => {
    const one = module('one', [component({ provides: Store, create: () => '1' })]);
    const two = module('two', [component({ provides: Store, create: () => '2' })]);
    expect(refusal([one, two]).findings).toMatchObject([
      { code: 'FX_DUPLICATE', component: 'store #2', message: expect.stringMatching(/already provided by store \(/) },
    ]);
  });

  it('P07 one constructor that yields the same token twice is refused, and both positions are named', () => {
    const twice = component({ name: 'twice', provides: { left: Store, right: Store }, create: () => ({ left: '', right: '' }) });
    expect(refusal([twice]).message).toMatch(/twice\.right cannot be a provider of "store": already provided by twice\.left \(/);
  });

  it('P08 a constructor that is no function is refused, with what it is and where that is written', () => {
    const broken = component({ provides: Store, create: untyped(42) });
    expect(refusal([broken]).findings).toMatchObject([
      { code: 'FX_BAD_DEFINITION', message: 'store: create must be a function or a class, not 42', place: expect.stringMatching(here) },
    ]);
    expect(refusal([untyped(function newStore() {})]).message).toMatch(
      /the list holds the function newStore at position 1, which is not a component/,
    );
  });

  it('P09 a list item in place of a definition is refused, with the advice to list it', () => {
    const store = supply(Store, 'store');
    for (const item of [store, module('inner', [store])]) {
      const [finding] = refusal([component(untyped(item))]).findings;
      expect(finding).toMatchObject({ code: 'FX_BAD_DEFINITION', place: expect.stringMatching(here) });
      expect(finding?.message).toMatch(/is a list item already: list it as it is/);
    }
  });

  it('P10 [deviation] a component that provides nothing is a root that is always built; an empty record is refused', async () => {
    const calls: string[] = [];
    await live([component({ name: 'root', create: () => void calls.push('root') })]);
    expect(calls).toEqual(['root']);
    expect(refusal([component({ name: 'empty', provides: {}, create: () => ({}) })]).message).toMatch(/empty: "provides" is empty/);
    const owing = component({ provides: Store, create: untyped(() => undefined) });
    expect((await startFailure([owing, invoke({ store: Store }, () => {})])).message).toMatch(
      /FX_BAD_VALUE: store owes a value for "store"/,
    );
  });

  it('P11 when a constructor fails, its consumer is not built and the error says which and wraps what was thrown', async () => {
    const calls: string[] = [];
    const thrown = new Error('no disk');
    const store = component({ provides: Store, create: () => Promise.reject(thrown) });
    const cache = component({ provides: Cache, requires: { store: Store }, create: () => (calls.push('cache'), '') });
    const error = await startFailure([module('storage', [store]), cache, invoke({ cache: Cache }, () => void calls.push('invoke'))]);
    expect(error).toMatchObject({ code: 'FX_CREATE_FAILED', cause: thrown });
    expect(error.findings[0]).toMatchObject({ component: 'store', message: 'constructor of store failed: no disk' });
    expect(calls).toEqual([]);
  });

  it('P12 a constructor that failed is called anew by the next start; nothing was cached and its consumer still waits', async () => {
    const calls: string[] = [];
    const store = component({ provides: Store, create: () => (calls.push('store'), Promise.reject(new Error('no disk'))) });
    const { app } = subject([store, invoke({ store: Store }, () => void calls.push('invoke'))]);
    await failureOf(app.start());
    await failureOf(app.start());
    expect(calls).toEqual(['store', 'store']);
  });

  it('P13 [deviation] what a component lacks is an error even when nobody needs the component', () => {
    const unneeded = component({ provides: Cache, requires: { store: Store }, create: () => '' });
    expect(refusal([unneeded, invoke({}, function other() {})]).findings).toMatchObject([{ code: 'FX_MISSING', component: 'cache' }]);
  });

  it('P14 what the framework itself provides is always there, and told of before anything else', async () => {
    const builtIns = { lifecycle: Lifecycle, shutdowner: Shutdowner, jobs: Jobs, clock: Clock, process: Process, app: App };
    let seen = {};
    const { events } = await live([supply(Store, 's'), invoke(builtIns, (needs) => void (seen = needs))]);
    expect(Object.keys(seen)).toEqual(Object.keys(builtIns));
    expect(Object.values(seen).every((value) => value !== undefined)).toBe(true);
    const declared = events.flatMap((event) => ('outputs' in event ? event.outputs : []));
    expect(declared.at(-1)).toBe('store');
    expect(new Set(declared.slice(0, -1))).toEqual(new Set(Object.values(builtIns).map(({ key }) => key)));
  });

  it('P15 options hold for everything, however late they are given: a sink hears the first declaration', async () => {
    const { events } = await live([supply(Store, 's')], { startTimeoutMs: 1000 });
    expect(events[0]).toMatchObject({ kind: 'Provided', component: 'fx', at: 0 });
  });

  it('P16 [deviation] every declaration that is wrong carries its error in its event, and all are reported together', async () => {
    const calls: string[] = [];
    const first = component({ name: 'first', provides: Store, create: () => 'store' });
    const second = component({ name: 'second', provides: Store, create: () => 'store' });
    const third = component({ name: 'third', provides: Cache, create: untyped(undefined) });
    const { app, events } = subject([first, second, third, invoke({}, () => void calls.push('invoke'))]);
    await expect(app.start()).rejects.toBe(app.error);
    const failed = events.flatMap((event) => (event.kind === 'Provided' && event.error !== undefined ? [event.component] : []));
    expect(failed).toEqual(['second', 'third']);
    expect(app.error?.findings.map(({ code }) => code).toSorted()).toEqual(['FX_BAD_DEFINITION', 'FX_DUPLICATE']);
    expect(calls).toEqual([]);
  });

  it('P17 null is a value, when the token says so', async () => {
    const parsed = component({ provides: Parsed, create: () => null });
    expect(await valuesOf([parsed], { parsed: Parsed })).toEqual({ parsed: null });
  });

  it('P18 an error two levels down names each level in order, and what was thrown', async () => {
    const store = component({ provides: Store, create: () => Promise.reject(new Error('no disk')) });
    const cache = component({ provides: Cache, requires: { store: Store }, create: () => '' });
    const server = component({ provides: Server, requires: { cache: Cache }, create: () => '' });
    const { message } = await startFailure([store, cache, server, invoke({ server: Server }, function serve() {})]);
    expect(message).toMatch(/constructor of store failed: no disk\n/);
    expect(message).toMatch(/wanted by {2}serve -> server -> cache -> store\n/);
  });

  it('P19 the cause of such an error is the very object that was thrown', async () => {
    const thrown = new RangeError('too far');
    const cache = component({ provides: Cache, requires: { store: Store }, create: () => '' });
    const store = component({
      provides: Store,
      create: () => {
        throw thrown;
      },
    });
    const error = await startFailure([store, cache, invoke({ cache: Cache }, () => {})]);
    expect(error.cause).toBe(thrown);
    expect(error.findings[0]?.cause).toBe(thrown);
  });
});

describe('supply', () => {
  it('S01 a supplied value is injected', async () => {
    expect(await valuesOf([supply(Store, 'disk')], { store: Store })).toEqual({ store: 'disk' });
  });

  it('S02 a list that supplies nothing is an app that does nothing', async () => {
    const { kinds } = await live([module('nothing', [])]);
    expect(kinds(/^(Supplied|Started|Stopped)$/)).toEqual(['Started', 'Stopped']);
  });

  it('S03 a value that a module supplies is visible everywhere', async () => {
    const inner = module('outer', [module('inner', [supply(Store, 'disk')])]);
    const other = module('other', [component({ provides: Cache, requires: { store: Store }, create: ({ store }) => `cache on ${store}` })]);
    expect(await valuesOf([other, inner], { store: Store, cache: Cache })).toEqual({ store: 'disk', cache: 'cache on disk' });
  });

  it('S04 null, undefined and errors are refused where supply is called', () => {
    expect(() => supply(Store, untyped(null))).toThrow(new TypeError('supply: the value is null'));
    expect(() => supply(Store, untyped(undefined))).toThrow(new TypeError('supply: the value is undefined'));
    expect(() => supply(Store, untyped(new Error('no disk')))).toThrow(new TypeError('supply: the value is Error: no disk'));
  });

  it('S05 a token that is supplied twice is refused: the first event is clean, the second carries the error', async () => {
    const { app, events } = subject([supply(Store, 'one'), supply(Store, 'two')]);
    expect((await failureOf(app.start())).message).toMatch(/FX_DUPLICATE: store #2 .*already provided by store/);
    const supplied = events.flatMap((event) => (event.kind === 'Supplied' ? [event.error] : []));
    expect(supplied).toEqual([undefined, expect.objectContaining({ message: expect.stringMatching(/already provided by/) })]);
  });

  it('S06 a value may be supplied to a group, under a name', async () => {
    const list = [supply(many(Store, { name: 'hot' }), 'ssd'), supply(many(Store, { name: 'cold' }), 'tape'), supply(Store, 'the one')];
    const values = await valuesOf(list, { one: Store, all: many(Store), named: many(Store, { as: 'map' }) });
    expect(values).toEqual({
      one: 'the one',
      all: ['ssd', 'tape'],
      named: new Map([
        ['hot', 'ssd'],
        ['cold', 'tape'],
      ]),
    });
  });
});
