import { Clock, component, Jobs, Lifecycle, many } from '../../src/fx/index.ts';
import { AgentVersion } from '../agent-version/index.ts';
import { apiServerSettings } from '../api-server/index.ts';
import { Config } from '../config/index.ts';
import { DelegatedAuth, DelegatedAuthOptions } from '../delegated-auth/index.ts';
import { Log } from '../log/index.ts';
import { StatusProvider } from '../status/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { ExternalMetricsProvider, ExternalMetricsServer, externalMetricsSettings as settings } from './index.ts';
import { flagsIn, ServerFlags } from './server/flags.ts';
import { Handler } from './server/handler.ts';
import type { Check } from './server/health.ts';
import { Listener, type TlsFacts } from './server/listener.ts';
import { measured, measuredReads } from './server/metrics.ts';
import { namedPair, servingCertificate } from './server/serving-certificate.ts';

/** What `external_metrics_provider.config` says, to the server and to what judges its requests. */
export const externalMetricsFlags = component({
  provides: { flags: ServerFlags, auth: DelegatedAuthOptions },
  requires: { config: Config },
  onFailure: 'continue',
  create({ config }) {
    const flags = flagsIn(config.get(settings.config));
    return { flags, auth: flags.auth };
  },
});

/** As many as Kubernetes' own library lets read at once. */
const inFlightMax = 400;
/** Milliseconds that requests have to end by themselves when the agent stops: what another server's metric may take. */
const graceMs = 3000;
/** Certificates from files are looked at again this often. */
const renewEveryMs = 60_000;

/** The API server behind the APIService `v1beta1.external.metrics.k8s.io`. */
export const aggregatedServer = component({
  name: 'external-metrics-server',
  provides: { server: ExternalMetricsServer, status: many(StatusProvider) },
  requires: {
    config: Config,
    flags: ServerFlags,
    auth: DelegatedAuth,
    provider: ExternalMetricsProvider,
    telemetry: Telemetry,
    log: Log,
    version: AgentVersion,
    clock: Clock,
    jobs: Jobs,
    lifecycle: Lifecycle,
  },
  onFailure: 'continue',
  create({ config, flags, auth, provider, telemetry, log, version, clock, jobs, lifecycle }) {
    let isDraining = false;
    const checks = [...always, { name: 'shutdown', isOfReadiness: true, isWell: () => !isDraining }];
    const metrics = () => telemetry.text();
    const reads = measuredReads(provider, telemetry, clock);
    const handler = new Handler({ auth, provider: reads, clock, checks, inFlightMax, metrics, version: versionInfo(version) });
    const listener = new Listener(measured((request) => handler.handle(request), telemetry));
    let release: (() => void) | undefined;
    lifecycle.append({
      name: 'follow-client-cas',
      start: () => {
        isDraining = false;
        release = auth.onChange(() => listener.renew({ ca: auth.clientCas }));
      },
      drain: async ({ deadline }) => {
        isDraining = true;
        const grace = Promise.withResolvers<void>();
        const cancel = clock.after(Math.min(graceMs, deadline - clock.monotonic()), grace.resolve);
        await Promise.race([listener.drain(), grace.promise]);
        cancel();
      },
      stop: async () => {
        release?.();
        await listener.close();
      },
    });
    // A job, because a port in use or a certificate that is not there yet must not leave the server dead until a restart.
    jobs.oneShot({
      name: 'serve-external-metrics',
      run: async () => {
        const { certificate: cert, key } = await servingCertificate(flags, log);
        const tls = { cert, key, minVersion: minVersionOf(flags, config), ca: auth.clientCas };
        await listenOn(listener, tls, { flags, port: config.get(settings.port) });
        log.info(`external metrics API server listens on ${flags.bindAddress}:${listener.port}`);
        if (flags.ignored.length > 0) log.warn(`external_metrics_provider.config: without effect here: ${flags.ignored.join(', ')}`);
      },
    });
    if (flags.certFile !== undefined)
      jobs.timer({
        name: 'renew-certificate',
        everyMs: renewEveryMs,
        run: async () => {
          const pair = await namedPair(flags);
          if (pair !== undefined && listener.certificate !== pair.certificate) listener.renew({ cert: pair.certificate, key: pair.key });
        },
      });
    return { server: listener, status: statusOf(listener) };
  },
});

interface Whereabouts {
  readonly flags: ServerFlags;
  /** Where no flag gives one. */
  readonly port: number;
}

/** @throws Error that names the setting whose port cannot be had */
async function listenOn(listener: Listener, tls: TlsFacts, { flags, port }: Whereabouts): Promise<void> {
  const wanted = flags.port ?? port;
  try {
    await listener.listen(wanted, flags.bindAddress, tls);
  } catch (cause) {
    const setting = flags.port === undefined ? 'external_metrics_provider.port' : 'secure-port in external_metrics_provider.config';
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot listen on port ${wanted} for external metrics: ${why}; free it, or set ${setting}`, { cause });
  }
}

const always: readonly Check[] = ['ping', 'log'].map((name) => ({ name, isWell: () => true }));

function versionInfo({ major, minor, patch, commit }: AgentVersion): object {
  return { major: String(major), minor: String(minor), gitVersion: `v${major}.${minor}.${patch}`, gitCommit: commit };
}

/** A port that is given as a flag switches the Go agent back to TLS 1.2, and clients of that kind rely on it. */
function minVersionOf(flags: ServerFlags, config: Config): 'TLSv1.2' | 'TLSv1.3' {
  const isLegacy = config.get(apiServerSettings.allowLegacyTls) || flags.port !== undefined;
  return flags.minVersion ?? (isLegacy ? 'TLSv1.2' : 'TLSv1.3');
}

function statusOf(server: ExternalMetricsServer): StatusProvider {
  return {
    name: 'External Metrics Server',
    section: 'Custom Metrics Server',
    json: () => ({ externalMetricsServer: { port: server.port } }),
    text: () => (server.port === 0 ? '  The external metrics API server does not listen yet.\n' : `  Listening on port ${server.port}\n`),
  };
}
