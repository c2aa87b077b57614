import { describe, expect, it } from 'vitest';
import { describeCondition, refusal, type Condition } from './condition.ts';
import { app, component, module, token } from './index.ts';

const holds = (condition: Condition, value: unknown): boolean => refusal(condition, () => value) === undefined;

describe('refusal', () => {
  it.each([true, 1, -1, 'true', 'yes', 'no', '0', {}, []])('takes a setting of %o for on', (value) => {
    expect(holds('x', value)).toBe(true);
  });

  it.each([false, 0, '', 'false', null, undefined])('takes a setting of %o for off', (value) => {
    expect(holds('x', value)).toBe(false);
  });

  it('compares with a value, without conversion', () => {
    expect([holds({ setting: 'x', is: 1 }, 1), holds({ setting: 'x', is: 1 }, '1'), holds({ setting: 'x', is: false }, false)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('asks a predicate', () => {
    const many = (value: unknown): boolean => typeof value === 'number' && value > 1;
    expect([holds({ setting: 'x', is: many }, 2), holds({ setting: 'x', is: many }, 1)]).toEqual([true, false]);
  });

  it('holds for a list when each does, and names the first that does not', () => {
    const settings = (key: string): unknown => ({ a: true, b: 'crd', c: false })[key];
    const condition: Condition = ['a', { setting: 'b', is: 'crd' }, 'c', 'd'];
    expect(refusal(['a', { setting: 'b', is: 'crd' }], settings)).toBeUndefined();
    expect(refusal(condition, settings)).toBe('setting "c" is false, it must be on');
    expect(refusal([], settings)).toBeUndefined();
  });

  it.each<[Condition, unknown, string]>([
    ['x', undefined, 'setting "x" is not set, it must be on'],
    [{ setting: 'x', is: 'crd' }, 'configmap', 'setting "x" is "configmap", it must be "crd"'],
    [{ setting: 'x', is: (value) => value === 1 }, null, 'setting "x" is null, it must be as its condition says'],
    [{ setting: 'x', is: Array.isArray }, { a: 1 }, 'setting "x" is {"a":1}, it must be isArray'],
    ['x', 'false', 'setting "x" is "false", it must be on'],
  ])('says what %o wanted of %o', (condition, value, text) => {
    expect(refusal(condition, () => value)).toBe(text);
  });
});

describe('describeCondition', () => {
  it('is the condition in words', () => {
    expect(describeCondition('leader_election')).toBe('leader_election is on');
    expect(describeCondition(['a', { setting: 'b.mode', is: 'crd' }])).toBe('a is on and b.mode is "crd"');
  });
});

describe('when', () => {
  const A = token<string>()('a');

  it('is decided before anything is constructed, outer modules first', () => {
    const inner = module('inner', [component({ provides: A, when: 'inner', create: () => '' })], { when: 'middle' });
    const because = (on: readonly string[]): string | undefined =>
      app([module('outer', [inner], { when: 'outer' })], { settings: (key) => on.includes(key) }).plan().absent[0]?.because;
    expect(because([])).toContain('"outer"');
    expect(because(['outer'])).toContain('"middle"');
    expect(because(['outer', 'middle'])).toContain('"inner"');
    expect(because(['outer', 'middle', 'inner'])).toBe('nobody needs it');
  });

  it('is a mistake of the list where it cannot be told', () => {
    const settings = (key: string): never => {
      throw new Error(`there is no setting ${key}`);
    };
    const findings = app([component({ name: 'x', when: 'lost', create: () => undefined })], { settings }).validate();
    expect(findings).toMatchObject([
      { code: 'FX_BAD_DEFINITION', component: 'x', message: 'x depends on a setting ("when"), but there is no setting lost' },
    ]);
  });

  it('keeps private components of a module out with it', () => {
    const hidden = component({ name: 'hidden', create: () => undefined });
    const subject = app([module('m', [], { private: [hidden], when: 'm' })], { settings: () => false });
    expect(subject.plan().absent).toMatchObject([{ component: 'hidden', module: 'm' }]);
  });
});
