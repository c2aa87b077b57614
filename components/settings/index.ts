import { token } from '../../src/fx/index.ts';
import type { Source, SourcedValue } from '../config/index.ts';

/** A setting that can be changed while the agent runs; contributed by the component that it changes. */
export interface RuntimeSetting {
  readonly name: string;
  readonly description: string;
  /** Left out of lists for people. */
  readonly isHidden: boolean;
  get(): unknown;
  /**
   * @param value what a person typed, or a value of the setting's own type
   * @throws Error that says what is accepted; nothing is changed then
   */
  set(value: unknown, source: Source): void | Promise<void>;
}
/** A group: contribute with `provides: many(RuntimeSetting)`. */
export const RuntimeSetting = token<RuntimeSetting>()('runtime-setting');

/** What can be read and changed at run time. */
export interface Settings {
  readonly runtime: readonly RuntimeSetting[];
  /** Any setting by its key, as a file would say it, scrubbed. @throws UnknownSettingError */
  get(name: string): { readonly value: unknown; readonly sources: readonly SourcedValue[] };
  /** A runtime setting. @throws UnknownSettingError, or what the setting itself throws */
  set(name: string, value: unknown, source: Source): Promise<void>;
  /** The configuration as YAML, scrubbed. */
  yaml(options?: { readonly withoutDefaults?: boolean }): Promise<string>;
  /** What each source says, by source and then as in a file, scrubbed. */
  bySource(): Promise<Readonly<Record<Source, unknown>>>;
}
export const Settings = token<Settings>()('settings');

export class UnknownSettingError extends Error {
  override readonly name = 'UnknownSettingError';

  constructor(setting: string) {
    super(`setting ${setting} not found`);
  }
}
