import { defineCommand, UsageError } from './command.ts';
import { readConfigWithSecrets, runAgent } from './composition.ts';
import type { Terminal } from './terminal.ts';

export const command = defineCommand({
  usage: ['start', 'start --sandbox'],
  options: {
    sandbox: {
      type: 'boolean',
      description: 'against a Kubernetes API server and a Datadog in this process; needs neither cluster nor account',
    },
  },
  async run({ values, configPath, terminal }) {
    if (values.sandbox === true && configPath !== undefined)
      throw new UsageError('--sandbox brings a configuration of its own: leave out -c');
    const exitCode = await (values.sandbox === true ? runSandbox(terminal) : runAgent(await readConfigWithSecrets(configPath)));
    // The log has had its time to write.
    terminal.leave(exitCode);
    return exitCode;
  },
});

async function runSandbox(terminal: Terminal): Promise<number> {
  const { runInSandbox } = await import('../sandbox/sandbox.ts');
  return runInSandbox(terminal);
}
