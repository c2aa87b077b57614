import { Clock, decorate, Lifecycle } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { delegatesIn } from './delegation/delegates.ts';
import { DelegatedServer } from './delegation/delegated-server.ts';
import { ExternalMetricsProvider, externalMetricsSettings as settings, type ExternalMetricsProvider as Provider } from './index.ts';

/**
 * Serves the metrics of other servers too: a cluster has one APIService for external metrics, and so one server that all
 * autoscalers ask. Names that begin with a prefix of `external_metrics_provider.delegates` are read from the server that it
 * stands for; every other one is ours.
 */
export const delegatingProvider = decorate({
  provides: ExternalMetricsProvider,
  requires: { provider: ExternalMetricsProvider, config: Config, log: Log, clock: Clock, lifecycle: Lifecycle },
  create({ provider, config, log, clock, lifecycle }): Provider {
    const { delegates, problem } = delegatesIn(config.get(settings.delegates));
    if (delegates.length === 0 && problem === '') return provider;
    const servers = delegates.map((delegate) => new DelegatedServer(delegate, clock));
    lifecycle.append({
      name: 'delegate-external-metrics',
      start: () => {
        if (problem !== '') log.error(problem);
        for (const { prefix, name } of delegates) log.info(`external metrics ${prefix}* are read from ${name}`);
      },
      stop: () => {
        for (const server of servers) server.close();
      },
    });
    return {
      read: (request) => {
        const server = servers.find(({ prefix }) => request.metric.startsWith(prefix));
        return server === undefined ? provider.read(request) : server.read(request);
      },
    };
  },
});
