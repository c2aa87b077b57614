import { MetricError, type ExternalMetricsProvider, type ExternalMetricValue, type LabelSelector, type MetricRequest } from '../index.ts';
import { sortedBy } from '../sorted-by.ts';
import { sortedLabels, type Entry } from './entry.ts';
import type { State } from './store.ts';

interface Parts {
  /** Seconds for which a copy is served that could not be renewed. */
  readonly lifetime: number;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** Seconds of a clock that is never set. */
  readonly monotonic: () => number;
}

/** What is in the ConfigMap, as this replica has last seen it, in the form in which it is read. */
export class LocalCopy implements ExternalMetricsProvider {
  readonly #parts: Parts;
  readonly #observers: ((entries: readonly Entry[]) => void)[] = [];
  #state: State | undefined;
  #confirmed = 0;
  /** By metric in lower case, then by labels. Of several autoscalers that want the same there is one. */
  #metrics = new Map<string, Map<string, Entry>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Undefined until something has been read. */
  get state(): State | undefined {
    return this.#state;
  }

  /** Calls back with the entries after each change. */
  observe(observer: (entries: readonly Entry[]) => void): void {
    this.#observers.push(observer);
  }

  /** This is what is there now. */
  renew(state: State): void {
    this.#confirmed = this.#parts.monotonic();
    if (state === this.#state) return;
    this.#state = state;
    this.#metrics = indexed(state.entries);
    for (const observer of this.#observers) observer(state.entries);
  }

  read({ metric, selector }: MetricRequest): readonly ExternalMetricValue[] {
    const { lifetime, now, monotonic } = this.#parts;
    if (this.#state === undefined || monotonic() - this.#confirmed > lifetime) throw new MetricError(undefined, 'external metrics invalid');
    const metricName = metric.toLowerCase();
    const byLabels = this.#metrics.get(metricName) ?? new Map<string, Entry>();
    return chosen(byLabels, selector)
      .filter(({ isValid }) => isValid)
      .map(({ labels, value }) => ({
        metricName,
        metricLabels: Object.keys(labels).length === 0 ? undefined : labels,
        timestamp: Math.trunc(now()),
        value,
      }));
  }
}

/**
 * Readers add up what they get. So when a selector spells out the labels of one metric, that one is meant, and not those
 * that have further labels besides.
 */
function chosen(byLabels: ReadonlyMap<string, Entry>, selector: LabelSelector): readonly Entry[] {
  const { requirements } = selector;
  if (requirements.every(({ operator }) => operator === '=' || operator === '==')) {
    const spelled = Object.fromEntries(requirements.map(({ key, values: [value = ''] }) => [key, value]));
    const exact = byLabels.get(labelsKey(spelled));
    if (exact !== undefined) return [exact];
  }
  return [...byLabels.values()].filter(({ labels }) => selector.matches(labels));
}

function indexed(entries: readonly Entry[]): Map<string, Map<string, Entry>> {
  const metrics = new Map<string, Map<string, Entry>>();
  for (const entry of sortedByLabels(entries)) {
    const name = entry.metric.toLowerCase();
    const byLabels = metrics.get(name) ?? new Map<string, Entry>();
    const labels = labelsKey(entry.labels);
    const other = byLabels.get(labels);
    if (other === undefined || isBetter(entry, other)) byLabels.set(labels, entry);
    metrics.set(name, byLabels);
  }
  return metrics;
}

/** By labels, fewer before more: the same on every replica, whether it has read the entries or wrote them. */
function sortedByLabels(entries: readonly Entry[]): readonly Entry[] {
  const keyed = entries.map((entry) => [[...sortedLabels(entry.labels).flat(), '', entry.identity].join('\u0000'), entry] as const);
  return sortedBy(keyed, ([key]) => key).map(([, entry]) => entry);
}

function labelsKey(labels: Entry['labels']): string {
  return JSON.stringify(sortedLabels(labels));
}

function isBetter(entry: Entry, other: Entry): boolean {
  return entry.isValid === other.isValid ? entry.timestamp > other.timestamp : entry.isValid;
}
