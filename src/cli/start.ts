import { defineCommand } from './command.ts';
import { readConfigWithSecrets, runAgent } from './composition.ts';

export const command = defineCommand({
  usage: ['start', 'start --sandbox'],
  options: {
    sandbox: {
      type: 'boolean',
      description: 'against a Kubernetes API server and a Datadog in this process; needs neither cluster nor account',
    },
  },
  async run({ values, configPath, terminal }) {
    if (values.sandbox !== true) return runAgent(await readConfigWithSecrets(configPath));
    const { runInSandbox } = await import('../sandbox/sandbox.ts');
    return runInSandbox(terminal);
  },
});
