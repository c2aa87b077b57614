import { component, Lifecycle } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Healthprobe } from '../healthprobe/index.ts';
import { Log } from '../log/index.ts';

/**
 * Says in the log what people wait for: that everything runs, and that it ends. Until it does, the agent is not ready.
 *
 * Listed last, because ready hooks run in the order of the list and stop hooks in reverse.
 */
export const announcement = component({
  name: 'announcement',
  requires: { config: Config, healthprobe: Healthprobe, log: Log, lifecycle: Lifecycle },
  create({ config, healthprobe, log, lifecycle }) {
    const starting = healthprobe.register('readiness', 'cluster-agent-start');
    lifecycle.append({
      name: 'announce',
      start: () => config.warnings.forEach((warning) => log.warn(warning)),
      ready: () => {
        starting.deregister();
        log.info('All components started. Cluster Agent now running.');
      },
      drain: () => {
        const { unhealthy } = healthprobe.status('readiness');
        if (unhealthy.length > 0) log.warn(`Some components were unhealthy: [${unhealthy.join(' ')}]`);
      },
      stop: () => log.info('See ya!'),
    });
  },
});
