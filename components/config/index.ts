import { token } from '../../src/fx/index.ts';
import type { Setting } from './setting.ts';

export { parse, setting, type, written, type Setting } from './setting.ts';
export { configSettings, endpointOf, secretSettings, wayOut, type WayOut } from './settings.ts';

/** Where a value comes from, from weakest to strongest: a value of a later source hides those of the earlier ones. */
export const sources = [
  'default',
  'unknown',
  'file',
  'environment-variable',
  'fleet-policies',
  'agent-runtime',
  'local-config-process',
  'remote-config',
  'cli',
] as const;
export type Source = (typeof sources)[number];

/** A value that one source gives. */
export interface SourcedValue {
  readonly source: Source;
  readonly value: unknown;
}

/** A setting whose effective value is another than before. */
export interface Change {
  readonly key: string;
  readonly previous: unknown;
  readonly value: unknown;
  readonly source: Source;
  /** Counts up by one with each change. */
  readonly sequence: number;
}

export interface ViewOptions {
  /** Leaves out what nobody has set. */
  readonly withoutDefaults?: boolean;
  /** What this source says, instead of the effective values. */
  readonly source?: Source;
  /** Values as a file would say them, so durations as text and secrets revealed. */
  readonly asWritten?: boolean;
}

/**
 * The configuration of the agent: every source, merged key by key.
 *
 * It is read before the app is planned, because conditions (`when`) depend on it, and supplied to the app as a value.
 */
export interface Config {
  /** The effective value, or the setting's default. */
  get<T>(setting: Setting<T>): T;
  /**
   * The same for a key as text, known or not: what conditions and generic tools read. The name of a section gives its
   * values as a record. `undefined` when nobody gives it one.
   */
  lookup(key: string): unknown;
  /** The setting of a key, in whatever case it is written. */
  find(key: string): Setting | undefined;
  /** Whether a source other than `default` gives it a value. */
  isSet(setting: Setting): boolean;
  /** What each source says of a key, weakest first. */
  valuesOf(key: string): readonly SourcedValue[];
  /** Every setting with its value, as one nested record; secrets are still in it: scrub before showing. */
  all(options?: ViewOptions): Readonly<Record<string, unknown>>;
  /**
   * Takes a value of the setting's own type, so a duration in milliseconds; what a person wrote goes through `parse` first.
   *
   * @throws BadValueError when the value does not fit the setting; nothing is changed then
   * @throws whatever listeners threw, after all of them were called
   */
  set<T>(setting: Setting<T>, value: T, source: Source): void;
  /** Takes back what a source says of a key. */
  unset(setting: Setting, source: Source): void;
  /** Calls back after each change of an effective value, in order, until the returned function is called. */
  onChange(listener: (change: Change) => void): () => void;
  /** Every known setting. */
  readonly known: readonly Setting[];
  /** Paths of the files that were read; the main one first. Empty when there is none. */
  readonly files: readonly string[];
  /** What was wrong but did not keep the agent from running: unknown keys, values that were ignored. */
  readonly warnings: readonly string[];
}
export const Config = token<Config>()('config');
