import { Clock, component, many, optional } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { Config } from '../config/index.ts';
import { inSlices } from './in-slices.ts';
import { externalMetricsSettings as settings, MetricInventory } from './index.ts';

/** `GET /external-metrics`: every metric that this replica knows. It answers too when external metrics are off, and says so. */
export const inventoryRoute = component({
  name: 'external-metrics-inventory',
  provides: many(Route),
  requires: { config: Config, inventory: optional(MetricInventory), clock: Clock },
  create({ config, inventory, clock }): Route {
    /** An `InventoryReport`, written metric by metric: thousands at once would hold up everybody else. */
    const report = async (): Promise<string> => {
      const metrics: string[] = [];
      await inSlices((await inventory?.list()) ?? [], (metric) => void metrics.push(JSON.stringify(metric)));
      const problem = inventory === undefined ? problemIn(config) : '';
      return `{"now":${clock.now() / 1000},"problem":${JSON.stringify(problem)},"metrics":[${metrics.join(',')}]}`;
    };
    return {
      method: 'GET',
      path: '/external-metrics',
      access: 'session',
      handle: async () => ({ headers: { 'Content-Type': 'application/json' }, body: await report() }),
    };
  },
});

function problemIn(config: Config): string {
  return config.get(settings.enabled)
    ? 'external metrics failed to start: "cluster-agent startup" says why'
    : `external metrics are off: set ${settings.enabled.key} to true`;
}
