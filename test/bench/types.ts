/** How long the compiler takes to prove a list, beyond the same components without a list: `node test/bench/types.ts`. */
import { compile, generatedList } from '../types/compile.ts';

const bars = { 200: 1, 1000: 3 } as const;
const rounds = 5;

async function checkSeconds(source: string): Promise<number> {
  const output = await compile({ 'list.ts': source }, '--extendedDiagnostics', '--singleThreaded');
  return Number(/^Check time:\s+([\d.]+)s$/m.exec(output)?.[1]);
}

async function median(source: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await checkSeconds(source));
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN;
}

const empty = await median("import { app } from '#fx';\nexport const built = app([]);\n");
for (const [size, bar] of Object.entries(bars)) {
  const seconds = (await median(generatedList(Number(size)))) - empty;
  const pass = seconds < bar;
  process.stdout.write(
    `${JSON.stringify({ bench: 'types', case: `list of ${size}`, subject: 'tsc check time', value: Number(seconds.toFixed(3)), unit: 's', ratio: seconds / bar, bar, pass })}\n`,
  );
  if (!pass) process.exitCode = 1;
}
