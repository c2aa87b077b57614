import type { DatadogMetric } from './metric.ts';

/** Who changes metrics. */
export type Sender = 'controller' | 'watcher' | 'retriever';

/** @param metric undefined: it is gone */
type Observer = (id: string, metric: DatadogMetric | undefined, sender: Sender) => void;

/** All metrics of this replica by id. */
export class MetricStore {
  readonly #metrics = new Map<string, DatadogMetric>();
  readonly #observers: Observer[] = [];

  /** Calls back after each change, in order. */
  observe(observer: Observer): void {
    this.#observers.push(observer);
  }

  get(id: string): DatadogMetric | undefined {
    return this.#metrics.get(id);
  }

  all(): Iterable<DatadogMetric> {
    return this.#metrics.values();
  }

  set(metric: DatadogMetric, sender: Sender): void {
    this.#metrics.set(metric.id, metric);
    for (const observer of this.#observers) observer(metric.id, metric, sender);
  }

  delete(id: string, sender: Sender): void {
    if (!this.#metrics.delete(id)) return;
    for (const observer of this.#observers) observer(id, undefined, sender);
  }
}
