import { token } from '../../src/fx/index.ts';

export { telemetrySettings } from './settings.ts';

export interface MetricOptions<Label extends string> {
  /** The exposed name is `<subsystem>_<name>`, or just the name where this is empty. */
  readonly subsystem: string;
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}
type Labels<Label extends string> = Readonly<Record<Label, string>>;

export interface Counter<Label extends string = never> {
  /** @param value what to add, at least 0; default 1 */
  add(labels: Labels<Label>, value?: number): void;
  remove(labels: Labels<Label>): void;
}
export interface Gauge<Label extends string = never> {
  set(labels: Labels<Label>, value: number): void;
  add(labels: Labels<Label>, value: number): void;
  remove(labels: Labels<Label>): void;
}
export interface Histogram<Label extends string = never> {
  observe(labels: Labels<Label>, value: number): void;
}

/** The agent's own metrics, served on `/metrics` in Prometheus text format. */
export interface Telemetry {
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: MetricOptions<Label>): Gauge<Label>;
  /** @param options.buckets upper bounds; default Prometheus' own, 0.005 to 10 */
  histogram<Label extends string = never>(options: MetricOptions<Label> & { readonly buckets?: readonly number[] }): Histogram<Label>;
  /** Everything, as `/metrics` serves it. */
  text(): Promise<string>;
}
export const Telemetry = token<Telemetry>()('telemetry');

/** What the metrics port serves besides `/metrics`, only to callers on the same machine: it may cost time or show memory. */
export interface DebugEndpoint {
  /** `/debug/pprof/heap` */
  readonly path: string;
  answer(query: URLSearchParams, signal: AbortSignal): DebugAnswer | Promise<DebugAnswer>;
}
/** A group: contribute with `provides: many(DebugEndpoint)`. */
export const DebugEndpoint = token<DebugEndpoint>()('debug-endpoint');

export interface DebugAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}
