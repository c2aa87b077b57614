import { defineCommand } from './command.ts';
import { ownMetrics } from './composition.ts';

export const command = defineCommand({
  usage: ['telemetry'],
  options: {},
  async run({ configPath, terminal }) {
    terminal.print((await ownMetrics(configPath)).trimEnd());
    return 0;
  },
});
