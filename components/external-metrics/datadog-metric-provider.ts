import { isDeepStrictEqual } from 'node:util';
import { Clock, component, Jobs, Lifecycle, many, Process } from '../../src/fx/index.ts';
import { ClusterName } from '../cluster-id/index.ts';
import { Config } from '../config/index.ts';
import { DatadogClient } from '../datadog-client/index.ts';
import { Informers, Kubernetes, Workqueues } from '../kubernetes/index.ts';
import { LeaderElection } from '../leader-election/index.ts';
import { Log } from '../log/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { Random } from '../random/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { StatusProvider } from '../status/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { MetricController } from './datadog-metric/controller.ts';
import { MetricEngine, type EngineOptions } from './datadog-metric/engine.ts';
import { inventoryOf } from './datadog-metric/inventory.ts';
import { pointOf } from './datadog-metric/metric.ts';
import { datadogMetrics, metricObject } from './datadog-metric/object.ts';
import { MetricReader } from './datadog-metric/reader.ts';
import type { AutogenOptions } from './datadog-metric/references.ts';
import { Retriever, type RetrieverOptions } from './datadog-metric/retriever.ts';
import { statusOf } from './datadog-metric/status.ts';
import { MetricStore } from './datadog-metric/store.ts';
import { metricGauge, refreshHistogram } from './datadog-metric/telemetry.ts';
import { templates } from './datadog-metric/template.ts';
import { isDelegated } from './delegation/delegates.ts';
import { History } from './history.ts';
import {
  ExternalMetricsProvider,
  externalMetricsSettings as settings,
  MetricInventory,
  type InventoryEntry,
  type LabelSelector,
} from './index.ts';
import { parseSelector } from './selector.ts';

/** Metrics as DatadogMetric objects: queried by the leader, served by every replica. */
export const datadogMetricProvider = component({
  name: 'datadog-metric-provider',
  provides: { provider: ExternalMetricsProvider, inventory: MetricInventory, status: many(StatusProvider) },
  requires: {
    config: Config,
    log: Log,
    telemetry: Telemetry,
    scrubber: Scrubber,
    kubernetes: Kubernetes,
    informers: Informers,
    workqueues: Workqueues,
    election: LeaderElection,
    client: DatadogClient,
    clusterName: ClusterName,
    ownPod: OwnPod,
    process: Process,
    clock: Clock,
    random: Random,
    jobs: Jobs,
    lifecycle: Lifecycle,
  },
  when: settings.useDatadogMetricCrd.key,
  onFailure: 'continue',
  create({ config, telemetry, scrubber, client, clusterName, ownPod, process, random, jobs, lifecycle, ...cluster }) {
    const { kubernetes, informers, election, clock } = cluster;
    const now = (): number => clock.now() / 1000;
    const known = { namespace: 'default', clusterName: '' };
    const selector = autogenSelector(config);
    const autogen = (): AutogenOptions => ({ ...autogenOptions(config), selector, namespace: known.namespace });
    const options = retrieverOptions(config);
    const limits = { maxAge: options.maxAge, grace: config.get(settings.validityPeriod) };

    const store = new MetricStore();
    store.observe(metricGauge(telemetry));
    const history = new History();
    store.observe((id, metric) => {
      if (metric === undefined || metric.dataTime === 0) history.forget(id);
      else history.add(id, pointOf(metric));
    });
    const objects = informers.informer({ resource: datadogMetrics, transform: metricObject });
    const isSecret = (name: string, value: string): boolean => !isDeepStrictEqual(scrubber.data({ [name]: value }), { [name]: value });
    const resolve = templates({ env: process.env, isSecret, clusterName: () => known.clusterName });
    const controller = new MetricController({ store, objects, kubernetes, election, resolve, now });
    const retriever = new Retriever({ store, client, random, options, now });
    const onRefreshed = refreshHistogram(telemetry);
    const engine = new MetricEngine({
      ...cluster,
      store,
      objects,
      controller,
      retriever,
      autogen,
      onRefreshed,
      options: engineOptions(config),
    });
    const provider = new MetricReader({ store, autogen, limits, isNamespaced: config.get(settings.namespaceCheck), now });

    lifecycle.append({ name: 'follow-datadogmetrics', start: () => engine.start(), stop: () => engine.stop() });
    jobs.oneShot({
      name: 'synchronize-datadogmetrics',
      run: async (signal, healthy) => {
        known.clusterName = await clusterName.get();
        await engine.synchronize(signal, healthy);
      },
    });
    jobs.oneShot({
      name: 'watch-autoscalers',
      run: async (signal, healthy) => {
        known.namespace = await ownPod.resourcesNamespace();
        await engine.watchReaders(signal, healthy);
      },
    });
    jobs.oneShot({ name: 'retrieve-metrics', run: (signal) => engine.retrieve(signal) });
    const inventory = (): Promise<readonly InventoryEntry[]> =>
      inventoryOf({ store, history, limits, autoscalers: engine.autoscalers, autogen: autogen(), now: now() });
    return { provider, inventory: { list: inventory }, status: statusOf(store) };
  },
});

/** @throws Error that names the key, so that it is told at start and not at each read */
function autogenSelector(config: Config): LabelSelector {
  const text = config.get(settings.autogenSelector);
  try {
    return parseSelector(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${settings.autogenSelector.key}: "${text}" is no label selector: ${why}; write one as for kubectl -l`, {
      cause: error,
    });
  }
}

function autogenOptions(config: Config): Omit<AutogenOptions, 'selector' | 'namespace'> {
  return { isEnabled: config.get(settings.autogen), aggregator: config.get(settings.aggregator), rollup: config.get(settings.rollup) };
}

function retrieverOptions(config: Config): RetrieverOptions {
  return {
    maxAge: Math.max(config.get(settings.maxAge), 3 * config.get(settings.rollup)),
    maxTimeWindow: config.get(settings.maxTimeWindow),
    bucketSize: config.get(settings.bucketSize),
    hasBackoff: config.get(settings.splitBatchesWithBackoff),
  };
}

function engineOptions(config: Config): EngineOptions {
  return {
    refreshMs: Math.max(1, config.get(settings.refreshPeriod)) * 1000,
    workers: Math.max(1, config.get(settings.numWorkers)),
    withWatermark: config.get(settings.wpaController),
    isElsewhere: isDelegated(config.get(settings.delegates)),
  };
}
