import { fileURLToPath } from 'node:url';
import type { Row } from '../bench.ts';
import { node } from '../processes.ts';
import { randomFrom, shuffled } from '../random.ts';
import { median, medianRatio } from '../statistics.ts';

interface Cost {
  readonly wallMs: number;
  readonly rssMb: number;
}

export const importCase = 'import';
const baseline = 'inversify alone';
const units = { wallMs: 'ms', rssMb: 'MB' } as const satisfies Record<keyof Cost, string>;

/** What importing the framework costs a process over importing nothing, beside the container that it stands on. */
export async function importCost(rounds: number): Promise<Row[]> {
  const modules = new Map([
    ['nothing', ''],
    ['src/fx, types stripped at load', import.meta.resolve('../../../src/fx/index.ts')],
    ['src/fx, compiled', await compiled()],
    [baseline, import.meta.resolve('inversify')],
  ]);
  const costs = new Map<string, Cost[]>([...modules.keys()].map((subject) => [subject, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [subject, url] of shuffled([...modules], randomFrom(round))) costs.get(subject)?.push(await costOf(url));
  }
  const nothing = costs.get('nothing') ?? [];
  const over = (subject: string, unit: keyof Cost): number[] =>
    (costs.get(subject) ?? []).map((cost, round) => cost[unit] - (nothing[round]?.[unit] ?? NaN));
  const row = (subject: string, unit: keyof Cost): Row => ({
    case: importCase,
    subject,
    value: median(over(subject, unit)),
    unit: units[unit],
    ratio: medianRatio(over(subject, unit), over(baseline, unit)),
    note: `over an empty file (${median(nothing.map((cost) => cost[unit])).toFixed(0)} ${units[unit]})`,
  });
  const subjects = [...modules.keys()].filter((subject) => subject !== 'nothing');
  return subjects.flatMap((subject) => [row(subject, 'wallMs'), row(subject, 'rssMb')]);
}

async function costOf(url: string): Promise<Cost> {
  const source = `${url === '' ? '' : `import ${JSON.stringify(url)};`} console.log(process.memoryUsage.rss())`;
  const { stdout, wallMs } = await node(['--input-type=module', '--eval', source]);
  return { wallMs, rssMb: Number(stdout) / 2 ** 20 };
}

/** The framework as JavaScript, as a package would ship it, but neither bundled nor minified. */
async function compiled(): Promise<string> {
  const [root, to] = ['../../../', '../../../dist/bench/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const emitOnly = ['--noCheck', '--declaration', 'false', '--sourceMap', 'false'];
  await node([`${root}node_modules/typescript/bin/tsc`, '-p', `${root}`, '--outDir', `${to}`, ...emitOnly]);
  return import.meta.resolve('../../../dist/bench/src/fx/index.js');
}
