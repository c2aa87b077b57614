import { AnswerError } from './agent-client.ts';
import { CommandError, defineCommand } from './command.ts';
import { connect } from './composition.ts';

/** A check's configuration, as the agent's API gives it: the byte strings of the Go agent are base64. */
interface CheckConfig {
  readonly check_name: string;
  readonly instances: readonly (string | null)[] | null;
  readonly init_config: string | null;
  readonly metric_config: string | null;
  readonly logs: string | null;
  readonly ad_identifiers: readonly string[] | null;
  readonly provider: string;
  readonly source: string;
  readonly node_name: string;
  readonly cluster_check: boolean;
}
interface ConfigCheck {
  readonly configs: readonly CheckConfig[] | null;
  readonly resolve_warnings: Readonly<Record<string, readonly string[]>> | null;
  readonly config_errors: Readonly<Record<string, string>> | null;
  readonly unresolved: Readonly<Record<string, readonly CheckConfig[]>> | null;
}

export const command = defineCommand({
  usage: ['configcheck [--verbose]'],
  options: { verbose: { type: 'boolean', short: 'v', description: 'also what waits for its service' } },
  async run({ values, configPath, terminal }) {
    const answer = await (await connect(configPath)).get('/config-check').catch((error: unknown) => {
      if (!(error instanceof AnswerError) || error.status !== 404) throw error;
      throw new CommandError('this agent has no autodiscovery, and so looks for no check configurations', { cause: error });
    });
    terminal.print(textOf(JSON.parse(answer) as ConfigCheck, values.verbose === true));
    return 0;
  },
});

function textOf(found: ConfigCheck, isVerbose: boolean): string {
  const errors = Object.entries(found.config_errors ?? {}).map(([name, error]) => `${name}: ${error}`);
  const warnings = Object.entries(found.resolve_warnings ?? {}).flatMap(([name, all]) => all.map((each) => `${name}: ${each}`));
  return [
    ...block('Configuration Errors', errors),
    ...(found.configs ?? []).map(configText),
    ...(isVerbose
      ? block(
          'Unresolved Configs',
          Object.values(found.unresolved ?? {})
            .flat()
            .map(configText),
        )
      : []),
    ...(isVerbose ? block('Resolve warnings', warnings) : []),
  ].join('\n');
}

function block(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`=== ${title} ===`, ...lines, ''];
}

function configText(config: CheckConfig): string {
  const parts: readonly (readonly [string, string | null])[] = [
    ['Init Config', config.init_config],
    ['Metric Config', config.metric_config],
    ['Log Config', config.logs],
  ];
  return [
    `=== ${config.check_name} check ===`,
    ...(config.provider === '' ? [] : [`Configuration provider: ${config.provider}`]),
    ...(config.source === '' ? [] : [`Configuration source: ${config.source}`]),
    ...(config.instances ?? []).flatMap((instance, index) => [
      `Config for instance ID: ${config.check_name}:${index}`,
      decoded(instance),
      '~',
    ]),
    ...parts.flatMap(([title, value]) => (decoded(value) === '' ? [] : [`${title}:`, decoded(value)])),
    ...list('Auto-discovery IDs', config.ad_identifiers),
    ...(config.node_name === '' ? [] : [`Node name: ${config.node_name}`]),
    '===',
    '',
  ].join('\n');
}

function list(title: string, items: readonly string[] | null): readonly string[] {
  return items === null || items.length === 0 ? [] : [`${title}:`, ...items.map((item) => `* ${item}`)];
}

function decoded(bytes: string | null): string {
  return Buffer.from(bytes ?? '', 'base64')
    .toString()
    .trim();
}
