import { Clock, component, many, optional } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { Config } from '../config/index.ts';
import { externalMetricsSettings as settings, MetricInventory, type InventoryReport } from './index.ts';

/** `GET /external-metrics`: every metric that this replica knows. It answers too when external metrics are off, and says so. */
export const inventoryRoute = component({
  name: 'external-metrics-inventory',
  provides: many(Route),
  requires: { config: Config, inventory: optional(MetricInventory), clock: Clock },
  create({ config, inventory, clock }): Route {
    const report = (): InventoryReport => ({
      now: clock.now() / 1000,
      problem: inventory === undefined ? problemIn(config) : '',
      metrics: inventory?.list() ?? [],
    });
    return {
      method: 'GET',
      path: '/external-metrics',
      access: 'session',
      handle: () => ({ headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(report()) }),
    };
  },
});

function problemIn(config: Config): string {
  return config.get(settings.enabled)
    ? 'external metrics failed to start: "cluster-agent startup" says why'
    : `external metrics are off: set ${settings.enabled.key} to true`;
}
