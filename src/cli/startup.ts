import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { sink, type Event } from '../fx/index.ts';
import type { StartupReport } from '../../components/startup/index.ts';
import { defineCommand } from './command.ts';
import { connect } from './composition.ts';
import { table } from './help.ts';

const barWidth = 40;

export const command = defineCommand({
  usage: ['startup [--trace FILE]', 'startup --json'],
  options: {
    trace: { type: 'string', value: 'FILE', description: "also write it in Chrome's trace format (chrome://tracing, Perfetto)" },
    json: { type: 'boolean', short: 'j', description: 'as JSON, with every event' },
  },
  async run({ values, configPath, terminal }) {
    const answer = await (await connect(configPath)).get('/startup');
    const startup = JSON.parse(answer) as StartupReport;
    if (values.trace !== undefined) await writeFile(resolve(values.trace), traceOf(startup.events));
    terminal.print(values.json === true ? answer : textOf(startup));
    return 0;
  },
});

function traceOf(events: readonly Event[]): string {
  let trace = '';
  const take = sink.chromeTrace((json) => (trace = json));
  for (const event of events) take(event);
  return trace;
}

function textOf({ report: { state, components }, tookMs }: StartupReport): string {
  const rows = components.flatMap(stepsOf);
  const scale = barWidth / Math.max(1, tookMs ?? 1);
  const lines = rows
    .toSorted((one, other) => one.at - other.at)
    .map(({ what, at, took, state: became }) => [at.toFixed(1), took.toFixed(1), what, became, bar(at * scale, took * scale)]);
  const head = tookMs === undefined ? `The agent is ${state}.` : `The agent is ${state}; its start took ${tookMs.toFixed(0)} ms.`;
  return `${head}\n\n${table([['at ms', 'took', 'what', 'state', ''], ...lines], '')}`;
}

interface Step {
  readonly what: string;
  readonly at: number;
  readonly took: number;
  readonly state: string;
}

function stepsOf({ component, createAtMs, createMs = 0, hooks, state }: StartupReport['report']['components'][number]): readonly Step[] {
  const construct: readonly Step[] = createAtMs === undefined ? [] : [{ what: component, at: createAtMs, took: createMs, state }];
  const started = hooks.flatMap(({ name, startAtMs: at, startMs: took = 0, state: hookState }): readonly Step[] =>
    at === undefined ? [] : [{ what: `${component}: ${name}`, at, took, state: hookState }],
  );
  return [...construct, ...started];
}

function bar(from: number, length: number): string {
  return `${' '.repeat(Math.max(0, Math.min(barWidth, Math.floor(from))))}${'▇'.repeat(Math.max(1, Math.round(length)))}`;
}
