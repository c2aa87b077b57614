import type promClient from 'prom-client';
import type { Metric, Registry } from 'prom-client';
import { component } from '../../src/fx/index.ts';
import { Telemetry, type Counter, type Gauge, type Histogram, type MetricOptions } from './index.ts';
import { LoopLag, processMetrics } from './process-metrics.ts';
import { SeriesTable, type AnyLabels, type Series } from './series.ts';

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
  readonly series: SeriesTable;
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
    const family = this.#family('Counter', options, (common, series) => {
      return new this.#prometheus.Counter<string>({
        ...common,
        collect() {
          for (const each of series.all()) this.inc(each.labels, each.takeCount());
        },
      });
    });
    return {
      add: (labels, value = 1) => {
        if (!(value >= 0 && value < Infinity)) throw new RangeError(`counter ${family.name} counts up, and not by ${value}`);
        this.#seriesOf(family, labels)?.count(value);
      },
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
  #family<M extends Metric>(kind: Kind, options: MetricOptions<string>, create: (common: Common, series: SeriesTable) => M): Family<M> {
    const { subsystem, labels = [], help } = options;
    const name = subsystem === '' ? options.name : `${subsystem}_${options.name}`;
    const known = this.#families.get(name);
    if (known === undefined) {
      const series = new SeriesTable(labels);
      const metric = create({ name, help, labelNames: labels, registers: [this.#registry] }, series);
      const family = { name, kind, labels, metric, series };
      this.#families.set(name, family);
      return family;
    }
    const [is, wanted] = [describe(known.kind, known.labels), describe(kind, labels)];
    if (is !== wanted) throw new Error(`metric ${name} is ${is} already and cannot be ${wanted} too: give one of them another name`);
    return known as Family<M>;
  }

  #admits(family: Family, labels: AnyLabels): boolean {
    return this.#seriesOf(family, labels) !== undefined;
  }

  /** Nothing where there are too many. */
  #seriesOf({ name, series }: Family, labels: AnyLabels): Series | undefined {
    const known = series.find(labels);
    if (known !== undefined || series.size < seriesMax) return known ?? series.add(labels);
    this.#dropped.add({ metric: name });
    return undefined;
  }
}

function remove({ metric, series }: Family, labels: AnyLabels): void {
  series.delete(labels);
  metric.remove(labels);
}

function describe(kind: Kind, labels: readonly string[]): string {
  return `a ${kind.toLowerCase()} with labels [${labels.join(', ')}]`;
}
