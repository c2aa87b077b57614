import { Clock, component, Jobs, Lifecycle, many } from '../../src/fx/index.ts';
import { Config, type Setting } from '../config/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { Log } from '../log/index.ts';
import { RuntimeSetting } from '../settings/index.ts';
import { DebugEndpoint, type DebugAnswer } from '../telemetry/index.ts';
import { eventLoopDelays } from './event-loop.ts';
import { BusyError, Profiler, type ProfileKind } from './profiler.ts';
import { runtimeSettings } from './runtime-settings.ts';
import { profilingSettings } from './settings.ts';

/** Takes what is asked for on demand. @returns JSON @throws BusyError */
type Take = (durationMs: number, signal: AbortSignal) => Promise<string>;
const secondsMax = 120;

/**
 * Profiles of the agent itself: on demand at `/debug/pprof/profile` and `/debug/pprof/heap` of the metrics port, with how
 * long its event loop was blocked at `/debug/pprof/block`, and with `internal_profiling` from time to time, the last ones kept for flares.
 */
export const inspectorProfiling = component({
  name: 'profiling',
  provides: {
    endpoints: many(DebugEndpoint, { flatten: true }),
    settings: many(RuntimeSetting, { flatten: true }),
    flare: many(FlareProvider, { flatten: true }),
  },
  requires: { config: Config, log: Log, clock: Clock, jobs: Jobs, lifecycle: Lifecycle },
  create({ config, log, clock, jobs, lifecycle }) {
    const profiler = new Profiler(clock);
    const settings = runtimeSettings(config);
    const last = new Map<ProfileKind, string>();
    lifecycle.append({ name: 'apply', start: () => applyConfigured(config, settings, log) });
    jobs.timer({
      name: 'profile',
      everyMs: config.get(profilingSettings.period),
      run: async (signal) => {
        if (!config.get(profilingSettings.isOn)) return;
        for (const kind of ['cpu', 'heap'] as const)
          last.set(kind, await profiler.take(kind, config.get(profilingSettings.cpuDuration), signal));
      },
    });
    return {
      endpoints: [
        endpoint('/debug/pprof/profile', 30, (durationMs, signal) => profiler.take('cpu', durationMs, signal)),
        endpoint('/debug/pprof/heap', 10, (durationMs, signal) => profiler.take('heap', durationMs, signal)),
        endpoint('/debug/pprof/block', 30, (durationMs, signal) => eventLoopDelays(clock, durationMs, signal)),
      ],
      settings,
      flare: [kept('profiles/internal.cpuprofile', 'cpu', last), kept('profiles/internal.heapprofile', 'heap', last)],
    };
  },
});

/** What the configuration asks for goes through the runtime settings, as a person's wish would. The agent runs without it. */
async function applyConfigured(config: Config, settings: readonly RuntimeSetting[], log: Log): Promise<void> {
  const wishes = [
    ['runtime_block_profile_rate', profilingSettings.blockRate],
    ['runtime_mutex_profile_fraction', profilingSettings.mutexFraction],
    ['internal_profiling', profilingSettings.isOn],
  ] as const satisfies readonly (readonly [string, Setting])[];
  for (const [name, from] of wishes) {
    const value = config.get<number | boolean>(from);
    if (value === false || value === 0) continue;
    try {
      await settings.find((each) => each.name === name)?.set(value, 'agent-runtime');
    } catch (error) {
      log.error(`Error setting ${name}`, { error });
    }
  }
}

function endpoint(path: string, secondsDefault: number, take: Take): DebugEndpoint {
  return {
    path,
    answer: async (query, signal): Promise<DebugAnswer> => {
      const seconds = Number(query.get('seconds') ?? secondsDefault);
      if (!(seconds > 0 && seconds <= secondsMax))
        return { status: 400, contentType: 'text/plain', body: `seconds must be a number above 0, at most ${secondsMax}\n` };
      try {
        return { contentType: 'application/json', body: await take(seconds * 1000, signal) };
      } catch (error) {
        if (!(error instanceof BusyError)) throw error;
        return { status: 409, contentType: 'text/plain', body: `${error.message}\n` };
      }
    },
  };
}

function kept(path: string, kind: ProfileKind, last: ReadonlyMap<ProfileKind, string>): FlareProvider {
  return {
    path,
    content: () => {
      const profile = last.get(kind);
      if (profile === undefined)
        throw new Error('no profile has been taken: internal_profiling.enabled is off, or the first one is not done');
      return profile;
    },
  };
}
