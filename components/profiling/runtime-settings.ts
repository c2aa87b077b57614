import type { Config, Setting } from '../config/index.ts';
import type { RuntimeSetting } from '../settings/index.ts';
import { profilingSettings } from './settings.ts';

/** The Go agent's runtime settings of profiling, with what they accept; those that only Go can follow are kept and shown. */
export function runtimeSettings(config: Config): readonly RuntimeSetting[] {
  const hidden = <T>(
    name: string,
    of: Setting<T>,
    { description, read }: { description: string; read: (value: unknown) => T },
  ): RuntimeSetting => ({
    name,
    description,
    isHidden: true,
    get: () => config.get(of),
    set: (value, source) => config.set(of, read(value), source),
  });
  return [
    hidden('runtime_mutex_profile_fraction', profilingSettings.mutexFraction, {
      description: 'Set/get the fraction of mutex contention events that are reported; kept, but without effect on Node',
      read: (value) => whole('runtime_mutex_profile_fraction', value),
    }),
    hidden('runtime_block_profile_rate', profilingSettings.blockRate, {
      description: 'Set/get the fraction of blocking events that are reported; kept, but without effect on Node',
      read: (value) => whole('runtime_block_profile_rate', value),
    }),
    hidden('internal_profiling_goroutines', profilingSettings.goroutines, {
      description: 'Set/get whether goroutine stack traces are collected; kept, but without effect on Node',
      read: (value) => onOrOff('internal_profiling_goroutines', value),
    }),
    hidden('internal_profiling', profilingSettings.isOn, {
      description: 'Enable/disable internal profiling: true, false or restart',
      read: (value) => (String(value).toLowerCase() === 'restart' ? true : onOrOff('internal_profiling', value, ', or restart')),
    }),
  ];
}

function whole(name: string, value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) throw new Error(`${name} must be a whole number, not ${String(value)}`);
  return number;
}

function onOrOff(name: string, value: unknown, more = ''): boolean {
  const text = String(value).toLowerCase();
  if (text !== 'true' && text !== 'false') throw new Error(`${name} must be true or false${more}, not ${String(value)}`);
  return text === 'true';
}
