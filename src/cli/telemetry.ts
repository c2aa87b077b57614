import { defineCommand } from './command.ts';
import { fromMetricsPort } from './composition.ts';

export const command = defineCommand({
  usage: ['telemetry'],
  options: {},
  async run({ configPath, terminal }) {
    terminal.print((await fromMetricsPort(configPath, '/metrics')).trimEnd());
    return 0;
  },
});
