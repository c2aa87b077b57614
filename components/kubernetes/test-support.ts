import type { Telemetry } from '../telemetry/index.ts';

/** Metrics as values: the current one of counters and gauges, all of a histogram's, by `name{label=value}`. */
export function recordingTelemetry(): Telemetry & { readonly values: Record<string, number | number[]> } {
  const values: Record<string, number | number[]> = {};
  const sum = (key: string, value: number): void => void (values[key] = Number(values[key] ?? 0) + value);
  return {
    values,
    counter: (options) => ({
      add: (labels, value = 1) => sum(keyOf(options, labels), value),
      remove: (labels) => delete values[keyOf(options, labels)],
    }),
    gauge: (options) => ({
      set: (labels, value) => void (values[keyOf(options, labels)] = value),
      add: (labels, value) => sum(keyOf(options, labels), value),
      remove: (labels) => delete values[keyOf(options, labels)],
    }),
    histogram: (options) => ({
      observe: (labels, value) => {
        const key = keyOf(options, labels);
        const all = values[key];
        if (Array.isArray(all)) all.push(value);
        else values[key] = [value];
      },
    }),
    text: () => Promise.resolve(''),
  };
}

function keyOf({ subsystem, name }: { readonly subsystem: string; readonly name: string }, labels: object): string {
  const text = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return `${subsystem === '' ? '' : `${subsystem}_`}${name}${text.length === 0 ? '' : `{${text.join(',')}}`}`;
}
