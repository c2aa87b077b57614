import { Clock, component, Jobs, Lifecycle, many } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { DatadogClient } from '../datadog-client/index.ts';
import { EventRecorder } from '../events/index.ts';
import { Informers, Kubernetes, Workqueues } from '../kubernetes/index.ts';
import { LeaderElection } from '../leader-election/index.ts';
import { Log } from '../log/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { Random } from '../random/index.ts';
import { StatusProvider } from '../status/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { ConfigMapEngine, type EngineOptions } from './config-map/engine.ts';
import { inventoryOf, remember } from './config-map/inventory.ts';
import { LocalCopy } from './config-map/local-copy.ts';
import { statusOf } from './config-map/status.ts';
import { ConfigMapStore } from './config-map/store.ts';
import { entryGauge } from './config-map/telemetry.ts';
import { isDelegated } from './delegation/delegates.ts';
import { History } from './history.ts';
import { ExternalMetricsProvider, externalMetricsSettings as settings, MetricInventory, type InventoryEntry } from './index.ts';

/** How often each replica reads the ConfigMap, and how long it waits at most after failures, in milliseconds. */
const readEveryMs = 1000;
const readDelayMaxMs = 32_000;

/** Metrics in one ConfigMap: queried and written by the leader, read and served by every replica. */
export const configMapProvider = component({
  name: 'config-map-provider',
  provides: { provider: ExternalMetricsProvider, inventory: MetricInventory, status: many(StatusProvider) },
  requires: {
    config: Config,
    log: Log,
    telemetry: Telemetry,
    kubernetes: Kubernetes,
    informers: Informers,
    workqueues: Workqueues,
    election: LeaderElection,
    client: DatadogClient,
    recorder: EventRecorder,
    ownPod: OwnPod,
    clock: Clock,
    random: Random,
    jobs: Jobs,
    lifecycle: Lifecycle,
  },
  when: { setting: settings.useDatadogMetricCrd.key, is: false },
  create({ config, telemetry, ownPod, random, jobs, lifecycle, ...cluster }) {
    const { log, clock, election } = cluster;
    const name = config.get(settings.configMapName);
    const store = new ConfigMapStore({ ...cluster, random, name, namespace: () => ownPod.resourcesNamespace() });
    const copy = new LocalCopy({
      lifetime: 2 * config.get(settings.localCopyRefreshRate),
      now: () => clock.now() / 1000,
      monotonic: () => clock.monotonic() / 1000,
    });
    copy.observe(entryGauge(telemetry));
    const options = engineOptions(config);
    const history = new History();
    copy.observe((entries) => remember(history, entries, options));
    const engine = new ConfigMapEngine({ ...cluster, store, copy, options });
    const problem = problemIn(config);
    let lastFailure: string | undefined;

    const read = async (signal: AbortSignal): Promise<void> => {
      try {
        const known = copy.state;
        const state = await store.read(signal, { retriesMax: 0 });
        // What the leader has written itself meanwhile is newer.
        if (copy.state === known) copy.renew(state);
        if (state.resourceVersion === '' && election.isLeader()) engine.restore();
        lastFailure = undefined;
      } catch (error) {
        lastFailure = (error as Error).message;
        throw error;
      }
    };
    const retry = { firstDelayMs: 2 * readEveryMs, longestDelayMs: readDelayMaxMs };
    jobs.timer({ name: 'read-external-metrics', everyMs: readEveryMs, retry, run: read });
    if (problem === undefined) jobs.oneShot({ name: 'keep-external-metrics', run: (signal) => engine.run(signal) });
    else lifecycle.append({ name: 'refuse-tickers', start: () => log.error(problem) });

    const status = statusOf({
      copy,
      name: async () => `${await ownPod.resourcesNamespace()}/${name}`,
      problem: () => lastFailure,
      writeProblem: () => engine.failure,
    });
    const inventory = (): Promise<readonly InventoryEntry[]> => {
      const { autoscalers } = engine;
      return inventoryOf(copy.state?.entries ?? [], { history, autoscalers, form: options, problemOf: (query) => engine.problemOf(query) });
    };
    return { provider: copy, inventory: { list: inventory }, status };
  },
});

function engineOptions(config: Config): EngineOptions {
  const rollup = config.get(settings.rollup);
  return {
    refreshMs: config.get(settings.refreshPeriod) * 1000,
    sweepMs: config.get(settings.gcPeriod) * 1000,
    windowSeconds: config.get(settings.bucketSize),
    maxAge: Math.max(config.get(settings.maxAge), 3 * rollup),
    withWatermark: config.get(settings.wpaController),
    isElsewhere: isDelegated(config.get(settings.delegates)),
    aggregator: config.get(settings.aggregator),
    rollup,
  };
}

/** As in the Go agent, metrics that are in the ConfigMap are served all the same. */
function problemIn(config: Config): string | undefined {
  const [gc, refresh] = [config.get(settings.gcPeriod), config.get(settings.refreshPeriod)];
  if (gc > 0 && refresh > 0) return undefined;
  return `tickers must be strictly positive in the autoscalersController [GC: ${gc} s, Refresh: ${refresh} s]`;
}
