import { defineCommand, UsageError } from './command.ts';
import { plannedAgent } from './composition.ts';

const formats = ['mermaid', 'dot', 'json'] as const;

export const command = defineCommand({
  usage: ['graph [--format FORMAT]'],
  options: { format: { type: 'string', short: 'f', value: 'FORMAT', description: `${formats.join(', ')} (default mermaid)` } },
  async run({ values, configPath, terminal }) {
    const format = formats.find((each) => each === (values.format ?? 'mermaid'));
    if (format === undefined) throw new UsageError(`--format takes ${formats.join(', ')}, not "${values.format}"`);
    terminal.print((await plannedAgent(configPath)).graph(format).trimEnd());
    return 0;
  },
});
