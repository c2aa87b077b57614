import type { InventoryEntry, InventoryReport, MetricUser } from '../../components/external-metrics/index.ts';
import { defineCommand } from './command.ts';
import { connect } from './composition.ts';
import { table } from './help.ts';

export const command = defineCommand({
  usage: ['external-metrics [--json]'],
  options: { json: { type: 'boolean', short: 'j', description: 'as JSON' } },
  async run({ values, configPath, terminal }) {
    const answer = await (await connect(configPath)).get('/external-metrics');
    terminal.print(values.json === true ? answer : metricsText(JSON.parse(answer) as InventoryReport));
    return 0;
  },
});

/** What a person is shown. */
export function metricsText({ now, problem, metrics }: InventoryReport): string {
  if (problem !== '') return `${problem[0]?.toUpperCase()}${problem.slice(1)}.`;
  if (metrics.length === 0) return 'There are no external metrics: no autoscaler asks for one.';
  const head = ['METRIC', 'VALUE', 'AGE', 'ACTIVE', 'VALID', 'BEFORE'];
  const [header = '', ...lines] = table([head, ...metrics.map((metric) => columns(metric, now))], '').split('\n');
  return [header, ...metrics.flatMap((metric, index) => [lines[index] ?? '', ...details(metric)])].join('\n');
}

function columns({ metric, value, timestamp, isActive, isValid, earlier }: InventoryEntry, now: number): readonly string[] {
  const isKnown = timestamp > 0;
  const before = earlier.map((each) => short(each.value)).join(', ');
  return [metric, isKnown ? short(value) : '-', isKnown ? age(now - timestamp) : '-', yesOrNo(isActive), yesOrNo(isValid), before];
}

/** What stands below a metric: what is asked, what is wrong, and who uses it. */
function details({ query, problem, served, isValid, users, references }: InventoryEntry): readonly string[] {
  const standIn = isValid || served === undefined ? [] : [`served ${short(served)}`];
  const unseen = references.filter((reference) => users.every((user) => user.reference !== reference));
  return [
    `query  ${query}`,
    ...(problem === '' ? [] : [`error  ${problem}`]),
    ...standIn,
    ...users.map((user) => `used   by ${user.reference}${expectation(user)}`),
    ...unseen.map((reference) => `used   by ${reference}`),
  ].map((line) => `  ${line}`);
}

function expectation({ target, replicas: { current, min, max }, desired }: MetricUser): string {
  if (target === undefined) return '';
  const goal = `${target.quantity}${target.type === 'AverageValue' ? ' for each replica' : ''}`;
  return `: target ${goal}, ${current ?? 'unknown'} replicas of ${min} to ${max}, would be ${desired ?? 'unknown'}`;
}

function age(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole}s`;
  return whole < 7200 ? `${Math.floor(whole / 60)}m` : `${Math.floor(whole / 3600)}h`;
}

/** Six digits tell enough; JSON has all of them. */
function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function yesOrNo(is: boolean): string {
  return is ? 'yes' : 'no';
}
