import { AgentVersion } from '../components/agent-version/index.ts';
import { versionRoute } from '../components/agent-version/route.ts';
import { announcement } from '../components/announcement/log.ts';
import { requiredApiKey } from '../components/api-key/required.ts';
import { muxedApiServer } from '../components/api-server/muxed.ts';
import { createdAuthTokens } from '../components/auth-token/files.ts';
import { configMapClusterId } from '../components/cluster-id/config-map.ts';
import { configuredClusterName } from '../components/cluster-id/configured-name.ts';
import { servedClusterId } from '../components/cluster-id/served.ts';
import { Config } from '../components/config/index.ts';
import { coreDump } from '../components/core-dump/last-words.ts';
import { batchedDatadogClient } from '../components/datadog-client/batched.ts';
import { apiServerAuth } from '../components/delegated-auth/api-server.ts';
import { datadogSuite } from '../components/diagnose/datadog-suite.ts';
import { kubernetesSuite } from '../components/diagnose/kubernetes-suite.ts';
import { diagnoseRoute } from '../components/diagnose/route.ts';
import { apiEventRecorder } from '../components/events/api-recorder.ts';
import { leadershipEvents } from '../components/events/leadership.ts';
import { configurationFlare } from '../components/flare/configuration.ts';
import { environmentFlare } from '../components/flare/environment.ts';
import { zipFlare } from '../components/flare/zip.ts';
import { aggregatedServer, externalMetricsFlags } from '../components/external-metrics/aggregated-server.ts';
import { configMapProvider } from '../components/external-metrics/config-map-provider.ts';
import { datadogMetricProvider } from '../components/external-metrics/datadog-metric-provider.ts';
import { inventoryRoute } from '../components/external-metrics/inventory-route.ts';
import { delegatingProvider } from '../components/external-metrics/delegating-provider.ts';
import { httpHealthprobe } from '../components/healthprobe/http.ts';
import { hostnameChain } from '../components/hostname/chain.ts';
import { agentTransport } from '../components/kubernetes/agent-transport.ts';
import { rememberedDenials } from '../components/kubernetes/denials.ts';
import { httpKubernetes } from '../components/kubernetes/http-kubernetes.ts';
import { informers } from '../components/kubernetes/informers.ts';
import { kubernetesReadiness } from '../components/kubernetes/readiness.ts';
import { workqueues } from '../components/kubernetes/workqueue.ts';
import { alwaysLeader } from '../components/leader-election/always-leader.ts';
import { lockElection } from '../components/leader-election/lock-election.ts';
import { httpsLeaderForwarder } from '../components/leader-forwarder/https.ts';
import { consoleLogSink } from '../components/log/console.ts';
import { logFlare } from '../components/log/flare.ts';
import { livePage } from '../components/live-page/routes.ts';
import { fxEventLog } from '../components/log/fx-events.ts';
import { fileLogSink } from '../components/log/rolling-file.ts';
import { syslogSink } from '../components/log/syslog.ts';
import { winstonLog } from '../components/log/winston.ts';
import { mountedOwnPod } from '../components/own-pod/mounted.ts';
import { inspectorProfiling } from '../components/profiling/inspector.ts';
import { systemRandom } from '../components/random/system.ts';
import { rulesScrubber } from '../components/scrubber/rules.ts';
import { execSecrets } from '../components/secrets/exec.ts';
import { runtimeSettings } from '../components/settings/runtime.ts';
import { startupRecorder } from '../components/startup/recorder.ts';
import { startupRoute } from '../components/startup/route.ts';
import { commonStatusHeader } from '../components/status/common-header.ts';
import { componentStates } from '../components/status/component-states.ts';
import { statusFlare } from '../components/status/flare.ts';
import { composedStatus } from '../components/status/text-json-html.ts';
import { stopRoute } from '../components/stop/route.ts';
import { telemetryFlare } from '../components/telemetry/flare.ts';
import { prometheusTelemetry } from '../components/telemetry/prometheus.ts';
import { metricsServer } from '../components/telemetry/server.ts';
import { processVars } from '../components/telemetry/vars.ts';
import { app, module, run, supply, type Component } from './fx/index.ts';
import { version } from './version.ts';

/**
 * The cluster agent: every component, in the order of its start. Gates and failure policies stand with the components.
 */
export const clusterAgent = [
  // What everything stands on.
  supply(AgentVersion, version),
  systemRandom,
  rulesScrubber,
  consoleLogSink,
  fileLogSink,
  syslogSink,
  winstonLog,
  fxEventLog,
  prometheusTelemetry,
  execSecrets,
  mountedOwnPod,

  // 1-3: what a crash leaves, profiles, and the key without which there is no agent.
  coreDump,
  inspectorProfiling,
  requiredApiKey,

  // 4: metrics and probes answer before anything can hang.
  processVars,
  metricsServer,
  httpHealthprobe,

  // 5, 6: the API opens early, so that commands can ask what goes on.
  createdAuthTokens,
  muxedApiServer,

  // 7, 8: the API server of Kubernetes, and where the agent is.
  rememberedDenials,
  agentTransport,
  httpKubernetes,
  kubernetesReadiness,
  configuredClusterName,
  hostnameChain,

  // 10-13: who leads, events, and which cluster this is.
  lockElection,
  alwaysLeader,
  httpsLeaderForwarder,
  apiEventRecorder,
  leadershipEvents,
  configMapClusterId,
  servedClusterId,
  workqueues,
  informers,

  // 18: external metrics, which autoscalers read.
  module(
    'external-metrics',
    [
      batchedDatadogClient,
      externalMetricsFlags,
      apiServerAuth,
      datadogMetricProvider,
      configMapProvider,
      delegatingProvider,
      aggregatedServer,
    ],
    { when: 'external_metrics_provider.enabled' },
  ),

  // What people ask, and how.
  componentStates,
  commonStatusHeader,
  composedStatus,
  versionRoute,
  runtimeSettings,
  stopRoute,
  startupRoute,
  livePage,
  inventoryRoute,
  kubernetesSuite,
  datadogSuite,
  diagnoseRoute,
  logFlare,
  statusFlare,
  telemetryFlare,
  configurationFlare,
  environmentFlare,
  zipFlare,

  announcement,
] as const;

/** The agent under a configuration: its whole list, and the options of its app. What a custom agent begins with. */
export function agentUnder(config: Config) {
  const recorder = startupRecorder();
  const options = { settings: (key: string) => config.lookup(key), sinks: [recorder.sink] };
  return { list: [supply(Config, config), recorder.component, ...clusterAgent] as const, options };
}

/** The agent as a start would make it, to look at. */
export function planClusterAgent(config: Config) {
  const { list, options } = agentUnder(config);
  return app(list, options);
}

/**
 * Runs the agent until it is asked to stop.
 *
 * @param beside what else is to run with it
 * @returns the exit code
 */
export function runClusterAgent(config: Config, beside: readonly Component<never, `fx.${string}`>[] = []): Promise<number> {
  const { list, options } = agentUnder(config);
  return run([...list, ...beside], options);
}
