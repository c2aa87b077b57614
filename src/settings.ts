import { apiServerSettings } from '../components/api-server/index.ts';
import { authTokenSettings } from '../components/auth-token/index.ts';
import { clusterNameSettings } from '../components/cluster-id/index.ts';
import { configSettings, secretSettings, type Setting } from '../components/config/index.ts';
import { coreDumpSettings } from '../components/core-dump/index.ts';
import { datadogClientSettings } from '../components/datadog-client/index.ts';
import { externalMetricsSettings } from '../components/external-metrics/index.ts';
import { healthprobeSettings } from '../components/healthprobe/index.ts';
import { hostnameSettings } from '../components/hostname/index.ts';
import { kubernetesSettings } from '../components/kubernetes/index.ts';
import { leaderElectionSettings } from '../components/leader-election/index.ts';
import { leaderForwarderSettings } from '../components/leader-forwarder/index.ts';
import { logSettings } from '../components/log/index.ts';
import { ownPodSettings } from '../components/own-pod/index.ts';
import { profilingSettings } from '../components/profiling/index.ts';
import { scrubberSettings } from '../components/scrubber/index.ts';
import { telemetrySettings } from '../components/telemetry/index.ts';
import { cliSettings } from './cli/settings.ts';

/** One component a line. */
const declared: readonly Readonly<Record<string, Setting>>[] = [
  configSettings, //
  apiServerSettings,
  authTokenSettings,
  cliSettings,
  clusterNameSettings,
  coreDumpSettings,
  datadogClientSettings,
  externalMetricsSettings,
  healthprobeSettings,
  hostnameSettings,
  kubernetesSettings,
  leaderElectionSettings,
  leaderForwarderSettings,
  logSettings,
  ownPodSettings,
  profilingSettings,
  scrubberSettings,
  secretSettings,
  telemetrySettings,
];

/** Every key that the agent reads. A custom agent adds its own. */
export const settings: readonly Setting[] = declared.flatMap((each) => Object.values(each));
