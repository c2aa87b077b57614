import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchOptions, Row } from '../bench.ts';
import { median } from '../statistics.ts';
import type { Usage } from './agent.ts';
import type { Bare } from './bare.ts';
import type { Latencies, Load } from './load.ts';
import { startPart, type Part } from './process.ts';
import { Stand } from './stand.ts';

const cases = { reads, refresh, growth } satisfies Record<string, (rounds: number) => Promise<Row[]>>;

/** The external metrics API under reads, and what it costs to keep metrics fresh. */
export const bench: Bench = {
  cases: Object.keys(cases),
  async *run({ rounds, only }: BenchOptions) {
    for (const [name, measure] of Object.entries(cases)) if (only === undefined || only === name) yield await measure(rounds);
  },
};

const atMost = (row: Omit<Row, 'bar' | 'pass'> & { readonly value: number }, most: number): Row => ({
  ...row,
  bar: `<= ${most} ${row.unit}`,
  pass: row.value <= most,
});

const readsPerSecond = 200;
const secondsEach = 3;
/** The agent believes the API server for 10 s. */
const forgottenAfterMs = 11_000;

/**
 * While everything is refreshed every 30 s with news, so that each status is written as often, as always. The API server is asked whether
 * the controller of autoscalers may read all metrics, and of the other reader at nearly every paced read whether it may read that one. The
 * same reads of a server that does nothing tell what the machine makes of them.
 */
async function reads(rounds: number): Promise<Row[]> {
  await using stand = await Stand.start({ metrics: 5000, refreshSeconds: 30 });
  await using bare = await startPart<Bare>(import.meta.resolve('./bare.ts'), {});
  await using load = await stand.load('all');
  await using askedLoad = await stand.load('ofNamespace');
  await using bareLoad = await stand.load('all', await bare.ask.port());
  for (const each of [load, askedLoad, bareLoad]) await each.ask.most({ seconds: 3 });
  await stand.world.move();
  await sleep(forgottenAfterMs);
  const pace = (of: typeof load) => of.ask.paced({ perSecond: readsPerSecond, seconds: secondsEach });
  const [ours, asked, theirs] = [[], [], []] as [Latencies[], Latencies[], Latencies[]];
  const usages: Usage[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await stand.world.move();
    theirs.push(await pace(bareLoad));
    await stand.agent.usage();
    ours.push(await pace(load));
    usages.push(await stand.agent.usage());
    asked.push(await pace(askedLoad));
  }
  const row = (subject: string, value: number, unit: string) => ({ case: 'reads', subject, value, unit });
  const p99 = (of: readonly Latencies[]): number => median(of.map((each) => each.p99));
  const used = (of: keyof Usage): number => median(usages.map((each) => each[of]));
  return [
    row(`${readsPerSecond} reads/s of a server that does nothing: p99`, p99(theirs), 'ms'),
    row(`${readsPerSecond} reads/s of 5000 metrics: p50`, median(ours.map(({ p50 }) => p50)), 'ms'),
    atMost(row(`${readsPerSecond} reads/s of 5000 metrics: p99`, p99(ours), 'ms'), 10),
    row(`${readsPerSecond} reads/s, each asked about: p99`, p99(asked), 'ms'),
    atMost(row('event-loop lag p99.9', used('lagMs'), 'ms'), 50),
    row('CPU', used('cpuMs') / secondsEach / 10, '% of a core'),
    row('RSS', used('rssMb'), 'MB'),
    ...(await readsAtMost(stand, load, rounds)),
  ];
}

async function readsAtMost(stand: Stand, load: Part<Load>, rounds: number): Promise<Row[]> {
  await stand.agent.usage();
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { reads: count, ms } = await load.ask.most({ seconds: 1 });
    rates.push((count * 1000) / ms);
  }
  const { lagMs } = await stand.agent.usage();
  return [
    { case: 'reads', subject: 'as many reads as can be', value: median(rates), unit: 'reads/s' },
    { case: 'reads', subject: 'as many reads as can be: event-loop lag p99.9', value: lagMs, unit: 'ms' },
  ];
}

const batch = 35;

/** One refresh without news, and one in which every series has a new point. */
async function refresh(): Promise<Row[]> {
  const metrics = 3000;
  await using stand = await Stand.start({ metrics, refreshSeconds: 30 });
  await stand.refresh();
  await stand.agent.usage();
  const still = await stand.refresh();
  await stand.world.move();
  const moved = await stand.refresh();
  const { lagMs, cpuMs } = await stand.agent.usage();
  const row = (subject: string, value: number, unit: string) => ({ case: 'refresh', subject, value, unit });
  const requestsMost = Math.ceil(metrics / batch);
  return [
    atMost(row('3000 metrics: requests to Datadog', Math.max(still.queries, moved.queries), 'a refresh'), requestsMost),
    atMost(row('no news: statuses written', still.writes, 'a refresh'), 0),
    atMost(row('news of every metric: statuses written', moved.writes, 'a refresh'), metrics),
    row('CPU', cpuMs / 2, 'ms a refresh'),
    atMost(row('event-loop lag p99.9', lagMs, 'ms'), 50),
  ];
}

const sizes = [100, 1000, 5000] as const;
const growthMost = 1.5;

/** What a metric costs in a refresh with news, whatever their number. */
async function growth(): Promise<Row[]> {
  const rows: Row[] = [];
  let before: number | undefined;
  for (const metrics of sizes) {
    await using stand = await Stand.start({ metrics, refreshSeconds: 20 });
    await stand.refresh();
    const costs: number[] = [];
    for (let times = 0; times < 3; times += 1) {
      await stand.agent.usage();
      await stand.world.move();
      await stand.refresh();
      costs.push(((await stand.agent.usage()).cpuMs * 1000) / metrics);
    }
    const value = median(costs);
    const ratio = before === undefined ? undefined : value / before;
    const verdict = ratio === undefined ? {} : { ratio, bar: `at most ${growthMost} x`, pass: ratio <= growthMost };
    rows.push({ case: 'growth', subject: `${metrics} metrics`, value, unit: 'us of CPU a metric', ...verdict });
    before = value;
  }
  return rows;
}
