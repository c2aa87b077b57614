import { describe, expect, it } from 'vitest';
import { component, decorate, invoke, many, module, optional, replace, supply, token, type Component } from '../../src/fx/index.ts';
import { Cache, live, refusal, Server, startFailure, Store, subject, untyped, valuesOf } from './support.ts';

const Check = token<string>()('check');
const see = (seen: string[], where: string): Component<never, 'store'> =>
  invoke({ store: Store }, ({ store }) => void seen.push(`${where}: ${store}`));
/** Puts a word in front of the store. */
const prefix = (word: string): Component<never, 'store'> =>
  decorate({ provides: Store, requires: { store: Store }, create: ({ store }) => `${word} ${store}` });
const cacheOnStore = component({ provides: Cache, requires: { store: Store }, create: ({ store }) => `cache on ${store}` });

describe('decorate', () => {
  it('D01 the module and those in it see the decorated value, others the raw one', async () => {
    const seen: string[] = [];
    const decorating = module('outer', [prefix('fast'), see(seen, 'outer'), module('inner', [see(seen, 'inner')])]);
    await live([supply(Store, 'disk'), decorating, module('sibling', [see(seen, 'sibling')]), see(seen, 'top')]);
    expect(seen).toEqual(['outer: fast disk', 'inner: fast disk', 'sibling: disk', 'top: disk']);
  });

  it('D02 a decorator at top level holds in all modules', async () => {
    const seen: string[] = [];
    await live([prefix('fast'), module('outer', [supply(Store, 'disk'), module('inner', [see(seen, 'inner')])]), see(seen, 'top')]);
    expect(seen).toEqual(['inner: fast disk', 'top: fast disk']);
  });

  it('D03 when the decorator does not take the original, that is never built', async () => {
    const calls: string[] = [];
    const original = component({ provides: Store, create: () => (calls.push('original'), 'disk') });
    expect(await valuesOf([original, decorate({ provides: Store, create: () => 'instead' })], { store: Store })).toEqual({
      store: 'instead',
    });
    expect(calls).toEqual([]);
  });

  it('D04 the decorator of a module wraps that of the top, whichever is asked first', async () => {
    const seen: string[] = [];
    const inner = module('inner', [prefix('inner'), see(seen, 'inner')]);
    const top = [supply(Store, 'disk'), prefix('top'), see(seen, 'top')];
    await live([...top, inner]);
    await live([inner, ...top]);
    expect(seen).toEqual(['top: top disk', 'inner: inner top disk', 'inner: inner top disk', 'top: top disk']);
  });

  it('D05 one token decorated twice in one module is refused, and the first place is named', () => {
    expect(refusal([module('inner', [supply(Store, 'disk'), prefix('one'), prefix('two')])]).findings).toMatchObject([
      {
        code: 'FX_DUPLICATE',
        component: 'store decorator #2',
        message: expect.stringMatching(/already decorated by store decorator \(test\/conformance\/decorate\.test\.ts:\d+\)/),
      },
    ]);
  });

  it('D06 when a decorator fails, its consumer is not built and what it threw surfaces', async () => {
    const calls: string[] = [];
    const thrown = new Error('no paint');
    const broken = decorate({ provides: Store, requires: { store: Store }, create: () => Promise.reject(thrown) });
    const error = await startFailure([supply(Store, 'disk'), broken, see(calls, 'top')]);
    expect(error).toMatchObject({ code: 'FX_CREATE_FAILED', cause: thrown, findings: [{ component: 'store decorator' }] });
    expect(calls).toEqual([]);
  });

  it('D07 [deviation] a decorator that lacks something, or has nothing to decorate, is an error though nobody asks for it', () => {
    const lacking = decorate({ provides: Store, requires: { store: Store, cache: Cache }, create: ({ store }) => store });
    expect(refusal([supply(Store, 'disk'), lacking]).findings).toMatchObject([
      { code: 'FX_MISSING', message: 'missing dependencies for store decorator: nothing provides "cache"' },
    ]);
    const blind = decorate({ provides: Server, create: () => 'http' });
    expect(refusal([blind]).findings).toMatchObject([
      { code: 'FX_NOTHING_TO_REPLACE', message: expect.stringMatching(/decorates "server", which nothing here provides: missing type/) },
    ]);
    expect(refusal([prefix('fast')]).findings).toMatchObject([{ code: 'FX_MISSING', component: 'store decorator' }]);
  });

  it('D08 a constructor in the module gets decorated values, one outside does not, even when the module asks for it', async () => {
    const seen: string[] = [];
    const useCache = invoke({ cache: Cache }, ({ cache }) => void seen.push(cache));
    await live([supply(Store, 'disk'), module('inner', [prefix('fast'), cacheOnStore, useCache])]);
    await live([supply(Store, 'disk'), cacheOnStore, module('inner', [prefix('fast'), useCache])]);
    expect(seen).toEqual(['cache on fast disk', 'cache on disk']);
  });

  it('D09 what a decorating module provides is built with its decorated values, even when the top asks for it', async () => {
    const list = [supply(Store, 'disk'), module('inner', [prefix('fast'), cacheOnStore])];
    expect(await valuesOf(list, { cache: Cache, store: Store })).toEqual({ cache: 'cache on fast disk', store: 'disk' });
  });

  it('D10 of two decorators in one module, one may feed the other', async () => {
    const onStore = decorate({
      provides: Cache,
      requires: { cache: Cache, store: Store },
      create: ({ cache, store }) => `${cache} with ${store}`,
    });
    expect(await valuesOf([onStore, supply(Cache, 'lru'), supply(Store, 'disk'), prefix('fast')], { cache: Cache })).toEqual({
      cache: 'lru with fast disk',
    });
  });

  it('D11 a group is decorated as a whole, also by an empty list, and never by a single element', async () => {
    const members = ['cpu', 'disk'].map((name) => supply(many(Check), name));
    const reversed = decorate({ provides: many(Check), requires: { all: many(Check) }, create: ({ all }) => all.toReversed() });
    const none = decorate({ provides: many(Check), create: () => [] });
    expect(await valuesOf([...members, reversed], { checks: many(Check) })).toEqual({ checks: ['disk', 'cpu'] });
    expect(await valuesOf([...members, none], { checks: many(Check) })).toEqual({ checks: [] });
    const single = decorate({ provides: Check, create: () => 'net' });
    expect(refusal([...members, single]).findings).toMatchObject([{ code: 'FX_NOTHING_TO_REPLACE', component: 'check decorator' }]);
    const element = decorate({ provides: many(Check), create: untyped(() => 'net') });
    expect((await startFailure([...members, element, invoke({ all: many(Check) }, () => {})])).code).toBe('FX_BAD_VALUE');
  });

  it('D12 members of a group are built with the decorated values of their module', async () => {
    const check = component({ provides: many(Check), requires: { store: Store }, create: ({ store }) => `check of ${store}` });
    const list = [supply(Store, 'disk'), module('inner', [prefix('fast'), check])];
    expect(await valuesOf(list, { checks: many(Check) })).toEqual({ checks: ['check of fast disk'] });
  });

  it('D13 a decorator may take optional values and soft groups, and yield several values', async () => {
    const both = decorate({
      name: 'both',
      provides: { store: Store, cache: Cache },
      requires: { store: Store, cache: Cache, server: optional(Server), checks: many(Check, { soft: true }) },
      create: ({ store, cache, server, checks }) => ({ store: `${store} ${server}`, cache: `${cache} ${checks.length}` }),
    });
    const list = [supply(Store, 'disk'), supply(Cache, 'lru'), supply(many(Check), 'cpu'), both];
    expect(await valuesOf(list, { store: Store, cache: Cache })).toEqual({ store: 'disk undefined', cache: 'lru 0' });
  });
});

describe('replace', () => {
  it('R01 the replacement holds everywhere in its scope, and the original is not built', async () => {
    const calls: string[] = [];
    const seen: string[] = [];
    const original = component({ provides: Store, create: () => (calls.push('original'), 'disk') });
    await live([original, module('inner', [see(seen, 'inner')]), replace(Store, 'memory'), see(seen, 'top')]);
    expect(seen).toEqual(['inner: memory', 'top: memory']);
    expect(calls).toEqual([]);
    await live([original, module('inner', [replace(Store, 'memory'), see(seen, 'inner')]), see(seen, 'top')]);
    expect(seen.slice(2)).toEqual(['inner: memory', 'top: disk']);
    expect(calls).toEqual(['original']);
  });

  it('R02 a named value and a whole group can be replaced', async () => {
    const Hot = token<string>()('store.hot');
    const list = [
      supply(Store, 'disk'),
      supply(Hot, 'ssd'),
      supply(many(Check), 'cpu'),
      replace(Hot, 'memory'),
      replace(many(Check), ['net', 'load']),
    ];
    expect(await valuesOf(list, { store: Store, hot: Hot, checks: many(Check) })).toEqual({
      store: 'disk',
      hot: 'memory',
      checks: ['net', 'load'],
    });
  });

  it('R03 twice, or where nothing is, it is refused; null and errors are refused at once', () => {
    const twice = subject([supply(Store, 'disk'), replace(Store, 'one'), replace(Store, 'two')]).app;
    expect(twice.error?.message).toMatch(/FX_DUPLICATE: store replacement #2 .*already decorated by store replacement/);
    expect(refusal([replace(Store, 'memory')]).message).toMatch(/replaces "store", which nothing here provides: missing type/);
    expect(() => replace(Store, untyped(null))).toThrow(new TypeError('replace: the value is null'));
    expect(() => replace(Store, untyped(new Error('no')))).toThrow(new TypeError('replace: the value is Error: no'));
  });
});

describe('cycles', () => {
  it('C01 a circle is an error with its whole path, first and last the same, and all places', () => {
    const store = component({ provides: Store, requires: { cache: Cache }, create: () => '' });
    const cache = component({ provides: Cache, requires: { server: Server }, create: () => '' });
    const server = component({ provides: Server, requires: { store: Store }, create: () => '' });
    const [finding] = refusal([store, cache, server, invoke({ store: Store }, () => {})]).findings;
    expect(finding).toMatchObject({
      code: 'FX_CYCLE',
      message: 'cycle detected in dependency graph: store -> cache -> server -> store',
      path: ['store', 'cache', 'server', 'store'],
    });
    expect(finding?.wantedBy).toMatch(/^store \(.*decorate\.test\.ts:\d+\), then cache \(.*\), then server \(.*\)$/);
  });

  it('C02 a component that requires itself is found, even where nobody needs it', () => {
    const self = component({ provides: Store, requires: { store: Store }, create: () => '' });
    expect(refusal([self, invoke({}, () => {})]).findings).toMatchObject([{ code: 'FX_CYCLE', path: ['store', 'store'] }]);
  });

  it('C03 a circle within a module says which module', () => {
    const store = component({ provides: Store, requires: { cache: Cache }, create: () => '' });
    const cache = component({ provides: Cache, requires: { store: Store }, create: () => '' });
    const message = 'cycle detected in dependency graph: [module "child"] store -> cache -> store';
    expect(refusal([module('child', [], { private: [store, cache] })]).findings).toMatchObject([{ code: 'FX_CYCLE', message }]);
  });

  it('C04 what only looks like a circle, across modules, is none', async () => {
    const top = component({ provides: Store, create: () => 'disk' });
    const between = module('between', [cacheOnStore]);
    const shadow = component({ provides: Store, requires: { cache: Cache }, create: ({ cache }) => `store on ${cache}` });
    const server = component({ provides: Server, requires: { store: Store }, create: ({ store }) => `server on ${store}` });
    const list = [module('child', [server], { private: [shadow] }), between, top];
    expect(await valuesOf(list, { server: Server })).toEqual({ server: 'server on store on cache on disk' });
  });
});
