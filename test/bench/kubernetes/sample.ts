import { once } from 'node:events';
import { request } from 'node:https';
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type Subject, subjects } from './subjects.ts';

/** What one process is to measure, as JSON in its first argument. It runs with --expose-gc. */
export interface SampleOptions {
  readonly subject: Subject;
  readonly server: { readonly url: string; readonly ca: string };
  readonly pods: number;
  /** Changes to be seen after the list. */
  readonly events: number;
}

export interface Measured {
  readonly bytesPerPod: number;
  readonly listSeconds: number;
  readonly peakRssMb: number;
  /** Milliseconds, p99.9, during the list. */
  readonly lagMs: number;
  /** The part of it that the process's own thread was at work: what others on the machine take is not in it. */
  readonly heldMs: number;
  readonly eventsPerSecond: number;
  /** Microseconds, of the whole process. */
  readonly cpuUsPerEvent: number;
}
/** What it prints. */
export type Sample = Measured | { readonly failed: string };

/** Bytes that are in use, once what nobody needs is gone: buffers go only with a second collection. */
async function used(): Promise<number> {
  for (let times = 0; times < 2; times += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => void setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Microseconds of its own time that the thread spends between two turns of a timer that is due every millisecond. */
function watchWork(): { percentile(of: number): number; stop(): void } {
  const histogram = createHistogram();
  const spent = (): number => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  };
  let before = spent();
  const look = (): void => {
    const now = spent();
    histogram.record(Math.max(1, Math.round(now - before)));
    before = now;
    timer.refresh();
  };
  const timer = setTimeout(look, 1);
  return { percentile: (of) => histogram.percentile(of), stop: () => clearTimeout(timer) };
}

async function change({ url, ca }: SampleOptions['server'], events: number): Promise<void> {
  const call = request(`${url}/change?events=${events}`, { ca, agent: false }).end();
  await once(call, 'response');
}

async function sample({ subject, server, pods, events }: SampleOptions): Promise<Sample> {
  const to = { ...server, url: `${server.url}/${pods}` };
  const follow = await subjects[subject]();
  const before = await used();
  const lag = monitorEventLoopDelay({ resolution: 1 });
  const held = watchWork();
  lag.enable();
  const begun = performance.now();
  const followed = await follow(to);
  const listSeconds = (performance.now() - begun) / 1000;
  lag.disable();
  held.stop();
  const peakRssMb = process.resourceUsage().maxRSS / 1024;
  if (followed.size() !== pods) return { failed: `${followed.size()} pods in the cache instead of ${pods}` };
  const bytesPerPod = ((await used()) - before) / pods;
  const listed = { bytesPerPod, listSeconds, peakRssMb, lagMs: lag.percentile(99.9) / 1e6, heldMs: held.percentile(99.9) / 1e3 };
  if (events === 0) return { ...listed, eventsPerSecond: 0, cpuUsPerEvent: 0 };
  const all = Promise.withResolvers<void>();
  let seen = 0;
  followed.onChange(() => {
    seen += 1;
    if (seen === events) all.resolve();
  });
  const [cpu, since] = [process.cpuUsage(), performance.now()];
  await Promise.all([change(to, events), all.promise]);
  const { user, system } = process.cpuUsage(cpu);
  return { ...listed, eventsPerSecond: (events / (performance.now() - since)) * 1000, cpuUsPerEvent: (user + system) / events };
}

const [, , asked = ''] = process.argv;
const outcome = await sample(JSON.parse(asked)).catch((error: unknown): Sample => ({ failed: String(error).split('\n', 1)[0] ?? '' }));
process.stdout.write(JSON.stringify(outcome), () => process.exit());
