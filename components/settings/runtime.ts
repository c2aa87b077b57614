import { setImmediate } from 'node:timers/promises';
import { component, many } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { Config, sources, written, type Source } from '../config/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { RuntimeSetting, Settings, UnknownSettingError } from './index.ts';
import { settingsRoutes } from './routes.ts';

interface Needs {
  readonly config: Config;
  readonly scrubber: Scrubber;
  readonly runtime: readonly RuntimeSetting[];
}

class RuntimeSettings implements Settings {
  readonly runtime: readonly RuntimeSetting[];
  readonly #config: Config;
  readonly #scrubber: Scrubber;
  readonly #byName: ReadonlyMap<string, RuntimeSetting>;

  constructor({ config, scrubber, runtime }: Needs) {
    this.#config = config;
    this.#scrubber = scrubber;
    this.runtime = runtime.toSorted((one, other) => (one.name < other.name ? -1 : 1));
    this.#byName = new Map(runtime.map((each) => [each.name, each]));
    const twice = runtime.find((each) => this.#byName.get(each.name) !== each);
    if (twice !== undefined) throw new Error(`two components contribute the runtime setting ${twice.name}: leave one of them out`);
  }

  get(name: string): ReturnType<Settings['get']> {
    const runtime = this.#byName.get(name);
    const value = runtime === undefined ? this.#config.lookup(name) : runtime.get();
    if (value === undefined && runtime === undefined && this.#config.find(name) === undefined) throw new UnknownSettingError(name);
    const given = this.#config.valuesOf(name).map((each) => ({ source: each.source, value: this.#shown(name, each.value) }));
    return { value: this.#shown(name, this.#section(name) ?? value), sources: given };
  }

  async set(name: string, value: unknown, source: Source): Promise<void> {
    const setting = this.#byName.get(name);
    if (setting === undefined) throw new UnknownSettingError(name);
    try {
      await setting.set(value, source);
    } catch (error) {
      throw new Error(this.#scrubber.text(error instanceof Error ? error.message : String(error)), { cause: error });
    }
  }

  async yaml({ withoutDefaults = false }: { readonly withoutDefaults?: boolean } = {}): Promise<string> {
    const { default: yaml } = await import('yaml'); // seldom asked for, and not small
    const shown = this.#scrubber.data(this.#config.all({ withoutDefaults, asWritten: true })) as Readonly<Record<string, unknown>>;
    let text = '';
    for (const [key, value] of Object.entries(shown)) {
      text += yaml.stringify({ [key]: value }, { aliasDuplicateObjects: false, lineWidth: 0 });
      await setImmediate(); // all at once would hold up everybody else
    }
    return text === '' ? '{}\n' : text;
  }

  async bySource(): Promise<Readonly<Record<Source, unknown>>> {
    const shown: Partial<Record<Source, unknown>> = {};
    for (const source of sources) {
      shown[source] = this.#scrubber.data(this.#config.all({ source, asWritten: true }));
      await setImmediate();
    }
    return shown as Record<Source, unknown>;
  }

  /** A section as a file would say it. */
  #section(name: string): unknown {
    if (this.#config.find(name) !== undefined || this.#byName.has(name)) return undefined;
    return name.split('.').reduce<unknown>(
      (at, key) => {
        return typeof at === 'object' && at !== null ? (at as Readonly<Record<string, unknown>>)[key.toLowerCase()] : undefined;
      },
      this.#config.all({ asWritten: true }),
    );
  }

  /** A secret is told by the last part of its key. */
  #shown(name: string, value: unknown): unknown {
    const last = name.split('.').at(-1) ?? name;
    const shown = this.#scrubber.data({ [last]: written(this.#config.find(name), value) ?? null }) as Readonly<Record<string, unknown>>;
    return Object.values(shown)[0];
  }
}

/** What can be read and changed while the agent runs, and the routes for it. */
export const runtimeSettings = component({
  name: 'runtime-settings',
  provides: { settings: Settings, routes: many(Route, { flatten: true }) },
  requires: { config: Config, scrubber: Scrubber, runtime: many(RuntimeSetting) },
  create(needs) {
    const settings = new RuntimeSettings(needs);
    return { settings, routes: settingsRoutes(settings) };
  },
});
