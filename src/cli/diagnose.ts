import type { DiagnoseReport } from '../../components/diagnose/index.ts';
import { UnreachableAgentError } from './agent-client.ts';
import { defineCommand, type Call } from './command.ts';
import { connect, diagnoseHere } from './composition.ts';

const words = { success: 'PASS', fail: 'FAIL', warning: 'WARNING', 'unexpected-error': 'UNEXPECTED ERROR' } as const;
type Result = keyof typeof words;

const options = {
  local: { type: 'boolean', description: 'from this process instead of the running agent' },
  json: { type: 'boolean', short: 'j', description: 'as JSON' },
} as const;

export const command = defineCommand({
  usage: ['diagnose [--local]'],
  options,
  async run(call) {
    const { suites } = await report(call);
    const results = suites.flatMap(({ diagnoses }) => diagnoses.map(({ result }) => result));
    if (call.values.json === true) call.terminal.print(JSON.stringify({ suites }, undefined, 2));
    else call.terminal.print(textOf({ suites }, call));
    return results.some((result) => result === 'fail' || result === 'unexpected-error') ? 1 : 0;
  },
});

/** What the running agent finds counts: it has its own rights and its own network. Without one, this process looks. */
async function report({ values, configPath }: Call<typeof options>): Promise<DiagnoseReport> {
  if (values.local === true) return diagnoseHere(configPath);
  try {
    return JSON.parse(await (await connect(configPath)).post('/diagnose')) as DiagnoseReport;
  } catch (error) {
    if (!(error instanceof UnreachableAgentError)) throw error;
    return diagnoseHere(configPath);
  }
}

function textOf({ suites }: DiagnoseReport, { terminal }: Pick<Call, 'terminal'>): string {
  const lines = suites.flatMap(({ name, diagnoses }) => [
    '==============',
    `Suite: ${name}`,
    ...diagnoses.flatMap((each, index) => [
      `${index + 1}. --------------`,
      `  ${terminal.paint(each.result === 'success' ? 'green' : 'red', words[each.result])} [${name}] ${each.name}`,
      `  Diagnosis: ${each.diagnosis}`,
      ...(each.remediation === undefined ? [] : [`  Remediation: ${each.remediation}`]),
      '',
    ]),
  ]);
  const all = suites.flatMap(({ diagnoses }) => diagnoses);
  const count = (of: Result): number => all.filter(({ result }) => result === of).length;
  const counts = (['success', 'fail', 'warning', 'unexpected-error'] as const)
    .filter((each) => count(each) > 0)
    .map((each) => `${each[0]?.toUpperCase()}${each.slice(1).replace('-', ' ')}:${count(each)}`);
  return [
    '=== Starting diagnose ===',
    ...lines,
    '-------------------------',
    `  Total:${all.length}${counts.map((each) => `, ${each}`).join('')}`,
  ].join('\n');
}
