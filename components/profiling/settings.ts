import { setting, type } from '../config/index.ts';

/** Profiling of the agent itself. */
export const profilingSettings = {
  isOn: setting('internal_profiling.enabled', { type: type.boolean, default: false, description: 'takes profiles from time to time' }),
  period: setting('internal_profiling.period', {
    type: type.positiveDuration,
    default: 300_000,
    description: 'from one profile to the next',
  }),
  cpuDuration: setting('internal_profiling.cpu_duration', {
    type: type.positiveDuration,
    default: 60_000,
    description: 'how long each CPU profile takes',
  }),
  goroutines: setting('internal_profiling.enable_goroutine_stacktraces', {
    type: type.boolean,
    default: false,
    description: 'accepted for configurations of the Go agent; has no effect',
  }),
  blockRate: setting('internal_profiling.block_profile_rate', {
    type: type.integer,
    default: 0,
    description: 'accepted for configurations of the Go agent; has no effect',
  }),
  mutexFraction: setting('internal_profiling.mutex_profile_fraction', {
    type: type.integer,
    default: 0,
    description: 'accepted for configurations of the Go agent; has no effect',
  }),
};
