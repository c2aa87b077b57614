import type promClient from 'prom-client';
import type { Metric, Registry } from 'prom-client';
import { component } from '../../src/fx/index.ts';
import { Telemetry, type Counter, type Gauge, type Histogram, type MetricOptions } from './index.ts';
import { LoopLag, processMetrics } from './process-metrics.ts';

/** Label sets of one metric; beyond them new ones are dropped and counted, so that no client can fill the memory with them. */
export const seriesMax = 10_000;

/** Metrics in a registry of their own, with those of the process. */
export const prometheusTelemetry = component({
  provides: Telemetry,
  async create() {
    const { default: prometheus } = await import('prom-client');
    return new PrometheusTelemetry(prometheus);
  },
  start: (telemetry) => telemetry.open(),
  stop: (telemetry) => telemetry.close(),
});

type Kind = 'Counter' | 'Gauge' | 'Histogram';
type AnyLabels = Readonly<Record<string, string>>;

interface Common {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: Registry[];
}

/** A metric, and which label sets it has. */
interface Family<M extends Metric = Metric> {
  readonly name: string;
  readonly kind: Kind;
  readonly labels: readonly string[];
  readonly metric: M;
  readonly series: Set<string>;
}

class PrometheusTelemetry implements Telemetry {
  readonly #prometheus: typeof promClient;
  readonly #registry: Registry;
  readonly #families = new Map<string, Family>();
  readonly #dropped: Counter<'metric'>;
  readonly #lag = new LoopLag();
  readonly #readProcess: () => Promise<void>;

  constructor(prometheus: typeof promClient) {
    this.#prometheus = prometheus;
    this.#registry = new prometheus.Registry();
    this.#readProcess = processMetrics(prometheus, this.#registry, this.#lag);
    this.#dropped = this.counter({
      subsystem: 'telemetry',
      name: 'series_dropped',
      labels: ['metric'],
      help: `Values that were dropped because their metric has ${seriesMax} label sets already`,
    });
  }

  open(): void {
    this.#lag.open();
  }

  close(): void {
    this.#lag.close();
  }

  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
    const family = this.#family('Counter', options, (common) => new this.#prometheus.Counter<string>(common));
    return {
      add: (labels, value = 1) => void (this.#admits(family, labels) && family.metric.inc(labels, value)),
      remove: (labels) => remove(family, labels),
    };
  }

  gauge<Label extends string = never>(options: MetricOptions<Label>): Gauge<Label> {
    const family = this.#family('Gauge', options, (common) => new this.#prometheus.Gauge<string>(common));
    return {
      set: (labels, value) => void (this.#admits(family, labels) && family.metric.set(labels, value)),
      add: (labels, value) => void (this.#admits(family, labels) && family.metric.inc(labels, value)),
      remove: (labels) => remove(family, labels),
    };
  }

  histogram<Label extends string = never>(options: MetricOptions<Label> & { readonly buckets?: readonly number[] }): Histogram<Label> {
    const buckets = options.buckets === undefined ? {} : { buckets: [...options.buckets] };
    const family = this.#family('Histogram', options, (common) => new this.#prometheus.Histogram<string>({ ...common, ...buckets }));
    return { observe: (labels, value) => void (this.#admits(family, labels) && family.metric.observe(labels, value)) };
  }

  async text(): Promise<string> {
    await this.#readProcess();
    return this.#registry.metrics();
  }

  /** The metric of that name: several components, or several of one kind, may count into the same one. */
  #family<M extends Metric>(kind: Kind, options: MetricOptions<string>, create: (common: Common) => M): Family<M> {
    const { subsystem, labels = [], help } = options;
    const name = subsystem === '' ? options.name : `${subsystem}_${options.name}`;
    const known = this.#families.get(name);
    if (known === undefined) {
      const metric = create({ name, help, labelNames: labels, registers: [this.#registry] });
      const family = { name, kind, labels, metric, series: new Set<string>() };
      this.#families.set(name, family);
      return family;
    }
    const [is, wanted] = [describe(known.kind, known.labels), describe(kind, labels)];
    if (is !== wanted) throw new Error(`metric ${name} is ${is} already and cannot be ${wanted} too: give one of them another name`);
    return known as Family<M>;
  }

  #admits({ name, labels, series }: Family, values: AnyLabels): boolean {
    if (labels.length === 0) return true;
    const key = keyOf(labels, values);
    if (series.has(key)) return true;
    if (series.size < seriesMax) return series.add(key).has(key);
    this.#dropped.add({ metric: name });
    return false;
  }
}

function remove({ labels, metric, series }: Family, values: AnyLabels): void {
  series.delete(keyOf(labels, values));
  metric.remove(values);
}

function keyOf(labels: readonly string[], values: AnyLabels): string {
  let key = '';
  for (const label of labels) key += `${values[label]}\u0000`;
  return key;
}

function describe(kind: Kind, labels: readonly string[]): string {
  return `a ${kind.toLowerCase()} with labels [${labels.join(', ')}]`;
}
