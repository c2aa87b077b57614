import { supply, type Component } from '../../src/fx/index.ts';
import { Config, type Setting, type Source } from './index.ts';
import { LayeredConfig } from './layered.ts';
import { parse } from './setting.ts';

/** Values by dotted key, as a file would give them: `{ log_level: 'debug', 'cluster_agent.cmd_port': 0, retry: '5m' }`. */
export type FakeValues = Readonly<Record<string, unknown>>;

/** A configuration for tests: these values from a file, and each setting's default for everything else. */
export function fakeConfig(values: FakeValues = {}): Component<'config', never> {
  return supply(Config, configOf(values));
}

/** The same as a value, for tests that build without an app or change settings as they go. */
export function configOf(values: FakeValues = {}): Config {
  return new ConfigThatLearns(values);
}

/** Knows a setting from when it is first asked for it, so that tests need not list any. */
class ConfigThatLearns extends LayeredConfig {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: FakeValues) {
    super({ settings: [] });
    this.#values = new Map(Object.entries(values));
    for (const [key, value] of this.#values) this.put(key, value, 'file');
  }

  override get<T>(setting: Setting<T>): T {
    this.#learn(setting);
    return super.get(setting);
  }

  override set<T>(setting: Setting<T>, value: T, source: Source): void {
    this.#learn(setting);
    super.set(setting, value, source);
  }

  #learn(setting: Setting): void {
    if (this.find(setting.key) !== undefined) return;
    this.declare(setting);
    if (this.#values.has(setting.key)) this.put(setting.key, parse(setting, this.#values.get(setting.key)), 'file');
  }
}
