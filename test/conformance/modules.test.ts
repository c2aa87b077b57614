import { describe, expect, it } from 'vitest';
import { component, invoke, module, supply, type Component } from '../../src/fx/index.ts';
import { Cache, live, refusal, Server, Store, subject, untyped, valuesOf } from './support.ts';

/** Pushes the store that it sees from where it is listed. */
const see = (seen: string[], where: string): Component<never, 'store'> =>
  invoke({ store: Store }, ({ store }) => void seen.push(`${where}: ${store}`));
const cacheOnStore = component({ provides: Cache, requires: { store: Store }, create: ({ store }) => `cache on ${store}` });

describe('modules', () => {
  it('M01 what a module in a module provides is there at top level', async () => {
    expect(await valuesOf([module('outer', [module('inner', [supply(Store, 'disk')])])], { store: Store })).toEqual({ store: 'disk' });
  });

  it('M02 a function in a module gets what is provided at top level behind it', async () => {
    const seen: string[] = [];
    await live([module('inner', [see(seen, 'inner')]), supply(Store, 'disk')]);
    expect(seen).toEqual(['inner: disk']);
  });

  it('M03 lists spread into a module are its own', () => {
    const part = [supply(Store, 'disk'), cacheOnStore];
    const { order } = subject([module('whole', [...part, see([], 'whole'), invoke({ cache: Cache }, () => {})])]).app.plan();
    expect(order.map((each) => each.module)).toEqual(['whole', 'whole', 'whole', 'whole']);
  });

  it('M04 options of the app in a module do not compile, and in its list they are refused', () => {
    // @ts-expect-error a module has no start of its own
    module('inner', [], { startTimeoutMs: 1000 });
    const inner = module('inner', [untyped({ startTimeoutMs: 1000 })]);
    expect(refusal([inner]).findings).toMatchObject([
      { code: 'FX_BAD_DEFINITION', message: 'module inner holds an object (Object) at position 1, which is not a component' },
    ]);
  });

  it('M05 a module in place of a definition or of a function is refused', () => {
    const inner = module('inner', []);
    for (const item of [component(untyped(inner)), invoke({}, untyped(inner))]) expect(refusal([item]).code).toBe('FX_BAD_DEFINITION');
  });
});

describe('visibility', () => {
  it('V01 a private value is there for its module and the modules in it', async () => {
    const seen: string[] = [];
    await live([module('outer', [see(seen, 'outer'), module('inner', [see(seen, 'inner')])], { private: [supply(Store, 'disk')] })]);
    expect(seen).toEqual(['outer: disk', 'inner: disk']);
  });

  it('V02 a private value is missing above its module and beside it', () => {
    const keeper = module('keeper', [], { private: [supply(Store, 'disk')] });
    const above = invoke({ store: Store }, function above() {});
    const beside = module('sibling', [invoke({ store: Store }, function beside() {})]);
    expect(refusal([keeper, above, beside]).findings).toMatchObject([
      { code: 'FX_MISSING', component: 'above', fix: expect.stringMatching(/privately, in module keeper/) },
      { code: 'FX_MISSING', component: 'beside' },
    ]);
  });

  it('V03 one token private in two modules and public at top level is three values, each in its place', async () => {
    const seen: string[] = [];
    const keeper = (name: string): Component => module(name, [see(seen, name)], { private: [supply(Store, `disk of ${name}`)] });
    await live([supply(Store, 'public disk'), keeper('one'), keeper('two'), see(seen, 'top')]);
    expect(seen).toEqual(['one: disk of one', 'two: disk of two', 'top: public disk']);
  });

  it('V04 it makes no difference whether the top or the module is asked first', async () => {
    const seen: string[] = [];
    const keeper = module('keeper', [see(seen, 'keeper')], { private: [supply(Store, 'private disk')] });
    const top = [supply(Store, 'public disk'), see(seen, 'top')];
    await live([...top, keeper]);
    await live([keeper, ...top]);
    expect(seen).toEqual(['top: public disk', 'keeper: private disk', 'keeper: private disk', 'top: public disk']);
  });

  it('V05 where a module shadows a token, its constructors get its own value and the other is not even built', async () => {
    const calls: string[] = [];
    const shadowed = component({ provides: Store, create: () => (calls.push('shadowed'), 'public disk') });
    const inner = module('inner', [cacheOnStore], { private: [supply(Store, 'private disk')] });
    expect(await valuesOf([shadowed, inner], { cache: Cache })).toEqual({ cache: 'cache on private disk' });
    expect(calls).toEqual([]);
  });

  it('V06 what the innermost module lists is visible in all others', async () => {
    const seen: string[] = [];
    const deep = module('a', [module('b', [module('c', [supply(Store, 'disk')])]), see(seen, 'a')]);
    const server = module('d', [component({ provides: Server, requires: { store: Store }, create: ({ store }) => `server on ${store}` })]);
    expect(await valuesOf([server, deep], { server: Server })).toEqual({ server: 'server on disk' });
    expect(seen).toEqual(['a: disk']);
  });
});
