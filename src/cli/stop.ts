import { defineCommand } from './command.ts';
import { connect } from './composition.ts';

export const command = defineCommand({
  usage: ['stop'],
  options: {},
  async run({ configPath, terminal }) {
    await (await connect(configPath)).post('/stop');
    terminal.print('Agent successfully stopped');
    return 0;
  },
});
