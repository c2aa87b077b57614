import type { MetricPoint } from '../../datadog-client/index.ts';
import { secondsIn } from '../duration.ts';
import { newerOf } from '../newer.ts';
import { idOf, pointOf, withPoint, type DatadogMetric } from './metric.ts';
import { annotations, conditionIn, type MetricObject, type MetricStatus } from './object.ts';

/** What Datadog is asked for a query; or why it cannot be asked. */
export type Resolve = (query: string) => { readonly query: string } | { readonly problem: string };

/** What an object says that nobody else knows better: its spec and its annotations. */
type Said = Pick<DatadogMetric, 'query' | 'resolved' | 'externalMetricName' | 'maxAge' | 'timeWindow' | 'isAlwaysActive' | 'safeguards'>;

/**
 * A metric as its object tells of it: what people want, and what the leader has found out.
 *
 * @param now seconds since the epoch
 */
export function fromObject(object: MetricObject, resolve: Resolve, now: number): DatadogMetric {
  const { said, problem } = saidBy(object, resolve);
  const { status } = object;
  const [active, valid, failed] = [conditionIn(status, 'Active'), conditionIn(status, 'Valid'), conditionIn(status, 'Error')];
  const isActive = active.status === 'True';
  const { value, timestamp: dataTime } = pointIn(status);
  return {
    id: idOf(object.metadata),
    ...said,
    value,
    dataTime,
    isActive,
    knowsReaders: active.status !== undefined,
    isValid: valid.status === 'True' && Number.isFinite(Number(status.currentValue)),
    isDeleted: false,
    updateTime: (isActive ? seconds(active.lastUpdateTime) : undefined) ?? now,
    references: (status.autoscalerReferences ?? '').split(', ').filter((each) => each !== ''),
    error: problem ?? (failed.status === 'True' ? failed.message : undefined),
    retries: 0,
    retryAfter: 0,
  };
}

/**
 * The same metric after its object was changed: it does not wait for its failures any more. Another query begins anew, because
 * the value of the old one is none of its own: it may be of another unit, or younger than the new one can have.
 */
export function withObject(metric: DatadogMetric, object: MetricObject, resolve: Resolve): DatadogMetric {
  const { said, problem } = saidBy(object, resolve);
  const isOtherQuery = said.resolved !== metric.resolved;
  const isOther = isOtherQuery || said.maxAge !== metric.maxAge || said.timeWindow !== metric.timeWindow;
  return {
    ...metric,
    ...said,
    ...(isOther ? { retries: 0, retryAfter: 0 } : {}),
    ...(isOtherQuery ? { value: 0, dataTime: 0, isValid: false, error: undefined } : {}),
    ...(problem === undefined ? {} : { error: problem, isValid: false }),
  };
}

/**
 * The same metric with the value of a status that somebody else has written, if that is newer.
 *
 * @param now seconds since the epoch
 */
export function withNewer(metric: DatadogMetric, status: MetricStatus, now: number): DatadogMetric {
  return withPoint(metric, newerOf(pointOf(metric), pointIn(status), now));
}

function pointIn(status: MetricStatus): MetricPoint {
  const value = Number(status.currentValue);
  return { value: Number.isFinite(value) ? value : 0, timestamp: seconds(conditionIn(status, 'Updated').lastUpdateTime) ?? 0 };
}

/** Whether a status has a value of another time than the one before. */
export function isMeasuredAnew(status: MetricStatus, before: MetricStatus): boolean {
  return conditionIn(status, 'Updated').lastUpdateTime !== conditionIn(before, 'Updated').lastUpdateTime;
}

function saidBy(object: MetricObject, resolve: Resolve): { readonly said: Said; readonly problem: string | undefined } {
  const resolution = resolutionOf(object, resolve);
  const said = {
    query: object.query,
    resolved: 'query' in resolution ? resolution.query : undefined,
    externalMetricName: object.externalMetricName,
    maxAge: secondsIn(object.maxAge) ?? 0,
    timeWindow: secondsIn(object.timeWindow) ?? 0,
    isAlwaysActive: /^(?:1|t|T|TRUE|true|True)$/.test(object.annotations.alwaysActive ?? ''),
    safeguards: safeguardsIn(object),
  };
  return { said, problem: 'problem' in resolution ? resolution.problem : undefined };
}

function resolutionOf({ query, maxAge, timeWindow }: MetricObject, resolve: Resolve): ReturnType<Resolve> {
  for (const [field, text] of Object.entries({ maxAge, timeWindow }))
    if (text !== '' && secondsIn(text) === undefined)
      return { problem: `Cannot read spec.${field}: "${text}" is no duration; write one as 15m or 900s` };
  return resolve(query);
}

function safeguardsIn({
  annotations: { fallbackValue = '', lastKnownGood = '', allowedNamespaces = '' },
}: MetricObject): DatadogMetric['safeguards'] {
  const fallback = Number(fallbackValue.trim() || Number.NaN);
  return {
    fallbackValue: Number.isFinite(fallback) ? fallback : undefined,
    lastKnownGood: secondsIn(lastKnownGood) ?? 0,
    allowedNamespaces: allowedNamespaces.split(/[\s,]+/).filter((each) => each !== ''),
  };
}

/** Annotations that do not count because they are not what they should be. */
export function misreadIn(
  object: MetricObject,
): readonly { readonly annotation: string; readonly given: string; readonly wanted: string }[] {
  const { fallbackValue, lastKnownGood } = object.annotations;
  const misread = [];
  if (fallbackValue !== undefined && safeguardsIn(object).fallbackValue === undefined)
    misread.push({ annotation: annotations.fallbackValue, given: fallbackValue, wanted: 'a number' });
  if (lastKnownGood !== undefined && secondsIn(lastKnownGood) === undefined)
    misread.push({ annotation: annotations.lastKnownGood, given: lastKnownGood, wanted: 'a duration such as 15m' });
  return misread;
}

function seconds(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : Math.trunc(ms / 1000);
}
