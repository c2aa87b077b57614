import type { MetricPoint } from '../datadog-client/index.ts';

/**
 * A point, or another one that is newer. Replicas lead one after the other, two of them for a moment, and Datadog may tell each something
 * else: time never goes back. What is of the future was never measured, and would stay for ever.
 *
 * @param now seconds since the epoch
 */
export function newerOf(point: MetricPoint, other: MetricPoint, now: number): MetricPoint {
  return other.timestamp > point.timestamp && other.timestamp <= now ? other : point;
}
