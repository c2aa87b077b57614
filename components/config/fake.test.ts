import { describe, expect, it } from 'vitest';
import { configOf, fakeConfig } from './fake.ts';
import { Config, setting, type, type Change } from './index.ts';
import { testApp } from '../../src/fx/testing.ts';

const every = setting('check.every', { type: type.duration, default: 1000, description: 'how often' });
const name = setting('check.name', { type: type.text, default: 'none', description: 'what it is called' });

describe('fakeConfig', () => {
  it('gives what a file would give, and the default for the rest', async () => {
    await using tested = await testApp([fakeConfig({ 'check.every': '5m' })], { requires: { config: Config } });
    expect([tested.needs.config.get(every), tested.needs.config.get(name)]).toEqual([300_000, 'none']);
    expect([tested.needs.config.isSet(every), tested.needs.config.isSet(name)]).toEqual([true, false]);
  });

  it('lets a stronger source hide a weaker one until it is taken back, and tells of each change', () => {
    const config = configOf({ 'check.every': 5 });
    const changes: Change[] = [];
    config.onChange((change) => changes.push(change));
    config.set(every, 7000, 'cli');
    config.set(every, 9000, 'agent-runtime');
    expect(config.get(every)).toBe(7000);
    expect(config.valuesOf('check.every').map(({ source }) => source)).toEqual(['default', 'file', 'agent-runtime', 'cli']);
    config.unset(every, 'cli');
    config.unset(every, 'agent-runtime');
    expect(changes.map(({ previous, value, sequence }) => [previous, value, sequence])).toEqual([
      [5000, 7000, 1],
      [7000, 9000, 2],
      [9000, 5000, 3],
    ]);
  });

  it('shows everything as one nested record', () => {
    const config = configOf({ 'check.name': 'ntp', other: true });
    config.get(every);
    expect(config.all()).toEqual({ check: { name: 'ntp', every: 1000 }, other: true });
    expect(config.all({ withoutDefaults: true })).toEqual({ check: { name: 'ntp' }, other: true });
    expect([config.lookup('check.every'), config.lookup('other'), config.lookup('no.such')]).toEqual([1000, true, undefined]);
  });
});
