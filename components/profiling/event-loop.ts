import type { Clock } from '../../src/fx/index.ts';

/** Milliseconds between two looks at the event loop. */
const resolution = 10;
const percentiles = [50, 90, 99, 99.9, 100];

/**
 * How long the event loop was kept from its turns while somebody watched: what blocked goroutines are to the Go agent.
 *
 * @returns JSON: milliseconds by percentile
 */
export async function eventLoopDelays(clock: Clock, durationMs: number, signal: AbortSignal): Promise<string> {
  const { monitorEventLoopDelay } = await import('node:perf_hooks');
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  try {
    await clock.sleep(durationMs, signal);
  } finally {
    histogram.disable();
  }
  // It counts the time between two looks, which is the resolution where nothing is in the way.
  const late = (nanoseconds: number): number => Math.max(0, Math.round(nanoseconds / 1000 - resolution * 1000) / 1000);
  const delays = Object.fromEntries(percentiles.map((each) => [`p${each}`, late(histogram.percentile(each))]));
  return `${JSON.stringify({ durationMs, looks: histogram.count, eventLoopDelayMs: delays }, undefined, 2)}\n`;
}
