import type { MetricPoint } from '../../datadog-client/index.ts';
import { plainText } from '../decimal.ts';
import { secondsIn } from '../duration.ts';
import { newerOf } from '../newer.ts';
import { annotations, conditionTypes, type Condition, type ConditionType, type MetricObject, type MetricStatus } from './object.ts';

/** What is known of a metric, whoever keeps it. Times are in seconds since the epoch. */
export interface DatadogMetric {
  /** `namespace/name`. */
  readonly id: string;
  /** As it was written; {@link resolved} is what Datadog is asked. */
  readonly query: string;
  /** Undefined while a template in it cannot be resolved, or a duration be read; then {@link error} says why. */
  readonly resolved: string | undefined;
  /** The metric of Datadog that the object was made for; empty when somebody wrote the object. */
  readonly externalMetricName: string;
  /** Seconds; 0: none of its own. */
  readonly maxAge: number;
  readonly timeWindow: number;
  readonly isAlwaysActive: boolean;
  /** Whether somebody reads it; only then it is queried. */
  readonly isActive: boolean;
  /** Whether anybody has looked for readers yet. */
  readonly knowsReaders: boolean;
  /** Whether the last query gave a value that is fresh. */
  readonly isValid: boolean;
  /** An object that nobody has read for long, and that was made by us: to be deleted. */
  readonly isDeleted: boolean;
  readonly value: number;
  /** When Datadog measured the value; 0: never. */
  readonly dataTime: number;
  readonly updateTime: number;
  /** `hpa:<namespace>/<name>` and `wpa:...`, sorted. */
  readonly references: readonly string[];
  readonly error: string | undefined;
  /** Failures in a row, and the time before which it is not queried again. */
  readonly retries: number;
  readonly retryAfter: number;
  readonly safeguards: Safeguards;
}

/** What readers get while there is no valid value. */
interface Safeguards {
  readonly fallbackValue: number | undefined;
  /** Seconds. */
  readonly lastKnownGood: number;
  readonly allowedNamespaces: readonly string[];
}

/** What Datadog is asked for a query; or why it cannot be asked. */
export type Resolve = (query: string) => { readonly query: string } | { readonly problem: string };

/** What an object says that nobody else knows better: its spec and its annotations. */
type Said = Pick<DatadogMetric, 'query' | 'resolved' | 'externalMetricName' | 'maxAge' | 'timeWindow' | 'isAlwaysActive' | 'safeguards'>;

export function idOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** Its last value; of time 0 where it never had one. */
export function pointOf({ value, dataTime }: DatadogMetric): MetricPoint {
  return { value, timestamp: dataTime };
}

export function withPoint(metric: DatadogMetric, { value, timestamp }: MetricPoint): DatadogMetric {
  return { ...metric, value, dataTime: timestamp };
}

/** @param now seconds since the epoch */
export function fromObject(object: MetricObject, resolve: Resolve, now: number): DatadogMetric {
  const { said, problem } = saidBy(object, resolve);
  const { status } = object;
  const of = (type: ConditionType): Partial<Condition> => conditionIn(status, type);
  const isActive = of('Active').status === 'True';
  const error = of('Error');
  const { value, timestamp: dataTime } = pointIn(status);
  return {
    id: idOf(object.metadata),
    ...said,
    value,
    dataTime,
    isActive,
    knowsReaders: of('Active').status !== undefined,
    isValid: of('Valid').status === 'True' && Number.isFinite(Number(status.currentValue)),
    isDeleted: false,
    updateTime: (isActive ? seconds(of('Active').lastUpdateTime) : undefined) ?? now,
    references: (status.autoscalerReferences ?? '').split(', ').filter((each) => each !== ''),
    error: problem ?? (error.status === 'True' ? error.message : undefined),
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

function conditionIn({ conditions }: MetricStatus, type: ConditionType): Partial<Condition> {
  return conditions.find((each) => each.type === type) ?? {};
}

/** Whether a status has a value of another time than the one before. */
export function isMeasuredAnew(status: MetricStatus, before: MetricStatus): boolean {
  return conditionIn(status, 'Updated').lastUpdateTime !== conditionIn(before, 'Updated').lastUpdateTime;
}

function saidBy(object: MetricObject, resolve: Resolve): { readonly said: Said; readonly problem: string | undefined } {
  const resolution = understood(object, resolve);
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

function understood({ query, maxAge, timeWindow }: MetricObject, resolve: Resolve): ReturnType<Resolve> {
  for (const [field, text] of Object.entries({ maxAge, timeWindow }))
    if (text !== '' && secondsIn(text) === undefined)
      return { problem: `Cannot read spec.${field}: "${text}" is no duration; write one as 15m or 900s` };
  return resolve(query);
}

function safeguardsIn({ annotations: { fallbackValue = '', lastKnownGood = '', allowedNamespaces = '' } }: MetricObject): Safeguards {
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

/** A metric that an autoscaler asks for and nobody has written an object for. */
export function madeFor(parts: Pick<DatadogMetric, 'id' | 'query' | 'externalMetricName' | 'references'>, now: number): DatadogMetric {
  return {
    ...parts,
    resolved: parts.query,
    maxAge: 0,
    timeWindow: 0,
    isAlwaysActive: false,
    isActive: true,
    knowsReaders: true,
    isValid: false,
    isDeleted: false,
    value: 0,
    dataTime: 0,
    updateTime: now,
    error: undefined,
    retries: 0,
    retryAfter: 0,
    safeguards: { fallbackValue: undefined, lastKnownGood: 0, allowedNamespaces: [] },
  };
}

/** Whether the value is too old to be served. @param grace seconds beyond its greatest age */
export function isStale(
  { maxAge, dataTime }: DatadogMetric,
  limits: { readonly maxAge: number; readonly grace: number; readonly now: number },
): boolean {
  return limits.now - dataTime > (maxAge || limits.maxAge) + limits.grace;
}

/** Read by somebody, and not asked for since: neither did that give a value, nor did it fail. */
export function isNew({ isActive, isValid, error, resolved }: DatadogMetric): boolean {
  return isActive && !isValid && error === undefined && resolved !== undefined;
}

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
    const lastUpdateTime = date(type === 'Updated' ? metric.dataTime : metric.updateTime);
    const before = previous.conditions.find((each) => each.type === type);
    const lastTransitionTime = before?.status === status && before.lastTransitionTime !== '' ? before.lastTransitionTime : lastUpdateTime;
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
  const { currentValue, autoscalerReferences = '', conditions } = status;
  if (currentValue !== known.currentValue || autoscalerReferences !== (known.autoscalerReferences ?? '')) return true;
  return conditionTypes.some((type) => {
    const [now, before] = [conditions, known.conditions].map((each) => each.find((condition) => condition.type === type));
    if (now?.status !== before?.status || (now?.message ?? '') !== (before?.message ?? '')) return true;
    return type === 'Updated' && now?.lastUpdateTime !== before?.lastUpdateTime;
  });
}

function date(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 19)}Z`;
}

function seconds(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : Math.trunc(ms / 1000);
}
