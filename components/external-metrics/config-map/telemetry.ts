import type { Telemetry } from '../../telemetry/index.ts';
import type { Entry } from './entry.ts';

/** How many entries have a valid value, and how many have none. */
export function entryGauge(telemetry: Telemetry): (entries: readonly Entry[]) => void {
  const gauge = telemetry.gauge({
    subsystem: '',
    name: 'external_metrics',
    help: 'External metrics, by whether they have a valid value',
    labels: ['valid', 'join_leader'],
  });
  return (entries) => {
    const valid = entries.filter(({ isValid }) => isValid).length;
    gauge.set({ valid: 'true', join_leader: 'true' }, valid);
    gauge.set({ valid: 'false', join_leader: 'true' }, entries.length - valid);
  };
}
