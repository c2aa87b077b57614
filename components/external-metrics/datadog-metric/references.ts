import type { LabelSelector } from '../index.ts';
import type { Autoscaler, WantedMetric } from '../autoscalers.ts';
import { inSlices } from '../in-slices.ts';
import { autogenName, autogenQuery, MetricNameError, referenceIn } from '../metric-name.ts';
import { idOf, madeFor, type DatadogMetric } from './metric.ts';
import type { MetricStore } from './store.ts';

/** How metrics that autoscalers name by themselves, without a DatadogMetric, become one. */
export interface AutogenOptions {
  readonly isEnabled: boolean;
  /** Which autoscalers may have metrics made for them. */
  readonly selector: LabelSelector;
  readonly aggregator: string;
  readonly rollup: number;
  /** Where the objects are made. */
  readonly namespace: string;
}

/** Seconds after which a made object that nobody reads is deleted. */
const expiry = 3 * 3600;

interface Reader {
  readonly references: Set<string>;
  /** Given where the metric is one of Datadog itself. */
  readonly made: Pick<DatadogMetric, 'query' | 'externalMetricName'> | undefined;
}

/** Which metrics are read, by id, and by whom. */
export async function readersOf(autoscalers: Iterable<Autoscaler>, autogen: AutogenOptions): Promise<ReadonlyMap<string, Reader>> {
  const readers = new Map<string, Reader>();
  await inSlices(autoscalers, (autoscaler) => {
    for (const wanted of autoscaler.metrics) {
      const found = wantedBy(autoscaler, wanted, autogen);
      if (found === undefined) continue;
      const reader = readers.get(found.id) ?? { references: new Set(), made: found.made };
      reader.references.add(autoscaler.reference);
      readers.set(found.id, reader);
    }
  });
  return readers;
}

/** A metric that is read; `made` where it is one of Datadog itself. */
interface Identity {
  readonly id: string;
  readonly made?: Reader['made'];
}

/** The metric that an autoscaler wants; `undefined` where it is none that is served, or that may be made for it. */
export function wantedBy({ labels }: Autoscaler, wanted: WantedMetric, autogen: AutogenOptions): Identity | undefined {
  const found = identify(wanted, autogen);
  return found?.made === undefined || autogen.selector.matches(labels) ? found : undefined;
}

/** The metric that a name and labels stand for; `undefined` where they stand for none that is served. */
export function identify({ metric, labels }: Pick<WantedMetric, 'metric' | 'labels'>, autogen: AutogenOptions): Identity | undefined {
  try {
    const reference = referenceIn(metric);
    if (reference !== undefined) return { id: idOf(reference) };
  } catch (error) {
    if (error instanceof MetricNameError) return undefined;
    throw error;
  }
  if (!autogen.isEnabled) return undefined;
  const query = autogenQuery({ metric, labels, aggregator: autogen.aggregator, rollup: autogen.rollup });
  return { id: idOf({ namespace: autogen.namespace, name: autogenName(query) }), made: { query, externalMetricName: metric } };
}

/**
 * Brings the store in line with what autoscalers read: which metrics are active, which are to be made, and which of those
 * that were made have been unread for so long that they are to be deleted.
 *
 * @param now seconds since the epoch
 */
export async function updateReferences(store: MetricStore, readers: ReadonlyMap<string, Reader>, now: number): Promise<void> {
  await inSlices(store.all(), (metric) => {
    const updated = withReferences(metric, sorted(readers.get(metric.id)), now);
    if (updated !== metric) store.set(updated, 'watcher');
  });
  await inSlices(readers, ([id, reader]) => {
    if (reader.made === undefined || store.get(id) !== undefined) return;
    store.set(madeFor({ id, ...reader.made, references: sorted(reader) }, now), 'watcher');
  });
}

function sorted(reader: Reader | undefined): readonly string[] {
  return [...(reader?.references ?? [])].toSorted();
}

/** The metric itself where nothing has changed. */
function withReferences(metric: DatadogMetric, references: readonly string[], now: number): DatadogMetric {
  const isActive = references.length > 0 || metric.isAlwaysActive;
  if (!metric.knowsReaders || isActive !== metric.isActive || references.join() !== metric.references.join())
    return { ...metric, knowsReaders: true, isActive, references, isValid: metric.isValid && isActive, isDeleted: false, updateTime: now };
  const isForgotten = metric.externalMetricName !== '' && !isActive && now - metric.updateTime > expiry;
  return isForgotten && !metric.isDeleted ? { ...metric, isDeleted: true } : metric;
}
