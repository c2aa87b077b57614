import { describe, expect, it } from 'vitest';
import { component, invoke, many, optional, supply, token } from '../../src/fx/index.ts';
import { Cache, refusal, startFailure, Store, subject, valuesOf } from './support.ts';

const Hot = token<string>()('store.hot');
const Cold = token<string>()('store.cold');

/** Tells what it got for an optional store. */
const report = component({ provides: Cache, requires: { store: optional(Store) }, create: ({ store }) => `store: ${store}` });

describe('names', () => {
  it('N01 one type under three tokens is three independent values', async () => {
    const list = [supply(Store, 'plain'), supply(Hot, 'ssd'), supply(Cold, 'tape')];
    expect(await valuesOf(list, { plain: Store, hot: Hot, cold: Cold })).toEqual({ plain: 'plain', hot: 'ssd', cold: 'tape' });
  });

  it('N02 keys that differ only in case are different', () => {
    const Shouted = token<string>()('STORE');
    const [finding] = refusal([supply(Shouted, 'disk'), invoke({ store: Store }, () => {})]).findings;
    expect(finding).toMatchObject({ code: 'FX_MISSING', fix: expect.stringMatching(/did you mean "STORE"\?/) });
  });

  it('N03 an error prints the whole name of what is missing', () => {
    expect(refusal([invoke({ store: Hot }, () => {})]).message).toMatch(/nothing provides "store\.hot"\n/);
  });

  it('N04 [deviation] a group member may have a name, for consumers that take a map; a consumer may not', async () => {
    const list = [supply(many(Store, { name: 'hot' }), 'ssd')];
    expect(await valuesOf(list, { stores: many(Store, { as: 'map' }) })).toEqual({ stores: new Map([['hot', 'ssd']]) });
    const named = invoke({ stores: many(Store, { name: 'hot' }) }, function use() {});
    expect(refusal([...list, named]).message).toMatch(/use: "requires\.stores": "name" is for contributing to a group/);
  });
});

describe('optional requirements', () => {
  it('N05 what nothing provides is undefined, what something provides is its value', async () => {
    expect(await valuesOf([report], { cache: Cache })).toEqual({ cache: 'store: undefined' });
    expect(await valuesOf([report, supply(Store, 'disk')], { cache: Cache })).toEqual({ cache: 'store: disk' });
  });

  it('N06 [deviation] a provider that is listed but lacks something is an error, even for who could do without', () => {
    const store = component({ provides: Store, requires: { hot: Hot }, create: ({ hot }) => hot });
    expect(refusal([report, store, invoke({ cache: Cache }, () => {})]).findings).toMatchObject([
      { code: 'FX_MISSING', component: 'store' },
    ]);
  });

  it('N07 when the provider, or what that needs, fails, it is an error and the consumer is not built', async () => {
    const calls: string[] = [];
    const hot = component({ provides: Hot, create: () => Promise.reject(new Error('no disk')) });
    const store = component({ provides: Store, requires: { hot: Hot }, create: ({ hot: value }) => value });
    const consumer = invoke({ store: optional(Store) }, () => void calls.push('consumer'));
    expect(await startFailure([hot, store, consumer])).toMatchObject({ code: 'FX_CREATE_FAILED', findings: [{ component: 'store.hot' }] });
    expect(calls).toEqual([]);
  });

  it('N08 of a required and an optional token that are missing, only the required one is reported', () => {
    const { findings } = refusal([invoke({ store: Store, cache: optional(Cache) }, () => {})]);
    expect(findings.map(({ message }) => message)).toEqual([expect.stringMatching(/nothing provides "store"$/)]);
  });

  it('N09 a token that is made from another one of the same type is no cycle', async () => {
    const hot = component({ provides: Hot, requires: { store: Store }, create: ({ store }) => `hot ${store}` });
    expect(subject([hot, supply(Store, 'disk')]).app.validate()).toEqual([]);
    expect(await valuesOf([hot, supply(Store, 'disk')], { hot: Hot })).toEqual({ hot: 'hot disk' });
  });
});
