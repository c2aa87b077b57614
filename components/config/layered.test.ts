import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../secrets/index.ts';
import { setting, sources, type, type Change, type Source } from './index.ts';
import { LayeredConfig } from './layered.ts';

const port = setting('cluster_agent.cmd_port', { type: type.port, default: 5005, description: 'port' });
const delay = setting('delay', { type: type.duration, default: 1000, description: 'delay' });
const key = setting('api_key', { type: type.secret, default: new Secret(''), description: 'key' });
const list = setting('cluster_agent.list', { type: type.list, default: [], description: 'list' });
const make = (): LayeredConfig => new LayeredConfig({ settings: [port, delay, key, list] });

const source = fc.constantFrom<Source>(...sources.filter((each) => each !== 'default'));
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), source, value: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant('unset' as const), source }),
);

describe('layers', () => {
  it('let the strongest source win, whatever was set and unset in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const config = make();
        const model = new Map<Source, number>();
        const changes: Change[] = [];
        config.onChange((change) => void changes.push(change));
        let before = port.default;
        let expectedChanges = 0;
        for (const each of steps) {
          if (each.do === 'set') {
            model.set(each.source, each.value);
            config.set(port, each.value, each.source);
          } else {
            model.delete(each.source);
            config.unset(port, each.source);
          }
          const winner = sources.findLast((name) => model.has(name));
          const expected = winner === undefined ? port.default : (model.get(winner) ?? port.default);
          expect(config.get(port)).toBe(expected);
          expect(config.isSet(port)).toBe(winner !== undefined);
          if (expected !== before) expectedChanges += 1;
          before = expected;
        }
        expect(config.valuesOf(port.key)).toEqual([
          { source: 'default', value: 5005 },
          ...sources.filter((name) => model.has(name)).map((name) => ({ source: name, value: model.get(name) })),
        ]);
        expect(changes.map(({ sequence }) => sequence)).toEqual(Array.from({ length: expectedChanges }, (_, index) => index + 1));
      }),
    );
  });

  it('take values of code in the unit of code', () => {
    const config = make();
    config.set(delay, 1500, 'cli');
    expect(config.get(delay)).toBe(1500);
  });

  it('refuse what does not fit, and change nothing', () => {
    const config = make();
    config.set(port, 1, 'file');
    expect(() => config.set(port, 70_000, 'cli')).toThrow('cluster_agent.cmd_port must be a port, 0 to 65535, not 70000');
    expect(() => config.set(port, 'x' as unknown as number, 'cli')).toThrow('cluster_agent.cmd_port must be a port, not "x"');
    expect(config.valuesOf(port.key)).toEqual([
      { source: 'default', value: 5005 },
      { source: 'file', value: 1 },
    ]);
  });

  it('never tell of a default', () => {
    const config = make();
    const changes: Change[] = [];
    config.onChange((change) => void changes.push(change));
    config.set(port, 1, 'default');
    expect([config.get(port), config.isSet(port), changes]).toEqual([1, false, []]);
  });
});

describe('changes', () => {
  it('are told in order to everybody, also those that a listener makes, and not to who has gone', () => {
    const config = make();
    const told: string[] = [];
    config.onChange(({ key: changed, value, sequence }) => {
      told.push(`first ${changed} ${String(value)} ${sequence}`);
      if (value === 1) config.set(delay, 7, 'cli');
    });
    const leave = config.onChange(({ key: changed, sequence }) => void told.push(`second ${changed} ${sequence}`));
    config.set(port, 1, 'file');
    leave();
    config.set(port, 2, 'file');
    config.set(port, 2, 'cli');
    expect(told).toEqual([
      'first cluster_agent.cmd_port 1 1',
      'second cluster_agent.cmd_port 1',
      'first delay 7 2',
      'second delay 2',
      'first cluster_agent.cmd_port 2 3',
    ]);
  });

  it('of secrets are seen, though secrets look alike', () => {
    const config = make();
    const changes: Change[] = [];
    config.onChange((change) => void changes.push(change));
    config.set(key, new Secret('one'), 'file');
    config.set(key, new Secret('one'), 'cli');
    config.set(key, new Secret('two'), 'cli');
    expect(changes).toHaveLength(2);
  });

  it('reach the others when a listener fails, and the failure reaches who made the change', () => {
    const config = make();
    const told: unknown[] = [];
    config.onChange(() => {
      throw new Error('listener is broken');
    });
    config.onChange(({ value }) => void told.push(value));
    expect(() => config.set(port, 1, 'cli')).toThrow('listener is broken');
    expect([config.get(port), told]).toEqual([1, [1]]);
    config.onChange(() => {
      throw new Error('another is broken');
    });
    expect(() => config.set(port, 2, 'cli')).toThrow('2 listeners failed on a change of the configuration');
  });
});

describe('views', () => {
  it('show everything, a section, or what somebody has set', () => {
    const config = make();
    config.set(port, 1, 'file');
    config.put('unheard.of', [1], 'file');
    expect(config.all()).toEqual({ api_key: key.default, cluster_agent: { cmd_port: 1, list: [] }, delay: 1000, unheard: { of: [1] } });
    expect(config.all({ withoutDefaults: true })).toEqual({ cluster_agent: { cmd_port: 1 }, unheard: { of: [1] } });
    expect(config.lookup('Cluster_Agent')).toEqual({ cmd_port: 1, list: [] });
    expect(config.lookup('CLUSTER_AGENT.CMD_PORT')).toBe(1);
    expect(config.lookup('unheard.of')).toEqual([1]);
    expect(config.lookup('nobody')).toBeUndefined();
    expect(config.find('Delay')).toBe(delay);
  });

  it('keep a key below one that has a value dotted', () => {
    const config = make();
    config.put('a', 1, 'file');
    config.put('a.b', 2, 'file');
    config.put('__proto__.polluted', 3, 'file');
    expect(config.all({ withoutDefaults: true })).toEqual({ a: 1, 'a.b': 2, ['__proto__']: { polluted: 3 } });
    expect({}).not.toHaveProperty('polluted');
  });

  it('give the default of a setting that nobody has listed, and say so once', () => {
    const config = make();
    const other = setting('other', { type: type.text, default: 'x', description: 'other' });
    expect([config.get(other), config.get(other)]).toEqual(['x', 'x']);
    expect(config.warnings).toEqual(['config key other is unknown: list its setting in src/settings.ts']);
  });
});
