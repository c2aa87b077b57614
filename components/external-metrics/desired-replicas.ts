import { decimalOf } from './decimal.ts';
import type { MetricTarget, Replicas } from './index.ts';
import { decimalIn, thousandths } from './quantity.ts';

/** How far a metric may be from its target before an autoscaler acts. */
const tolerance = 0.1;

/**
 * What Kubernetes' horizontal autoscaler aims at by one external metric: its own calculation, on the assumption that every
 * replica is ready. How fast it gets there, and whether it waits before it scales down, is not looked at.
 *
 * @returns undefined where that cannot be told: replicas are not counted yet, or the target is no positive quantity
 */
export function desiredReplicas(value: number, target: MetricTarget, { current, min, max }: Replicas): number | undefined {
  const goal = thousandths(decimalIn(target.quantity) ?? decimalOf(0));
  if (current === undefined || goal <= 0) return undefined;
  // What somebody has scaled to zero is left alone, and what is out of bounds is brought back without a look at the metric.
  if (current === 0 && min > 0) return 0;
  const bounded = (count: number): number => Math.min(max, Math.max(min, count));
  if (bounded(current) !== current) return bounded(current);
  const ratio = thousandths(decimalOf(value)) / goal;
  const isAverage = target.type === 'AverageValue';
  // What is zero and may be so is woken by any value.
  if (current === 0) return bounded(Math.ceil(ratio));
  return isOnTarget(isAverage ? ratio / current : ratio) ? current : bounded(Math.ceil(isAverage ? ratio : ratio * current));
}

function isOnTarget(ratio: number): boolean {
  return ratio >= 1 - tolerance && ratio <= 1 + tolerance;
}
