import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { surroundings } from '../../agent/support.ts';
import type { Row } from '../bench.ts';
import { node } from '../processes.ts';
import { median } from '../statistics.ts';

const root = fileURLToPath(import.meta.resolve('../../..'));
const binary = `${root}dist/launch.cjs`;
const healthPort = 25_555;
const givenUpAfterMs = 30_000;

/** From the spawn of the bundled agent to its first 200 on `/ready`, and its memory then. */
interface StartCase {
  readonly name: string;
  readonly subject: string;
  readonly mostMs: number;
  readonly mostMb: number;
  /** Measures one round after the other in the same surroundings. */
  readonly run: (measure: (given: Given) => Promise<void>) => Promise<void>;
}
interface Given {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
}

const startCases: readonly StartCase[] = [
  {
    name: 'start-cluster',
    subject: 'spawn to /ready against a cluster',
    mostMs: 300,
    mostMb: 95,
    async run(measure) {
      await using around = await surroundings();
      const env = { ...around.env, DD_HEALTH_PORT: String(healthPort), DD_LOG_TO_CONSOLE: 'true' };
      await measure({ args: ['start', '--cfgpath', around.folder], env, port: healthPort });
    },
  },
  {
    name: 'start-sandbox',
    subject: 'spawn to /ready in the sandbox',
    mostMs: 400,
    mostMb: 120,
    run: (measure) => measure({ args: ['start', '--sandbox'], env: {}, port: 5555 }),
  },
];

const versionCase = 'version';
export const startCaseNames: readonly string[] = [...startCases.map(({ name }) => name), versionCase];

export async function* startsOf(rounds: number, only: string | undefined): AsyncIterable<readonly Row[]> {
  const wanted = startCaseNames.filter((name) => only === undefined || only === name);
  if (wanted.length === 0) return;
  await node([`${root}src/build.ts`]);
  for (const each of startCases) if (wanted.includes(each.name)) yield await startTimes(each, rounds);
  if (wanted.includes(versionCase)) yield await versionTimes(rounds);
}

async function startTimes({ name, subject, mostMs, mostMb, run }: StartCase, rounds: number): Promise<Row[]> {
  const [times, sizes, bare]: [number[], number[], number[]] = [[], [], []];
  await run(async (given) => {
    // The first fills the compile cache.
    await start(given);
    for (let round = 0; round < rounds; round += 1) {
      bare.push((await node(['--eval', '0'])).wallMs);
      const { ms, mb } = await start(given);
      times.push(ms);
      sizes.push(mb);
    }
  });
  const note = `node alone ${median(bare).toFixed(0)} ms`;
  const [ms, mb] = [median(times), median(sizes)];
  return [
    { case: name, subject, value: ms, unit: 'ms', bar: `<= ${mostMs} ms`, pass: ms <= mostMs, note },
    { case: name, subject: 'resident memory then', value: mb, unit: 'MB', bar: `<= ${mostMb} MB`, pass: mb <= mostMb },
  ];
}

async function start({ args, env, port }: Given): Promise<{ readonly ms: number; readonly mb: number }> {
  if (await isReady(port)) throw new Error(`an agent answers on port ${port} already: stop it, and measure again`);
  const begun = performance.now();
  const child = spawn(process.execPath, [binary, ...args], { env: { PATH: process.env['PATH'], ...env }, stdio: 'ignore' });
  const gone = once(child, 'exit');
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null || performance.now() - begun > givenUpAfterMs)
        throw new Error(`the agent did not become ready: ${args.join(' ')}`);
      await sleep(2);
    }
    const ms = performance.now() - begun;
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    return { ms, mb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024 };
  } finally {
    child.kill('SIGTERM');
    await gone;
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/ready', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}

async function versionTimes(rounds: number): Promise<Row[]> {
  const mostMs = 80;
  const [times, bare]: [number[], number[]] = [[], []];
  await node([binary, 'version']);
  for (let round = 0; round < rounds; round += 1) {
    bare.push((await node(['--eval', '0'])).wallMs);
    times.push((await node([binary, 'version'])).wallMs);
  }
  const value = median(times);
  const note = `node alone ${median(bare).toFixed(0)} ms`;
  return [{ case: versionCase, subject: 'cluster-agent version', value, unit: 'ms', bar: `<= ${mostMs} ms`, pass: value <= mostMs, note }];
}
