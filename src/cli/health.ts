import { CommandError, defineCommand, UsageError } from './command.ts';
import { connect } from './composition.ts';
import { cliSettings } from './settings.ts';

export const command = defineCommand({
  usage: ['health [FLAGS]'],
  options: { timeout: { type: 'string', short: 't', value: 'SECONDS', description: 'how long to wait for the answer (default 20)' } },
  async run({ values, configPath, terminal }) {
    const seconds = Number(values.timeout ?? 20);
    if (!(seconds > 0)) throw new UsageError(`--timeout takes seconds, not "${values.timeout}"`);
    const agent = await connect(configPath, { timeoutMs: seconds * 1000, host: cliSettings.cmdHost });
    const answer = JSON.parse(await agent.get('/status/health')) as Record<'Healthy' | 'Unhealthy', readonly string[] | null>;
    const [healthy, unhealthy] = [answer.Healthy ?? [], answer.Unhealthy ?? []];
    const color = unhealthy.length === 0 ? 'green' : 'red';
    terminal.print(`Agent health: ${terminal.paint(color, unhealthy.length === 0 ? 'PASS' : 'FAIL')}`);
    for (const [names, word, shade] of [[healthy, 'healthy', 'green'] as const, [unhealthy, 'unhealthy', 'red'] as const]) {
      if (names.length === 0) continue;
      terminal.print(`=== ${terminal.paint(shade, String(names.length))} ${word} components ===\n${names.join(', ')}`);
    }
    if (unhealthy.length > 0) throw new CommandError(`found ${unhealthy.length} unhealthy components`);
    return 0;
  },
});
