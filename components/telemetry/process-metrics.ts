import { readdir, readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type promClient from 'prom-client';
import type { Registry } from 'prom-client';

/** How often the event loop is looked at, in milliseconds. */
const resolution = 20;

/** How late the event loop comes round. Measured only while it is open; each reading begins a new measurement. */
export class LoopLag {
  #histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;

  open(): void {
    this.#histogram = monitorEventLoopDelay({ resolution });
    this.#histogram.enable();
  }

  close(): void {
    this.#histogram?.disable();
    this.#histogram = undefined;
  }

  /** Seconds since the last reading. */
  read(): { readonly mean: number; readonly p99: number; readonly max: number } {
    const histogram = this.#histogram;
    if (histogram === undefined || histogram.count === 0) return { mean: 0, p99: 0, max: 0 };
    const lag = { mean: lateness(histogram.mean), p99: lateness(histogram.percentile(99)), max: lateness(histogram.max) };
    histogram.reset();
    return lag;
  }
}

/** Node measures from one look to the next, the time between them included. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - resolution / 1000);
}

/** Name, help and how to read it, in the names that Prometheus' clients share. All are read when somebody asks for them. */
const readings: readonly (readonly [name: string, help: string, read: (from: Snapshot) => number | undefined])[] = [
  ['process_cpu_seconds_total', 'Processor time spent, in seconds', ({ cpu }) => (cpu.user + cpu.system) / 1e6],
  ['process_start_time_seconds', 'When the process started, in seconds since the epoch', () => performance.timeOrigin / 1000],
  ['process_resident_memory_bytes', 'Resident memory', ({ memory }) => memory.rss],
  ['process_virtual_memory_bytes', 'Virtual memory', ({ virtual }) => virtual],
  ['process_open_fds', 'Open file descriptors', ({ descriptors }) => descriptors],
  ['nodejs_heap_size_total_bytes', 'Size of the JavaScript heap', ({ memory }) => memory.heapTotal],
  ['nodejs_heap_size_used_bytes', 'Used part of the JavaScript heap', ({ memory }) => memory.heapUsed],
  ['nodejs_external_memory_bytes', 'Memory of native objects', ({ memory }) => memory.external],
  ['nodejs_eventloop_lag_mean_seconds', 'How late the event loop was since the last reading, on average', ({ lag }) => lag.mean],
  ['nodejs_eventloop_lag_p99_seconds', 'The same, 99th percentile', ({ lag }) => lag.p99],
  ['nodejs_eventloop_lag_max_seconds', 'The same, at most', ({ lag }) => lag.max],
];

interface Snapshot {
  readonly cpu: NodeJS.CpuUsage;
  readonly memory: NodeJS.MemoryUsage;
  readonly lag: ReturnType<LoopLag['read']>;
  readonly descriptors: number | undefined;
  readonly virtual: number | undefined;
}

/**
 * Adds what is known of the process; nothing is measured in between but the event loop's lag.
 *
 * @returns what brings them up to date, with one look at the process for all
 */
export function processMetrics({ Counter, Gauge }: typeof promClient, registry: Registry, lag: LoopLag): () => Promise<void> {
  const metrics = readings.map(([name, help, read]) => {
    const metric = new (name.endsWith('_total') ? Counter : Gauge)({ name, help, registers: [registry] });
    return { read, metric };
  });
  return async () => {
    const snapshot = await snapshotOf(lag);
    for (const { read, metric } of metrics) {
      const value = read(snapshot);
      if (value === undefined) continue;
      metric.reset();
      metric.inc(value);
    }
  };
}

/** What `/proc` tells is left out where there is none. */
async function snapshotOf(lag: LoopLag): Promise<Snapshot> {
  const [names, status] = await Promise.all([
    readdir('/proc/self/fd').catch(() => undefined),
    readFile('/proc/self/status', 'utf8').catch(() => ''),
  ]);
  const [, kilobytes] = /^VmSize:\s+(\d+) kB/m.exec(status) ?? [];
  return {
    cpu: process.cpuUsage(),
    memory: process.memoryUsage(),
    lag: lag.read(),
    descriptors: names?.length,
    virtual: kilobytes === undefined ? undefined : Number(kilobytes) * 1024,
  };
}
