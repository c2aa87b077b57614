import { CommandError, defineCommand } from './command.ts';
import { plannedAgent, readConfigWithSecrets } from './composition.ts';

export const command = defineCommand({
  usage: ['validate'],
  options: {},
  async run({ configPath, terminal }) {
    const config = await readConfigWithSecrets(configPath);
    const agent = await plannedAgent(configPath);
    for (const warning of config.warnings) terminal.print(`warning: ${warning}`);
    if (agent.error !== undefined) throw new CommandError(agent.error.message);
    const { order, absent } = agent.plan();
    terminal.print(`configuration: ${config.files.length === 0 ? 'no file, defaults and environment only' : config.files.join(', ')}`);
    terminal.print(
      `composition: ${order.length} components, ${absent.length} more that this configuration does not use; nothing is missing`,
    );
    return 0;
  },
});
