import { describe, expect, it } from 'vitest';
import { component, invoke, many, module, optional, supply, token, type Component } from '../../src/fx/index.ts';
import { Cache, live, refusal, Server, startFailure, Store, subject, untyped, valuesOf } from './support.ts';

const Check = token<string>()('check');
const checks = many(Check);

const member = (value: string): Component<never, never> => component({ provides: checks, create: () => value });

describe('groups', () => {
  it('G01 a group without members is an empty list', async () => {
    expect(await valuesOf([], { checks })).toEqual({ checks: [] });
  });

  it('G02 [deviation] the members come in list order, every time', async () => {
    const list = ['cpu', 'disk', 'net', 'load'].map(member);
    for (const order of [list, list.toReversed()]) {
      const expected = order === list ? ['cpu', 'disk', 'net', 'load'] : ['load', 'net', 'disk', 'cpu'];
      for (let round = 0; round < 5; round += 1) expect(await valuesOf(order, { checks })).toEqual({ checks: expected });
    }
  });

  it('G03 [deviation] a group is known by its token: two tokens are two groups, and may not share a key', async () => {
    const Numbered = token<number>()('check.number');
    const values = await valuesOf([member('cpu'), supply(many(Numbered), 1), member('disk')], { checks, numbers: many(Numbered) });
    expect(values).toEqual({ checks: ['cpu', 'disk'], numbers: [1] });
    const Other = token<number>()('check');
    expect(refusal([member('cpu'), supply(many(Other), 1)]).findings).toMatchObject([{ code: 'FX_TOKEN_CLASH' }]);
  });

  it('G04 members are built once when the group is consumed twice', async () => {
    let built = 0;
    const counted = component({ provides: checks, create: () => `cpu ${(built += 1)}` });
    expect(await valuesOf([counted], { once: checks, again: checks })).toEqual({ once: ['cpu 1'], again: ['cpu 1'] });
    expect(built).toBe(1);
  });

  it('G05 a constructor may consume a group', async () => {
    const server = component({ provides: Server, requires: { all: checks }, create: ({ all }) => all.join('+') });
    expect(await valuesOf([server, member('cpu'), member('disk')], { server: Server })).toEqual({ server: 'cpu+disk' });
  });

  it('G06 equal values are all kept', async () => {
    expect(await valuesOf([member('cpu'), member('cpu')], { checks })).toEqual({ checks: ['cpu', 'cpu'] });
  });

  it('G07 when one member fails, the consumer is not built and the error names group, member and consumer', async () => {
    const calls: string[] = [];
    const thrown = new Error('no disk');
    const broken = component({ provides: checks, create: () => Promise.reject(thrown) });
    const error = await startFailure([
      member('cpu'),
      broken,
      invoke({ checks }, function watch() {
        calls.push('watch');
      }),
    ]);
    expect(error.cause).toBe(thrown);
    expect(error.findings).toMatchObject([{ message: 'constructor of check #2 failed: no disk', wantedBy: 'watch -> check #2' }]);
    expect(calls).toEqual([]);
  });

  it('G08 a flattening producer contributes each element, and must yield a list', async () => {
    const several = component({ provides: many(Check, { flatten: true }), create: () => ['disk', 'net'] });
    expect(await valuesOf([member('cpu'), several], { checks })).toEqual({ checks: ['cpu', 'disk', 'net'] });
    const single = component({ provides: many(Check, { flatten: true }), create: untyped(() => 'disk') });
    const error = await startFailure([single, invoke({ checks }, () => {})]);
    expect(error.message).toMatch(/FX_BAD_VALUE: check owes a list for group "check", but its constructor yielded the string "disk"/);
  });

  it('G09 a soft consumer builds nobody, and gets the values of who is built anyway', async () => {
    const calls: string[] = [];
    const unneeded = component({ provides: checks, create: () => (calls.push('unneeded'), 'unneeded') });
    const byProduct = component({ provides: { check: checks, store: Store }, create: () => ({ check: 'of store', store: 'disk' }) });
    let soft: readonly string[] = [];
    const watch = invoke({ soft: many(Check, { soft: true }) }, (needs) => void (soft = needs.soft));
    await live([watch, unneeded, module('deep', [byProduct])]);
    expect(soft).toEqual([]);
    await live([watch, unneeded, module('deep', [byProduct]), invoke({ store: Store }, () => {})]);
    expect(soft).toEqual(['of store']);
    expect(calls).toEqual([]);
  });

  it('G10 what the same consumer requires otherwise is built before its soft group is read', async () => {
    const byProduct = component({ provides: { check: checks, store: Store }, create: () => ({ check: 'of store', store: 'disk' }) });
    expect(await valuesOf([byProduct], { soft: many(Check, { soft: true }), store: Store })).toEqual({ soft: ['of store'], store: 'disk' });
  });

  it('G11 a soft producer is refused', () => {
    const soft = component({ provides: many(Check, { soft: true }), create: () => 'cpu' });
    expect(refusal([soft]).message).toMatch(/check: "provides": "soft" is for consuming a group/);
  });

  it('G12 a group can be consumed neither flattened, nor optional, nor by name, nor in an unknown form', () => {
    const wrong = {
      flatten: many(Check, { flatten: true }),
      named: many(Check, { name: 'cpu' }),
      optional: optional(untyped(checks)),
      form: many(Check, { as: untyped('set') }),
    };
    expect(refusal([invoke(wrong, function use() {})]).findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^use: "requires\.flatten": "flatten" is for contributing/),
      expect.stringMatching(/^use: "requires\.named": "name" is for contributing/),
      expect.stringMatching(/^use: "requires\.optional" must be a token, optional\(token\) or many\(token\)/),
      expect.stringMatching(/^use: "requires\.form": "as" is 'list' or 'map', not the string "set"/),
    ]);
  });

  it('G13 a module sees its private members and those above it; above it, only the public ones are seen', async () => {
    const inside = component({ provides: Store, requires: { all: checks }, create: ({ all }) => all.join('+') });
    const inner = module('inner', [inside], { private: [member('private')] });
    expect(await valuesOf([member('cpu'), inner], { inside: Store, checks })).toEqual({ inside: 'cpu+private', checks: ['cpu'] });
  });

  it('G14 a circle through a group is found', () => {
    const watching = component({ name: 'watching', provides: Server, requires: { all: checks }, create: () => '' });
    const watched = component({ name: 'watched', provides: checks, requires: { server: Server }, create: () => '' });
    expect(refusal([watching, watched]).findings).toMatchObject([{ code: 'FX_CYCLE', path: ['watching', 'watched', 'watching'] }]);
  });

  it('G15 a member that lacks something is named, with its group and what it lacks', () => {
    const lacking = component({ provides: checks, requires: { cache: Cache }, create: () => '' });
    const { findings } = subject([member('cpu'), lacking, invoke({ checks }, () => {})]).app.error ?? { findings: [] };
    expect(findings).toMatchObject([{ code: 'FX_MISSING', message: 'missing dependencies for check #2: nothing provides "cache"' }]);
  });
});
