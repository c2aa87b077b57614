import type { Autoscaler, AutoscalerKind, WantedMetric } from '../autoscalers.ts';
import { entryOf, referenceOf, type Entry } from './entry.ts';

/** What Datadog accepts as the name of a metric. */
const metricName = /^[a-zA-Z][a-zA-Z0-9_.]{0,199}$/;

/** What autoscalers want, at one moment. */
export interface Wanted {
  /** By reference: an entry without a value for each of their metrics. An autoscaler without external metrics is there too. */
  readonly byReference: ReadonlyMap<string, readonly Entry[]>;
  /** Whether all autoscalers of a kind are known, or none are followed: what is not there is gone then. */
  isComplete(kind: AutoscalerKind): boolean;
}

/** The entries of an autoscaler, without values, and the metrics that cannot have one. */
export function entriesFor(autoscaler: Autoscaler): { readonly entries: readonly Entry[]; readonly refused: readonly WantedMetric[] } {
  const { kind, metadata, metrics } = autoscaler;
  const { namespace, name, uid = '' } = metadata;
  const sound = metrics.filter(({ metric }) => metricName.test(metric));
  const entries = sound.map(({ metric, labels }) =>
    entryOf({ kind, namespace, name, uid, metric, labels, value: 0, timestamp: 0, isValid: false }),
  );
  return { entries, refused: metrics.filter(({ metric }) => !metricName.test(metric)) };
}

/**
 * The entries that are to be kept: exactly those that known autoscalers want, with the values that they have. Those of
 * autoscalers that are not known stay, until a sweep removes them.
 */
export function reconciled(entries: readonly Entry[], wanted: Wanted, isSweep: boolean): readonly Entry[] {
  const known = new Map(entries.map((entry) => [entry.identity, entry]));
  const kept = entries.filter((entry) => !wanted.byReference.has(referenceOf(entry)) && !(isSweep && wanted.isComplete(entry.kind)));
  const result = new Map(kept.map((entry) => [entry.identity, entry]));
  for (const placeholder of [...wanted.byReference.values()].flat()) {
    const { value, timestamp, isValid } = known.get(placeholder.identity) ?? placeholder;
    result.set(placeholder.identity, { ...placeholder, value, timestamp, isValid });
  }
  return [...result.values()];
}
