import { fileURLToPath } from 'node:url';
import type { Bench, BenchOptions, Row } from '../bench.ts';
import { installPeers } from '../peers.ts';
import { node } from '../processes.ts';
import { randomFrom, shuffled } from '../random.ts';
import { median, medianRatio } from '../statistics.ts';
import { cases, type Case, type Limit } from './cases.ts';
import { importCase, importCost } from './import-cost.ts';
import type { Sample, SampleOptions } from './sample.ts';
import type { Subject } from './subjects.ts';

/** The framework beside its peers: cold passes over the same graphs, and what importing it costs. */
export const bench: Bench = {
  cases: [...cases.map(({ name }) => name), importCase],
  async *run({ rounds, only }: BenchOptions) {
    installPeers();
    for (const each of cases) if (only === undefined || only === each.name) yield rowsOf(each, await measure(each, rounds));
    if (only === undefined || only === importCase) yield await importCost(rounds);
  },
};

/** Milliseconds by round, or why there are none. */
type Results = ReadonlyMap<Subject, number[] | string>;

/** Every round runs every subject once, on a graph of its own, in a random order; whoever fails once is out. */
async function measure({ graph, subjects, without = {} }: Case, rounds: number): Promise<Results> {
  const results = new Map<Subject, number[] | string>(subjects.map((subject) => [subject, without[subject] ?? []]));
  for (let seed = 1; seed <= rounds; seed += 1) {
    for (const subject of shuffled(subjects, randomFrom(seed))) {
      const times = results.get(subject);
      if (!Array.isArray(times)) continue;
      const outcome = await sample({ subject, seed, ...graph });
      if ('failed' in outcome) results.set(subject, outcome.failed);
      else times.push(outcome.ms);
    }
  }
  return results;
}

async function sample(options: SampleOptions): Promise<Sample> {
  try {
    const { stdout } = await node([fileURLToPath(import.meta.resolve('./sample.ts')), JSON.stringify(options)]);
    const outcome: Sample = JSON.parse(stdout);
    return outcome;
  } catch (error) {
    const signal = error instanceof Error && 'signal' in error ? String(error.signal) : 'an error';
    return { failed: `the process ended with ${signal}` };
  }
}

function rowsOf({ name, subjects, limits = [] }: Case, results: Results): Row[] {
  const baseline = results.get('by hand');
  const rows = subjects.map((subject): Row => {
    const times = results.get(subject) ?? [];
    if (!Array.isArray(times))
      return { case: name, subject, value: undefined, unit: 'ms', note: times, pass: isPeer(subject) ? undefined : false };
    const ratio = Array.isArray(baseline) ? medianRatio(times, baseline) : undefined;
    const own = subject === 'armature' ? limits.map((limit) => keeps(limit, median(times))) : [];
    return { case: name, subject, value: median(times), unit: 'ms', ratio, ...own.find((each) => each !== undefined) };
  });
  return [...rows, ...limits.flatMap((limit) => comparison(name, limit, results))];
}

function isPeer(subject: Subject): boolean {
  return subject !== 'by hand' && !subject.startsWith('armature');
}

function keeps(limit: Limit, ms: number): Pick<Row, 'bar' | 'pass' | 'note'> | undefined {
  if (limit.kind === 'below') return { bar: `< ${limit.ms} ms`, pass: ms < limit.ms };
  if (limit.kind === 'mark') return { bar: `mark: uber-go/fx ${limit.ms} ms`, note: ms <= limit.ms ? 'reached' : 'not reached' };
  return undefined;
}

function comparison(name: string, limit: Limit, results: Results): Row[] {
  if (limit.kind !== 'at most' && limit.kind !== 'at least') return [];
  const { of, times, kind } = limit;
  const [above, below] = [results.get(of[0]), results.get(of[1])];
  const value = Array.isArray(above) && Array.isArray(below) ? medianRatio(above, below) : NaN;
  return [
    {
      case: name,
      subject: of.join(' / '),
      value: Number.isNaN(value) ? undefined : value,
      unit: 'x',
      bar: `${kind} ${times} x`,
      pass: kind === 'at most' ? value <= times : value >= times,
    },
  ];
}
