import { utcTime } from '../../go-time/index.ts';
import { plainText } from '../decimal.ts';
import type { DatadogMetric } from './metric.ts';
import { conditionIn, conditionTypes, type Condition, type ConditionType, type MetricStatus } from './object.ts';

/** The status that an object should have, keeping the transition times of the one that it has. */
export function statusOf(metric: DatadogMetric, previous: MetricStatus): MetricStatus {
  const holds: Readonly<Record<ConditionType, boolean>> = {
    Active: metric.isActive,
    Valid: metric.isValid,
    Updated: true,
    Error: metric.error !== undefined,
  };
  const conditions = conditionTypes.map((type): Condition => {
    const status = holds[type] ? 'True' : 'False';
    const lastUpdateTime = utcTime((type === 'Updated' ? metric.dataTime : metric.updateTime) * 1000);
    const before = conditionIn(previous, type);
    const lastTransitionTime = (before.status === status && before.lastTransitionTime) || lastUpdateTime;
    const words = type === 'Error' && metric.error !== undefined ? { reason: errorReason, message: metric.error } : {};
    return { type, status, lastTransitionTime, lastUpdateTime, ...words };
  });
  // An empty text is left out, as the Go agent does: some API servers take it for null.
  const references = metric.references.length === 0 ? {} : { autoscalerReferences: metric.references.join(', ') };
  return { currentValue: plainText(metric.value), ...references, conditions };
}

const errorReason = 'Unable to fetch data from Datadog';

/**
 * Whether a status says something that the other does not. When an unchanged metric was last looked at is no such thing:
 * writing that down for each metric at each refresh would cost more than everything else together.
 */
export function isNews(status: MetricStatus, known: MetricStatus): boolean {
  const { currentValue, autoscalerReferences = '' } = status;
  if (currentValue !== known.currentValue || autoscalerReferences !== (known.autoscalerReferences ?? '')) return true;
  return conditionTypes.some((type) => {
    const now = conditionIn(status, type);
    const before = conditionIn(known, type);
    if (now.status !== before.status || (now.message ?? '') !== (before.message ?? '')) return true;
    return type === 'Updated' && now.lastUpdateTime !== before.lastUpdateTime;
  });
}
