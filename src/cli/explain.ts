import { CommandError, defineCommand, positional } from './command.ts';
import { plannedAgent } from './composition.ts';

export const command = defineCommand({
  usage: ['explain COMPONENT'],
  options: {},
  positionalsMax: 1,
  async run(call) {
    const name = positional(call, 0, 'the component');
    const agent = await plannedAgent(call.configPath);
    const said = agent.explain(name);
    const { order, absent } = agent.plan();
    const isKnown = [...order, ...absent].some(({ component }) => said.includes(`${component} is `));
    if (!isKnown) throw new CommandError(`${said}; "cluster-agent plan" lists all`);
    call.terminal.print(said);
    return 0;
  },
});
