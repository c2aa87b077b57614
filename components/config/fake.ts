import { supply, type Component } from '../../src/fx/index.ts';
import { Config, sources, type Change, type Setting, type Source, type SourcedValue } from './index.ts';

/** Values by dotted key, as a file would give them: `{ log_level: 'debug', 'cluster_agent.cmd_port': 0, retry: '5m' }`. */
export type FakeValues = Readonly<Record<string, unknown>>;

/** A configuration for tests: these values from a file, and each setting's default for everything else. */
export function fakeConfig(values: FakeValues = {}): Component<'config', never> {
  return supply(Config, configOf(values));
}

/** The same as a value, for tests that build without an app or change settings as they go. */
export function configOf(values: FakeValues = {}): Config {
  const known = new Map<string, Setting>();
  const given = new Map(Object.entries(values).map(([key, value]) => [key, new Map<Source, unknown>([['file', value]])]));
  const listeners = new Set<(change: Change) => void>();
  let sequence = 0;

  const valuesOf = (key: string): readonly SourcedValue[] => {
    const bySource = new Map(given.get(key));
    const setting = known.get(key);
    if (setting !== undefined) bySource.set('default', setting.default);
    return sources.flatMap((source) => (bySource.has(source) ? [{ source, value: bySource.get(source) }] : []));
  };
  const get = <T>(setting: Setting<T>): T => {
    known.set(setting.key, setting);
    const { source, value } = valuesOf(setting.key).at(-1) ?? { source: 'default', value: setting.default };
    // What was set at run time has the setting's type already; parsing a duration twice would multiply it twice.
    return source === 'file' ? setting.type.parse(value) : (value as T);
  };
  const changing = <T>(setting: Setting<T>, source: Source, change: (bySource: Map<Source, unknown>) => void): void => {
    const previous = get(setting);
    const bySource = given.get(setting.key) ?? new Map<Source, unknown>();
    change(bySource);
    given.set(setting.key, bySource);
    const value = get(setting);
    if (Object.is(previous, value)) return;
    sequence += 1;
    for (const listener of listeners) listener({ key: setting.key, previous, value, source, sequence });
  };

  return {
    get,
    lookup: (key) => {
      const setting = known.get(key);
      return setting === undefined ? valuesOf(key).at(-1)?.value : get(setting);
    },
    isSet: ({ key }) => (given.get(key)?.size ?? 0) > 0,
    valuesOf,
    all: ({ withoutDefaults = false } = {}) => {
      const keys = withoutDefaults ? given.keys() : new Set([...known.keys(), ...given.keys()]);
      return nested([...keys].map((key) => [key, valuesOf(key).at(-1)?.value]));
    },
    set: (setting, value, source) => changing(setting, source, (bySource) => bySource.set(source, value)),
    unset: (setting, source) => changing(setting, source, (bySource) => bySource.delete(source)),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    get known() {
      return [...known.values()];
    },
    files: [],
    warnings: [],
  };
}

function nested(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const parts = key.split('.');
    const last = parts.pop() ?? key;
    let at = root;
    for (const part of parts) at = (at[part] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return root;
}
