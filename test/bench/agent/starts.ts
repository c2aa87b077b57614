import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { surroundings } from '../../agent/support.ts';
import type { Row } from '../bench.ts';
import { node } from '../processes.ts';
import { median, medianRatio } from '../statistics.ts';

const root = fileURLToPath(import.meta.resolve('../../..'));
const binary = `${root}dist/launch.cjs`;
const healthPort = 25_555;
const givenUpAfterMs = 30_000;
/** What `node --eval 0` takes on the machine where the bars were set. */
const bareThereMs = 23;
/** Up to here a machine is about as fast as that one. */
const bareLikeThereMs = 30;

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
    // The first fills the code cache.
    await start(given);
    for (let round = 0; round < rounds; round += 1) {
      bare.push((await node(['--eval', '0'])).wallMs);
      const { ms, mb } = await start(given);
      times.push(ms);
      sizes.push(mb);
    }
  });
  const mb = median(sizes);
  return [
    ...judged({ name, subject, mostMs }, times, bare),
    { case: name, subject: 'resident memory then', value: mb, unit: 'MB', bar: `<= ${mostMb} MB`, pass: mb <= mostMb },
  ];
}

/**
 * A start is mostly what Node and the machine make of it: the same one takes four times as long where Node alone takes four
 * times as long. So Node alone is measured in the same rounds. The bar in milliseconds counts on machines like the one where
 * it was set; on slower ones, the same bar in starts of Node alone does.
 */
function judged({ name, subject, mostMs }: Pick<StartCase, 'name' | 'subject' | 'mostMs'>, times: number[], bare: number[]): Row[] {
  const [ms, bareMs, ratio] = [median(times), median(bare), medianRatio(times, bare)];
  const isLikeThere = bareMs <= bareLikeThereMs;
  const mostRatio = mostMs / bareThereMs;
  const counts = 'this bar counts';
  const absolute: Row = { case: name, subject, value: ms, unit: 'ms', ratio, bar: `<= ${mostMs} ms` };
  const relative: Row = {
    case: name,
    subject: 'the same in starts of node alone',
    value: ratio,
    unit: 'x',
    bar: `<= ${mostRatio.toFixed(1)} x`,
  };
  return [
    { case: name, subject: 'node alone', value: bareMs, unit: 'ms', note: `${bareThereMs} ms where the bars were set` },
    isLikeThere
      ? { ...absolute, pass: ms <= mostMs, note: counts }
      : { ...absolute, note: `does not count: node alone takes more than ${bareLikeThereMs} ms here` },
    ...(bareMs <= bareThereMs ? [] : [isLikeThere ? relative : { ...relative, pass: ratio <= mostRatio, note: counts }]),
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
  const [times, bare]: [number[], number[]] = [[], []];
  await node([binary, 'version']);
  for (let round = 0; round < rounds; round += 1) {
    bare.push((await node(['--eval', '0'])).wallMs);
    times.push((await node([binary, 'version'])).wallMs);
  }
  return judged({ name: versionCase, subject: 'cluster-agent version', mostMs: 80 }, times, bare);
}
