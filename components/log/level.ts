import type { Config } from '../config/index.ts';
import type { RuntimeSetting } from '../settings/index.ts';
import { levels, type Level } from './index.ts';
import { logSettings } from './settings.ts';

type LevelOrOff = Level | 'off';
const accepted: readonly LevelOrOff[] = [...levels, 'off'];

/** Index of the least severe level that is written; beyond all of them when the log is off. */
export function thresholdOf(config: Config): number {
  const level = config.get(logSettings.level);
  return accepted.indexOf(level === 'warning' ? 'warn' : level);
}

/** `log_level`, changed while the agent runs; the log follows the configuration. */
export function levelSetting(config: Config): RuntimeSetting {
  return {
    name: logSettings.level.key,
    description: `Set/get the log level, valid values are: ${levels.join(', ')} and off`,
    isHidden: false,
    get: () => config.get(logSettings.level),
    set: (value, source) => config.set(logSettings.level, levelOf(value), source),
  };
}

function levelOf(value: unknown): LevelOrOff {
  const name = String(value).trim().toLowerCase();
  const level = accepted.find((each) => each === (name === 'warning' ? 'warn' : name));
  if (level === undefined) throw new Error(`unknown log level: ${name}; it is one of ${accepted.join(', ')}`);
  return level;
}
