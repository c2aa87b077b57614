import type { Bench, BenchOptions, Row } from '../bench.ts';
import { median } from '../statistics.ts';
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
const secondsEach = 5;

/** While everything is refreshed every 30 s, as always. Nearly every paced read has the API server asked who may read that metric. */
async function reads(rounds: number): Promise<Row[]> {
  await using stand = await Stand.start({ metrics: 5000, refreshSeconds: 30 });
  await using load = await stand.load();
  await load.ask.paced({ perSecond: readsPerSecond, seconds: 2 });
  await stand.agent.usage();
  const [paced, most] = [[], []] as [{ p50: number; p99: number }[], number[]];
  for (let round = 0; round < rounds; round += 1) paced.push(await load.ask.paced({ perSecond: readsPerSecond, seconds: secondsEach }));
  const { lagMs, rssMb, cpuMs } = await stand.agent.usage();
  for (let round = 0; round < rounds; round += 1) {
    const { reads: count, ms } = await load.ask.most({ seconds: 1 });
    most.push((count * 1000) / ms);
  }
  const busy = await stand.agent.usage();
  const of = `5000 metrics, ${readsPerSecond} reads/s`;
  const share = cpuMs / (rounds * secondsEach * 10);
  return [
    { case: 'reads', subject: `${of}: p50`, value: median(paced.map(({ p50 }) => p50)), unit: 'ms' },
    atMost({ case: 'reads', subject: `${of}: p99`, value: median(paced.map(({ p99 }) => p99)), unit: 'ms' }, 10),
    atMost({ case: 'reads', subject: `${of}: event-loop lag p99.9`, value: lagMs, unit: 'ms' }, 50),
    { case: 'reads', subject: `${of}: CPU`, value: share, unit: '% of a core' },
    { case: 'reads', subject: `${of}: RSS`, value: rssMb, unit: 'MB' },
    { case: 'reads', subject: 'as many reads as can be', value: median(most), unit: 'reads/s' },
    { case: 'reads', subject: 'as many reads as can be: event-loop lag p99.9', value: busy.lagMs, unit: 'ms' },
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
    { ...row('CPU', cpuMs / 2, 'ms a refresh') },
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
