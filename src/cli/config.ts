import { defineCommand, positional, UsageError, type Call } from './command.ts';
import { connect, schemaOfConfig } from './composition.ts';
import { table } from './help.ts';

const options = { source: { type: 'boolean', short: 's', description: 'with get: what each source says of the setting' } } as const;
type ConfigCall = Call<typeof options>;

/** What each form does, by its first argument; without one, the whole configuration is printed. */
const actions: Readonly<Record<string, (call: ConfigCall) => Promise<void>>> = {
  'list-runtime': async ({ configPath, terminal }) => {
    const listed = JSON.parse(await (await connect(configPath)).get('/config/list-runtime')) as Record<string, RuntimeSetting>;
    const rows = Object.entries(listed).filter(([, { Hidden }]) => !Hidden);
    terminal.print('=== Settings that can be changed at runtime ===');
    terminal.print(
      table(
        rows.map(([name, { Description }]) => [name, Description]),
        '',
      ),
    );
  },
  get: async (call) => {
    const name = positional(call, 1, 'the setting');
    const path = `/config/${encodeURIComponent(name)}${call.values.source === true ? '?sources=true' : ''}`;
    const { value, sources_value: sources } = JSON.parse(await (await connect(call.configPath)).get(path)) as Setting;
    call.terminal.print(`${name} is set to: ${textOf(value)}`);
    if (sources === undefined) return;
    call.terminal.print('sources and their value:');
    for (const { Source, Value } of sources) call.terminal.print(`  ${Source}: ${textOf(Value)}`);
  },
  set: async (call) => {
    const name = positional(call, 1, 'the setting');
    const value = call.positionals[2];
    // An empty value may be meant.
    if (value === undefined) throw new UsageError('its value is missing');
    const body = String(new URLSearchParams({ value }));
    const agent = await connect(call.configPath);
    await agent.post(`/config/${encodeURIComponent(name)}`, { body, contentType: 'application/x-www-form-urlencoded' });
    call.terminal.print(`Configuration setting ${name} is now set to: ${value}`);
  },
  schema: async ({ configPath, terminal }) => terminal.print(JSON.stringify(await schemaOfConfig(configPath), undefined, 2)),
};

interface RuntimeSetting {
  readonly Description: string;
  readonly Hidden: boolean;
}
interface Setting {
  readonly value: unknown;
  readonly sources_value?: readonly { readonly Source: string; readonly Value: unknown }[];
}

export const command = defineCommand({
  usage: ['config', 'config list-runtime', 'config get SETTING [--source]', 'config set SETTING VALUE', 'config schema'],
  options,
  positionalsMax: 3,
  async run(call) {
    const [name] = call.positionals;
    if (name === undefined) {
      call.terminal.print((await (await connect(call.configPath)).get('/config')).trimEnd());
      return 0;
    }
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) throw new UsageError(`config does not know "${name}", only ${Object.keys(actions).join(', ')}`);
    await action(call);
    return 0;
  },
});

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
