import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { jsonLine, table } from './table.ts';

const benches = {
  fx: () => import('./fx/bench.ts'),
  agent: () => import('./agent/bench.ts'),
  'external-metrics': () => import('./external-metrics/bench.ts'),
  kubernetes: () => import('./kubernetes/bench.ts'),
} satisfies Record<string, () => Promise<{ readonly bench: Bench }>>;

const roundsLeast = 7;
const usage = `usage: npm run bench -- NAME [--json] [--rounds N] [--case CASE]; NAME is one of: ${Object.keys(benches).join(', ')}`;

/** Prints the rows of one benchmark; the exit code is 1 when a bar is missed, 2 when the call is wrong. */
async function main(args: readonly string[]): Promise<number> {
  const call = await read(args);
  if (typeof call === 'string') {
    process.stderr.write(`${call}\n${usage}\n`);
    return 2;
  }
  const { name, bench, rounds, only, json } = call;
  if (!json) process.stdout.write(`${name}: node ${process.version}, medians of ${rounds} rounds, every sample a process of its own\n`);
  const missed: string[] = [];
  for await (const rows of bench.run({ rounds, only })) {
    process.stdout.write(json ? rows.map((row) => `${jsonLine(name, row)}\n`).join('') : `\n${table(rows)}\n`);
    missed.push(...rows.filter(({ pass }) => pass === false).map((row) => `${row.case}: ${row.subject}`));
  }
  if (missed.length > 0) process.stderr.write(`\nmissed: ${missed.join('; ')}\n`);
  return missed.length > 0 ? 1 : 0;
}

interface Call {
  readonly name: string;
  readonly bench: Bench;
  readonly rounds: number;
  readonly only: string | undefined;
  readonly json: boolean;
}

/** What was asked for, or what is wrong with it. */
async function read(args: readonly string[]): Promise<Call | string> {
  const parsed = parse(args);
  if (parsed instanceof Error) return parsed.message;
  const { values, positionals } = parsed;
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) return `one benchmark at a time, not ${positionals.length}`;
  const known = Object.entries(benches).find(([each]) => each === name);
  if (known === undefined) return `there is no benchmark "${name}"`;
  const rounds = Number(values.rounds ?? roundsLeast);
  if (!Number.isInteger(rounds) || rounds < roundsLeast)
    return `--rounds takes a whole number from ${roundsLeast} up, not "${values.rounds}"`;
  const { bench } = await known[1]();
  const { case: only, json = false } = values;
  if (only !== undefined && !bench.cases.includes(only)) return `${name} has no case "${only}", only ${bench.cases.join(', ')}`;
  return { name, bench, rounds, only, json };
}

function parse(args: readonly string[]): Parsed | Error {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
const options = { json: { type: 'boolean' }, rounds: { type: 'string' }, case: { type: 'string' } } as const;
type Parsed = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;

process.exitCode = await main(process.argv.slice(2));
