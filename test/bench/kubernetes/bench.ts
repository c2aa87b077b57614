import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bench, BenchOptions, Row } from '../bench.ts';
import { node } from '../processes.ts';
import { randomFrom, shuffled } from '../random.ts';
import { median, medianRatio } from '../statistics.ts';
import { type Case, cases, type Figure, flags } from './cases.ts';
import type { Measured, Sample, SampleOptions } from './sample.ts';
import type { Subject } from './subjects.ts';

const everyone: readonly Subject[] = ['armature', 'client-node'];
const path = (file: string): string => fileURLToPath(import.meta.resolve(file));

/** The informer beside the one of @kubernetes/client-node, on the same server, each in a process of its own. */
export const bench: Bench = {
  cases: cases.map(({ name }) => name),
  async *run({ rounds, only }: BenchOptions) {
    const process = fork(path('./server.ts'));
    try {
      const server = await started(process);
      for (const each of cases) if (only === undefined || only === each.name) yield rowsOf(each, await measure(each, { rounds, server }));
    } finally {
      process.kill();
    }
  },
};

async function started(process: ChildProcess): Promise<SampleOptions['server']> {
  const [server]: [SampleOptions['server']] = (await once(process, 'message')) as never;
  return server;
}

/** What was measured by round, or why there is nothing. */
type Results = ReadonlyMap<Subject, Measured[] | string>;

/** Every round runs every subject once, in a random order; whoever fails once is out. */
async function measure(
  { pods, events, without = {} }: Case,
  { rounds, server }: { readonly rounds: number; readonly server: SampleOptions['server'] },
): Promise<Results> {
  const results = new Map<Subject, Measured[] | string>(everyone.map((subject) => [subject, without[subject] ?? []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const subject of shuffled(everyone, randomFrom(round))) {
      const measured = results.get(subject);
      if (!Array.isArray(measured)) continue;
      const outcome = await sample({ subject, server, pods, events });
      if ('failed' in outcome) results.set(subject, outcome.failed);
      else measured.push(outcome);
    }
  }
  return results;
}

async function sample(options: SampleOptions): Promise<Sample> {
  try {
    const { stdout } = await node([...flags, path('./sample.ts'), JSON.stringify(options)]);
    const outcome: Sample = JSON.parse(stdout);
    return outcome;
  } catch (error) {
    const signal = error instanceof Error && 'signal' in error ? String(error.signal) : 'an error';
    return { failed: `the process ended with ${signal}` };
  }
}

function rowsOf({ name, figures }: Case, results: Results): Row[] {
  return figures.flatMap((figure) => everyone.map((subject): Row => rowOf({ name, figure, subject }, results)));
}

function rowOf({ name, figure, subject }: { name: string; figure: Figure; subject: Subject }, results: Results): Row {
  const row = { case: name, subject: `${figure.name}: ${subject}`, unit: figure.unit };
  const measured = results.get(subject) ?? [];
  if (!Array.isArray(measured)) return { ...row, value: undefined, note: measured, pass: subject === 'armature' ? false : undefined };
  const valuesOf = (all: readonly Measured[]): number[] => all.map((each) => each[figure.of] / (figure.per ?? 1));
  const value = median(valuesOf(measured));
  const peer = results.get('client-node');
  const ratio = Array.isArray(peer) ? medianRatio(valuesOf(measured), valuesOf(peer)) : undefined;
  return { ...row, value, ratio, ...(subject === 'armature' ? verdict(figure, { value, ratio }) : {}) };
}

function verdict(
  { max, ofPeerMax, unit }: Figure,
  { value, ratio = Infinity }: { value: number; ratio: number | undefined },
): Pick<Row, 'bar' | 'pass'> {
  if (ofPeerMax !== undefined) return { bar: `at most ${ofPeerMax} x`, pass: ratio <= ofPeerMax };
  if (max !== undefined) return { bar: `at most ${max} ${unit}`, pass: value <= max };
  return {};
}
