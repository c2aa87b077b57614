import { describe, expect, it } from 'vitest';
import { component, decorate, invoke, many, oneShot, replace, supply, type Component } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { Cache, refusal, Server, startFailure, Store, subject, untyped, valuesOf } from './support.ts';

const needs = (name: string, requires: Parameters<typeof invoke>[0]): Component => component({ name, requires, create: () => {} });

describe('validate', () => {
  it('K01 it builds and invokes nothing', () => {
    const calls: string[] = [];
    const store = component({ provides: Store, create: () => (calls.push('store'), '') });
    const { app } = subject([store, invoke({ store: Store }, () => void calls.push('invoke'))]);
    expect(app.validate()).toEqual([]);
    expect(calls).toEqual([]);
  });

  it('K02 it finds what a start would report: what constructors and functions lack, and circles', async () => {
    const store = component({ provides: Store, requires: { cache: Cache }, create: () => '' });
    const cache = component({ provides: Cache, requires: { store: Store }, create: () => '' });
    for (const [list, code] of [
      [[store], 'FX_MISSING'],
      [[store, cache], 'FX_CYCLE'],
      [[needs('use', { server: Server })], 'FX_MISSING'],
    ] as const) {
      const found = subject(list).app.validate();
      expect(found).toMatchObject([{ code }]);
      expect((await startFailure(list)).findings).toEqual(found);
    }
  });

  it('K03 it goes through decorators, replacements and requests without calling them', () => {
    const calls: string[] = [];
    const decorator = decorate({
      provides: Store,
      requires: { store: Store, cache: Cache },
      create: ({ store }) => (calls.push('decorator'), store),
    });
    expect(refusal([supply(Store, ''), decorator, needs('use', { store: Store })]).findings).toMatchObject([
      { code: 'FX_MISSING', component: 'store decorator' },
    ]);
    expect(
      subject([supply(Store, ''), supply(Cache, ''), decorator, replace(Cache, 'none'), needs('use', { store: Store })]).app.validate(),
    ).toEqual([]);
    expect(calls).toEqual([]);
  });
});

describe('populate', () => {
  it('O01 one value, several, optional ones and groups are handed out before the function of a one-shot is called', async () => {
    const list = [supply(Store, 'disk'), supply(many(Cache), 'one'), supply(many(Cache), 'two')];
    expect(await valuesOf(list, {})).toEqual({});
    expect(await valuesOf(list, { store: Store })).toEqual({ store: 'disk' });
    expect(await oneShot(list, { store: Store, caches: many(Cache) }, ({ store, caches }) => [store, ...caches])).toEqual([
      'disk',
      'one',
      'two',
    ]);
    await using tested = await testApp(list, { requires: { store: Store, caches: many(Cache, { as: 'map' }) } });
    expect(tested.needs).toEqual({
      store: 'disk',
      caches: new Map([
        ['cache', 'one'],
        ['cache #2', 'two'],
      ]),
    });
  });

  it('O02 what cannot be handed out is an error that names it', async () => {
    const wrong = valuesOf([supply(Store, 'disk')], { store: Store, second: untyped(42), third: untyped(undefined) });
    await expect(wrong).rejects.toMatchObject({
      code: 'FX_BAD_DEFINITION',
      findings: [
        { message: expect.stringMatching(/"requires\.second" must be a token.*not 42$/) },
        { message: expect.stringMatching(/"requires\.third" must be a token.*not undefined$/) },
      ],
    });
  });
});
