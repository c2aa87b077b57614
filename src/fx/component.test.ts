import { describe, expect, it } from 'vitest';
import type { Unproved } from '../../test/support.ts';
import { app, component, decorate, invoke, many, module, optional, replace, supply, token, type Component } from './index.ts';
import { fakeProcess } from './testing.ts';

const Name = token<string>()('name');
const Part = token<string>()('part');

const name = component({ provides: Name, create: () => 'plain' });
const part = (value: string): Component => component({ name: value, provides: many(Part), create: () => value });
const loud = decorate({ provides: Name, requires: { name: Name }, create: (needs) => needs.name.toUpperCase() });

/** Starts and stops a list, and says what was seen. */
async function seenIn(make: (see: (what: unknown) => void) => Unproved): Promise<unknown[]> {
  const seen: unknown[] = [];
  const subject = app(
    make((what) => void seen.push(what)),
    { process: fakeProcess() },
  );
  await subject.start();
  await subject.stop();
  return seen;
}
const seeName = (see: (what: unknown) => void, prefix = ''): Component => invoke({ name: Name }, (needs) => see(prefix + needs.name));
const seeParts = (see: (what: unknown) => void): Component => invoke({ parts: many(Part) }, (needs) => see(needs.parts));

describe('component', () => {
  it('is constructed once, however many need it, and not at all when nobody does', async () => {
    let times = 0;
    const counted = component({ provides: Name, create: () => String((times += 1)) });
    expect(await seenIn((see) => [counted, seeName(see), seeName(see)])).toEqual(['1', '1']);
    await seenIn(() => [counted]);
    expect(times).toBe(1);
  });

  it('yields several values from one constructor', async () => {
    const both = component({ name: 'both', provides: { name: Name, part: many(Part) }, create: () => ({ name: 'n', part: 'p' }) });
    expect(await seenIn((see) => [both, seeName(see), seeParts(see)])).toEqual(['n', ['p']]);
  });
});

describe('many', () => {
  it('hands out members in list order, whatever the order of construction', async () => {
    const late = component({ name: 'late', provides: many(Part), requires: { name: Name }, create: (needs) => needs.name });
    expect(await seenIn((see) => [late, part('b'), part('a'), name, seeParts(see)])).toEqual([['plain', 'b', 'a']]);
  });

  it('is empty without members', async () => {
    expect(await seenIn((see) => [seeParts(see)])).toEqual([[]]);
  });

  it('spreads what a flattened contribution yields', async () => {
    const several = component({ name: 'several', provides: many(Part, { flatten: true }), create: () => ['x', 'y'] });
    expect(await seenIn((see) => [part('a'), several, seeParts(see)])).toEqual([['a', 'x', 'y']]);
  });

  it('is a map by name where that is wanted', async () => {
    const named = component({ name: 'third', provides: many(Part, { name: 'own' }), create: () => 'c' });
    const seen = await seenIn((see) => [
      part('a'),
      part('b'),
      named,
      invoke({ parts: many(Part, { as: 'map' }) }, (needs) => see([...needs.parts])),
    ]);
    expect(seen).toEqual([
      [
        ['a', 'a'],
        ['b', 'b'],
        ['own', 'c'],
      ],
    ]);
  });

  it('builds nobody when it is soft, and takes those who are built anyway', async () => {
    const both = component({ name: 'both', provides: { name: Name, part: many(Part) }, create: () => ({ name: 'n', part: 'p' }) });
    const soft = (see: (what: unknown) => void): Component => invoke({ parts: many(Part, { soft: true }) }, (needs) => see(needs.parts));
    expect(await seenIn((see) => [part('a'), both, soft(see)])).toEqual([[]]);
    expect(await seenIn((see) => [part('a'), both, soft(see), seeName(see)])).toEqual([['p'], 'n']);
  });

  it('leaves out a member that was allowed to fail', async () => {
    const broken = component({
      name: 'broken',
      provides: many(Part),
      onFailure: 'continue',
      create: () => Promise.reject(new Error('no')),
    });
    expect(await seenIn((see) => [part('a'), broken, part('b'), seeParts(see)])).toEqual([['a', 'b']]);
  });
});

describe('optional', () => {
  const seeMaybe = (see: (what: unknown) => void): Component => invoke({ maybe: optional(Name) }, (needs) => see(needs.maybe));

  it('is the value where there is one, and undefined where not', async () => {
    expect(await seenIn((see) => [name, seeMaybe(see)])).toEqual(['plain']);
    expect(await seenIn((see) => [seeMaybe(see)])).toEqual([undefined]);
  });

  it('does not hide that a listed provider cannot be built', () => {
    const needy = component({ provides: Name, requires: { part: Part }, create: () => '' });
    const list: Unproved = [needy, seeMaybe(() => {})];
    expect(
      app(list)
        .validate()
        .map(({ code }) => code),
    ).toEqual(['FX_MISSING']);
  });
});

describe('module', () => {
  it('shows what it lists to everybody, and what is private only inside, also in modules inside it', async () => {
    const secret = component({ provides: Part, create: () => 'secret' });
    const seePart = (see: (what: unknown) => void): Component => invoke({ part: optional(Part) }, (needs) => see(needs.part));
    const seen = await seenIn((see) => [
      module('outer', [module('inner', [seePart(see)]), seePart(see)], { private: [secret] }),
      seePart(see),
    ]);
    expect(seen).toEqual(['secret', 'secret', undefined]);
  });

  it('lets a private value stand before a public one', async () => {
    const own = component({ provides: Name, create: () => 'own' });
    expect(await seenIn((see) => [name, module('m', [seeName(see)], { private: [own] }), seeName(see)])).toEqual(['own', 'plain']);
  });

  it('counts once, however often it is listed', async () => {
    let times = 0;
    const shared = module('shared', [invoke({}, () => void (times += 1))]);
    await seenIn(() => [shared, module('a', [shared]), module('b', [shared])]);
    expect(times).toBe(1);
  });
});

describe('decorate', () => {
  it('wraps the value for everybody in its module, and nobody outside', async () => {
    expect(await seenIn((see) => [name, module('m', [loud, seeName(see), module('deep', [seeName(see)])]), seeName(see)])).toEqual([
      'PLAIN',
      'PLAIN',
      'plain',
    ]);
  });

  it('wraps what an outer module has wrapped', async () => {
    const quoted = decorate({ provides: Name, requires: { name: Name }, create: (needs) => `"${needs.name}"` });
    expect(await seenIn((see) => [name, loud, module('m', [quoted, seeName(see)])])).toEqual(['"PLAIN"']);
  });

  it('wraps a group as a whole', async () => {
    const sorted = decorate({ provides: many(Part), requires: { parts: many(Part) }, create: (needs) => needs.parts.toSorted() });
    expect(await seenIn((see) => [part('b'), part('a'), sorted, seeParts(see)])).toEqual([['a', 'b']]);
  });
});

describe('replace', () => {
  it('puts a component in the place of another, constructor and all, at its position', async () => {
    const original = component({ provides: Name, create: () => Promise.reject(new Error('never built')) });
    const fake = component({ name: 'fake', provides: Name, create: () => 'fake' });
    const list = (see: (what: unknown) => void): Unproved => [original, seeName(see), replace(fake)];
    expect(await seenIn(list)).toEqual(['fake']);
    expect(
      app(list(() => {}))
        .plan()
        .order.map((each) => each.component),
    ).toEqual(['fake', 'invoke']);
  });

  it('puts a value in the place of another inside its module only', async () => {
    expect(await seenIn((see) => [name, module('m', [replace(Name, 'other'), seeName(see)]), seeName(see)])).toEqual(['other', 'plain']);
  });
});

describe('supply', () => {
  it('provides a value, with hooks that get it', async () => {
    const log: string[] = [];
    const hooks = { start: (value: string) => void log.push(`start ${value}`), stop: (value: string) => void log.push(`stop ${value}`) };
    expect(await seenIn((see) => [supply(Name, 'given', hooks), supply(many(Part), 'member'), seeName(see), seeParts(see)])).toEqual([
      'given',
      ['member'],
    ]);
    expect(log).toEqual(['start given', 'stop given']);
  });
});

describe('token', () => {
  it('is a name for a value, and cannot be called', () => {
    expect(Name.key).toBe('name');
    expect(Name.name).toBe('name');
    expect(() => Reflect.apply(Name, undefined, [])).toThrow('token "name" is a name for a value, it cannot be called');
  });
});
