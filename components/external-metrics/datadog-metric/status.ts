import type { StatusProvider } from '../../status/index.ts';
import type { MetricStore } from './store.ts';

const pointer = "To get the status of DatadogMetrics, run 'kubectl get datadogmetric --all-namespaces' or 'cluster-agent external-metrics'";

/** The section "Custom Metrics Server": how many there are; each is for kubectl to show. */
export function statusOf(store: MetricStore): StatusProvider {
  const count = (): { readonly Total: number; readonly Active: number; readonly Valid: number } => {
    const all = [...store.all()];
    return { Total: all.length, Active: all.filter(({ isActive }) => isActive).length, Valid: all.filter(({ isValid }) => isValid).length };
  };
  return {
    name: 'Custom Metrics Server',
    section: 'Custom Metrics Server',
    json: () => ({ custommetrics: { NoStatus: pointer, DatadogMetrics: count() } }),
    text: () => {
      const { Total, Active, Valid } = count();
      return `  DatadogMetrics: ${Total}\n  Active: ${Active}\n  Valid: ${Valid}\n  ${pointer}\n`;
    },
  };
}
