import { Clock, component, Lifecycle, many } from '../../src/fx/index.ts';
import { Config, configSettings, endpointOf, wayOut } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { Random } from '../random/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { Secret } from '../secrets/index.ts';
import { StatusProvider } from '../status/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { BatchedClient } from './client.ts';
import { Endpoint, type Access } from './endpoint.ts';
import { furtherAccess } from './further-access.ts';
import { Connections } from './http.ts';
import { DatadogClient, datadogClientSettings as settings } from './index.ts';
import { clientMetrics } from './metrics.ts';
import { statusOf } from './status.ts';

/** Queries Datadog in batches, with more endpoints to fall back on where they are set. */
export const batchedDatadogClient = component({
  name: 'datadog-client',
  provides: { client: DatadogClient, status: many(StatusProvider) },
  requires: { config: Config, log: Log, telemetry: Telemetry, scrubber: Scrubber, clock: Clock, random: Random, lifecycle: Lifecycle },
  onFailure: 'continue',
  create({ config, log, telemetry, scrubber, clock, random, lifecycle }) {
    const metrics = clientMetrics(telemetry, clock);
    const connections = new Connections(wayOut(config), clock);
    const further = furtherAccess(config.get(settings.endpoints));
    for (const key of further.flatMap(({ apiKey, appKey }) => [apiKey, appKey])) scrubber.remember(key.reveal());
    const endpoints = [() => firstAccess(config), ...further.map((each) => () => each)].map(
      (access) => new Endpoint({ access, connections, clock, random, onRateLimit: metrics.rateLimit }),
    );
    const client = new BatchedClient({
      endpoints,
      clock,
      chunkSize: () => Math.min(35, Math.max(1, config.get(settings.chunkSize))),
      parallelMax: () => parallelMax(config.get(settings.maxParallelQueries)),
      onRequest: metrics.request,
      onResult: metrics.result,
      onSwitch: (from, to) => log.warn(`switching external metrics source provider from ${from.url} to ${to.url}`),
      onOutage: (error) => log.error('Datadog gives no values for external metrics; each refresh asks again', { error }),
      onRecovery: () => log.info('Datadog gives values for external metrics again'),
    });
    lifecycle.append({
      name: 'datadog-connections',
      start: () => log.info(`initialized the Datadog Client for HPA with endpoint "${client.endpoints[0]?.url ?? ''}"`),
      stop: () => connections.close(),
    });
    return { client, status: statusOf(client) };
  },
});

/** Keys are read for each request, so that new ones count at once. */
function firstAccess(config: Config): Access {
  const key = (own: typeof settings.apiKey, common: typeof configSettings.apiKey): Secret => {
    const text = config.get(own).reveal().trim();
    return new Secret(text === '' ? config.get(common).reveal().trim() : text);
  };
  return {
    url: endpointOf(config, 'api', settings.endpoint),
    apiKey: key(settings.apiKey, configSettings.apiKey),
    appKey: key(settings.appKey, configSettings.appKey),
  };
}

/** 300 is the most that the Go agent sends at once, and what it takes any other number out of the range for. */
function parallelMax(wanted: number): number {
  return wanted > 0 && wanted <= 300 ? wanted : 300;
}
