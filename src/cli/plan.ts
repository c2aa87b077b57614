import { defineCommand } from './command.ts';
import { plannedAgent } from './composition.ts';
import { table } from './help.ts';

export const command = defineCommand({
  usage: ['plan [--json]'],
  options: { json: { type: 'boolean', short: 'j', description: 'as JSON, with what each component requires' } },
  async run({ values, configPath, terminal }) {
    const { order, absent, findings } = (await plannedAgent(configPath)).plan();
    if (values.json === true) {
      terminal.print(JSON.stringify({ order, absent, findings }, undefined, 2));
      return 0;
    }
    const rows = order.map(({ component, when = 'always', onFailure, because }, index) => {
      return [String(index + 1), component, when, onFailure === 'abort' ? 'fatal' : 'degrades', because === 'root' ? '' : `for ${because}`];
    });
    terminal.print(table([['#', 'component', 'when', 'failure', 'why'], ...rows], ''));
    if (absent.length === 0) return 0;
    terminal.print(`\nNot built:\n${table(absent.map(({ component, because }) => [component, because]))}`);
    return 0;
  },
});
