import { isDeepStrictEqual } from 'node:util';
import { Secret } from '../secrets/index.ts';
import { sources, type Change, type Config, type Source, type SourcedValue, type ViewOptions } from './index.ts';
import { verify, written, type Setting } from './setting.ts';

const strongestFirst = sources.toReversed();

interface Contents {
  readonly settings: readonly Setting[];
  readonly files?: readonly string[];
  readonly warnings?: string[];
}

/** Values in layers, one per source; the strongest is the effective one. */
export class LayeredConfig implements Config {
  readonly files: readonly string[];
  readonly warnings: string[];
  readonly #settings: Map<string, Setting>;
  readonly #layers = new Map<string, Map<Source, unknown>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #changes: Change[] = [];
  #sequence = 0;
  #isTelling = false;

  constructor({ settings, files = [], warnings = [] }: Contents) {
    this.files = files;
    this.warnings = warnings;
    this.#settings = new Map(settings.map((each) => [each.key, each]));
  }

  get known(): readonly Setting[] {
    return [...this.#settings.values()];
  }

  get<T>(setting: Setting<T>): T {
    if (!this.#settings.has(setting.key)) this.#warnOnce(`config key ${setting.key} is unknown: list its setting in src/settings.ts`);
    const value = this.#strongest(setting.key);
    return value === undefined ? setting.default : (value.value as T);
  }

  lookup(key: string): unknown {
    const lower = key.toLowerCase();
    const value = this.#effective(lower);
    if (value !== undefined || this.#settings.has(lower)) return value;
    const section = this.#keys().filter((each) => each.startsWith(`${lower}.`));
    if (section.length === 0) return undefined;
    return nested(section.map((each) => [each.slice(lower.length + 1), this.#effective(each)]));
  }

  find(key: string): Setting | undefined {
    return this.#settings.get(key.toLowerCase());
  }

  isSet({ key }: Setting): boolean {
    const strongest = this.#strongest(key);
    return strongest !== undefined && strongest.source !== 'default';
  }

  valuesOf(key: string): readonly SourcedValue[] {
    const lower = key.toLowerCase();
    const isKnown = this.#settings.has(lower);
    return sources.flatMap((source) => {
      const said = this.#said(lower, source);
      return said === undefined || (said.value === undefined && !isKnown) ? [] : [said];
    });
  }

  all({ withoutDefaults = false, source, asWritten = false }: ViewOptions = {}): Readonly<Record<string, unknown>> {
    const entries = this.#keys().flatMap((key): readonly (readonly [string, unknown])[] => {
      const shown = source === undefined ? this.#shown(key) : this.#said(key, source);
      if (shown?.value === undefined || (withoutDefaults && shown.source === 'default')) return [];
      return [[key, asWritten ? written(this.#settings.get(key), shown.value) : shown.value]];
    });
    return nested(entries);
  }

  set<T>(setting: Setting<T>, value: T, source: Source): void {
    const verified = verify(setting, value);
    this.#changing(setting.key, source, () => this.put(setting.key, verified, source));
  }

  unset({ key }: Setting, source: Source): void {
    this.#changing(key, source, () => {
      const layers = this.#layers.get(key);
      if (layers?.delete(source) === true && layers.size === 0) this.#layers.delete(key);
    });
  }

  /** Takes a value as it is, also for a key that nobody has declared, and tells nobody: for loading. */
  put(key: string, value: unknown, source: Source): void {
    const layers = this.#layers.get(key);
    if (layers === undefined) this.#layers.set(key, new Map([[source, value]]));
    else layers.set(source, value);
  }

  /** From now on the setting is known, whatever is said of it already. */
  declare(setting: Setting): void {
    this.#settings.set(setting.key, setting);
  }

  onChange(listener: (change: Change) => void): () => void {
    const own = (change: Change): void => listener(change); // a listener that is given twice is called twice
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #strongest(key: string): SourcedValue | undefined {
    const layers = this.#layers.get(key);
    if (layers === undefined) return undefined;
    const source = strongestFirst.find((each) => layers.has(each));
    return source === undefined ? undefined : { source, value: layers.get(source) };
  }

  /** What counts: the strongest source, or else the setting's default. */
  #shown(key: string): SourcedValue {
    return this.#strongest(key) ?? { source: 'default', value: this.#settings.get(key)?.default };
  }

  /** What one source says, if anything. */
  #said(key: string, source: Source): SourcedValue | undefined {
    const layers = this.#layers.get(key);
    if (layers?.has(source) === true) return { source, value: layers.get(source) };
    return source === 'default' ? { source, value: this.#settings.get(key)?.default } : undefined;
  }

  #effective(key: string): unknown {
    return this.#shown(key).value;
  }

  #keys(): readonly string[] {
    return [...new Set([...this.#settings.keys(), ...this.#layers.keys()])].toSorted();
  }

  #warnOnce(warning: string): void {
    if (!this.warnings.includes(warning)) this.warnings.push(warning);
  }

  #changing(key: string, source: Source, change: () => void): void {
    const previous = this.#effective(key);
    change();
    const value = this.#effective(key);
    if (isSame(previous, value) || source === 'default') return;
    this.#changes.push({ key, previous, value, source, sequence: (this.#sequence += 1) });
    this.#tell();
  }

  /** A change that a listener makes waits until everybody knows of the one before. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const failures: unknown[] = [];
    for (let change = this.#changes.shift(); change !== undefined; change = this.#changes.shift()) {
      for (const listener of this.#listeners) {
        try {
          listener(change);
        } catch (error) {
          failures.push(error);
        }
      }
    }
    this.#isTelling = false;
    if (failures.length > 1) throw new AggregateError(failures, `${failures.length} listeners failed on a change of the configuration`);
    if (failures.length === 1) throw failures[0];
  }
}

function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Secret && other instanceof Secret) return one.reveal() === other.reveal();
  return isDeepStrictEqual(one, other);
}

type Tree = Map<string, unknown>;

/** A record of records from dotted keys. A key below one that has a value itself stays dotted. */
function nested(entries: readonly (readonly [key: string, value: unknown])[]): Readonly<Record<string, unknown>> {
  const root: Tree = new Map();
  for (const [key, value] of entries) {
    const parts = key.split('.');
    const last = parts.pop() ?? key;
    const parent = parts.reduce<Tree | undefined>((tree, part) => {
      if (tree === undefined) return undefined;
      const child = tree.get(part) ?? new Map<string, unknown>();
      if (!(child instanceof Map)) return undefined;
      tree.set(part, child);
      return child;
    }, root);
    if (parent === undefined) root.set(key, value);
    else parent.set(last, value);
  }
  return asRecord(root);
}

function asRecord(tree: Tree): Record<string, unknown> {
  return Object.fromEntries([...tree].map(([key, value]) => [key, value instanceof Map ? asRecord(value) : value]));
}
