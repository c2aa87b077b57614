import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { supply } from '../../src/fx/index.ts';
import { fakeProcess, manualClock, testApp } from '../../src/fx/testing.ts';
import { Config, configSettings, secretSettings, setting, type, type Setting } from '../config/index.ts';
import { loadConfig } from '../config/yaml.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { fakeRandom } from '../random/fake.ts';
import { scrubberSettings } from '../scrubber/index.ts';
import { RulesScrubber, rulesScrubber } from '../scrubber/rules.ts';
import { Telemetry } from '../telemetry/index.ts';
import { prometheusTelemetry } from '../telemetry/prometheus.ts';
import { secretsAtLoad } from './at-load.ts';
import { execSecrets } from './exec.ts';
import { Secrets, type SecretChange } from './index.ts';

const port = setting('cluster_agent.cmd_port', { type: type.port, default: 5005, description: 'port' });
const endpoints = setting<unknown>('additional_endpoints', { type: type.any, default: {}, description: 'more endpoints' });
const settings: readonly Setting[] = [
  ...Object.values(configSettings),
  ...Object.values(secretSettings),
  ...Object.values(scrubberSettings),
  port,
  endpoints,
];

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A backend as a user would write it: a shell script. */
async function backend(script: string, mode = 0o700): Promise<string> {
  const path = join(folder, 'backend.sh');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, mode);
  return path;
}

/** Answers with what the files `secret-<handle>` say, and notes what it was asked. */
const answering = String.raw`
dir=$(dirname "$0"); input=$(cat); echo "$input" >> "$dir/asked"
printf '{'; sep=''
for handle in $(echo "$input" | sed 's/.*"secrets":\[//; s/\].*//; s/[",]/ /g'); do
  printf '%s"%s":{"value":"%s","error":null}' "$sep" "$handle" "$(cat "$dir/secret-$handle")"; sep=','
done
printf '}'`;

const put = (handle: string, secret: string): Promise<void> => writeFile(join(folder, `secret-${handle}`), secret);
const asked = async (): Promise<string[]> => (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');

async function load(yaml: string, env: Readonly<Record<string, string>> = {}): Promise<Config> {
  await writeFile(join(folder, 'datadog-cluster.yaml'), yaml);
  const scrubber = new RulesScrubber();
  return loadConfig({ settings, env: { ...env }, path: folder, resolveSecrets: secretsAtLoad({ env: process.env, scrubber }) });
}

/** What an error and its causes say. */
function everythingOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${error.stack ?? ''} ${everythingOf(error.cause)}` : String(error);
}

describe('handles in the configuration', () => {
  it('are resolved by one run, in any type and depth, whatever stands around them', async () => {
    await put('key', 'k3y-of-datadog');
    await put('port', '6000');
    await put('other', 'k3y-of-another');
    const config = await load(
      `secret_backend_command: ${await backend(answering)}
api_key: " ENC[key]\t"
cluster_agent:
  cmd_port: ENC[port]
additional_endpoints:
  "https://other":
    - ENC[other]
    - ENC[key]
    - plain
`,
    );
    expect(config.get(configSettings.apiKey).reveal()).toBe('k3y-of-datadog');
    expect(config.get(port)).toBe(6000);
    expect(config.get(endpoints)).toEqual({ 'https://other': ['k3y-of-another', 'k3y-of-datadog', 'plain'] });
    expect(config.warnings).toEqual([]);
    expect(config.valuesOf('cluster_agent.cmd_port').at(-1)).toEqual({ source: 'agent-runtime', value: 6000 });
    const [first, ...more] = await asked();
    expect(more).toEqual([]);
    expect(JSON.parse(first ?? '')).toEqual({ version: '1.0', secrets: ['key', 'port', 'other'] });
  });

  it('of a weaker source are not asked for', async () => {
    const config = await load(`secret_backend_command: ${await backend('exit 1')}\napi_key: ENC[key]`, { DD_API_KEY: 'plain' });
    expect(config.get(configSettings.apiKey).reveal()).toBe('plain');
  });

  it('stay as they are without a backend, and one that must be something else is left out', async () => {
    const config = await load(`api_key: ENC[key]\ncluster_agent:\n  cmd_port: ENC[port]`);
    expect(config.get(configSettings.apiKey).reveal()).toBe('ENC[key]');
    expect(config.get(port)).toBe(5005);
    expect(config.warnings).toHaveLength(1);
  });

  it('whose secret does not fit are left out, and the secret is not shown', async () => {
    await put('port', 'hunter2');
    const config = await load(`secret_backend_command: ${await backend(answering)}\ncluster_agent:\n  cmd_port: ENC[port]`);
    expect(config.get(port)).toBe(5005);
    expect(config.warnings).toEqual([
      'cluster_agent.cmd_port is ignored: what the secret backend gave for it does not fit; correct the secret or the handle',
    ]);
  });

  it('are asked for with protocol 1.1 where there is a kind of store', async () => {
    await put('key', 'the-secret');
    await load(
      `secret_backend_command: ${await backend(answering)}
secret_backend_type: vault
secret_backend_config: { url: https://vault }
secret_backend_timeout: 12
api_key: ENC[key]
`,
    );
    expect(JSON.parse((await asked())[0] ?? '')).toEqual({
      version: '1.1',
      secrets: ['key'],
      secret_backend_timeout: 12,
      type: 'vault',
      config: { url: 'https://vault' },
    });
  });
});

describe('a backend that is no good', () => {
  const canary = 'canary-c0ffee-canary';
  it.each([
    ['fails', `echo oops >&2; exit 3`, `error while running 'CMD': exit status 3; it said: oops`],
    ['is killed', 'kill -9 $$', `error while running 'CMD': signal: SIGKILL`],
    ['hangs', 'sleep 60', `error while running 'CMD': command timeout`],
    ['leaves a child that hangs', 'sleep 60 & exit 0', `error while running 'CMD': command timeout`],
    ['says too much', 'head -c 200000 /dev/zero', `error while running 'CMD': command output was too long: exceeded 1000 bytes`],
    ['fails at length', 'head -c 200000 /dev/zero >&2', `error while running 'CMD': command output was too long: exceeded 1000 bytes`],
    ['does not speak JSON', `echo ${canary}`, `could not unmarshal 'secret_backend_command' output: it is not a JSON object`],
    ['says nothing', 'true', `could not unmarshal 'secret_backend_command' output: it is not a JSON object`],
    ['answers with a list', `echo '["${canary}"]'`, `could not unmarshal 'secret_backend_command' output: it is not a JSON object`],
    ['forgets the handle', `echo '{"other":{"value":"${canary}"}}'`, `secret handle 'key' was not resolved by the secret_backend_command`],
    [
      'has no secret',
      `echo '{"key":{"error":"no such secret","value":"${canary}"}}'`,
      `an error occurred while resolving 'key': no such secret`,
    ],
    ['has an empty secret', `echo '{"key":{"value":""}}'`, `resolved secret for 'key' is empty`],
    ['has a secret that is no text', `echo '{"key":{"value":12}}'`, `resolved secret for 'key' is empty`],
  ])('that %s keeps the agent from starting, with the reason', async (_, script, expected) => {
    const command = await backend(script);
    const yaml = `secret_backend_command: ${command}\nsecret_backend_timeout: 0.5\nsecret_backend_output_max_size: 1000\napi_key: ENC[key]`;
    const failure: unknown = await load(yaml).catch((error: unknown) => error);
    expect(everythingOf(failure)).toContain(`unable to decrypt secret from datadog-cluster.yaml: ${expected.replace('CMD', command)}`);
    expect(everythingOf(failure)).not.toContain(canary);
  });

  it('that reads nothing is no problem', async () => {
    const config = await load(`secret_backend_command: ${await backend(`echo '{"key":{"value":"the-secret"}}'`)}\napi_key: ENC[key]`);
    expect(config.get(configSettings.apiKey).reveal()).toBe('the-secret');
  });

  it('that does not exist is named', async () => {
    await expect(load(`secret_backend_command: /no/such/command\napi_key: ENC[key]`)).rejects.toThrow(
      `invalid executable '/no/such/command': can't stat it: ENOENT`,
    );
  });

  it.each([
    [0o755, false, `'group' or 'others' have rights on it`],
    [0o750, false, `'group' or 'others' have rights on it`],
    [0o704, false, `'group' or 'others' have rights on it`],
    [0o700, false, undefined],
    [0o500, false, undefined],
    [0o750, true, undefined],
    [0o550, true, undefined],
    [0o770, true, `'others' have rights on it or 'group' has write permissions on it`],
    [0o751, true, `'others' have rights on it or 'group' has write permissions on it`],
    [0o600, false, 'it is not executable by the user of the agent'],
  ])('is told by its rights: %o, group may run it: %s', async (mode, allowGroup, expected) => {
    const command = await backend(`echo '{"key":{"value":"the-secret"}}'`, mode);
    const loading = load(`secret_backend_command: ${command}\napi_key: ENC[key]`, {
      DD_SECRET_BACKEND_COMMAND_ALLOW_GROUP_EXEC_PERM: String(allowGroup),
    });
    if (expected === undefined) expect((await loading).get(configSettings.apiKey).reveal()).toBe('the-secret');
    else await expect(loading).rejects.toThrow(`invalid executable '${command}', ${expected}`);
  });

  it('may end its secrets with a line break', async () => {
    const command = await backend(String.raw`printf '{"key":{"value":"the-secret\\r\\n"}}'`);
    const config = await load(`secret_backend_command: ${command}\nsecret_backend_remove_trailing_line_break: true\nsite: ENC[key]`);
    expect(config.get(configSettings.site)).toBe('the-secret');
  });
});

async function start(config: Config) {
  const logged: Logged[] = [];
  const clock = manualClock();
  const list = [supply(Config, config), fakeLog(logged), fakeRandom(0.5), rulesScrubber, prometheusTelemetry, execSecrets] as const;
  const tested = await testApp(list, {
    requires: { secrets: Secrets, telemetry: Telemetry },
    clock,
    process: fakeProcess({ env: process.env }),
  });
  return { tested, logged, clock, ...tested.needs };
}

describe('the component', () => {
  it('knows what was resolved before it was there, and brings a new secret into the configuration', async () => {
    await put('key', 'the-first-secret');
    await put('other', 'the-first-other');
    await put('site', 'the-first-site');
    const config = await load(
      `secret_backend_command: ${await backend(answering)}
run_path: ${folder}
api_key: ENC[key]
site: ENC[site]
additional_endpoints: { "https://other": ["ENC[other]", plain] }
`,
    );
    const { tested, secrets, telemetry } = await start(config);
    await using _ = tested;
    const changes: SecretChange[] = [];
    const leave = secrets.subscribe((change) => void changes.push(change));
    expect(await secrets.refresh()).toBe('Number of secrets reloaded: 0\n');

    await put('key', 'the-second-secret');
    await put('other', 'the-second-other');
    await put('site', 'the-second-site');
    expect(await secrets.refresh()).toBe(
      [
        'Number of secrets reloaded: 2',
        'Secrets handle reloaded:',
        '',
        `- 'key':`,
        `\t- used in 'datadog-cluster.yaml' configuration in entry 'api_key'`,
        `- 'other':`,
        `\t- used in 'datadog-cluster.yaml' configuration in entry 'additional_endpoints/https://other/0'`,
        '',
      ].join('\n'),
    );
    expect(config.get(configSettings.apiKey).reveal()).toBe('the-second-secret');
    expect(config.get(endpoints)).toEqual({ 'https://other': ['the-second-other', 'plain'] });
    expect(config.get(configSettings.site)).toBe('the-first-site');
    expect(changes.map(({ handle }) => handle).toSorted()).toEqual(['key', 'other']);
    expect(JSON.parse((await asked()).at(-1) ?? '')).toMatchObject({ secrets: ['key', 'other'] });
    leave();

    const audit = await readFile(join(folder, 'secret-audit-file.json'), 'utf8');
    expect(
      audit
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { handle: 'key', value: '***************************ecret' },
      { handle: 'other', value: '********' },
    ]);
    expect((await stat(join(folder, 'secret-audit-file.json'))).mode & 0o777).toBe(0o600);
    expect(await telemetry.text()).toMatch(/^secret_backend__elapsed_ms\{command=".*backend.sh",exit_code="0"\} \d/m);
  });

  it('resolves what others ask for, asks for each handle once, and tells them when it changes', async () => {
    await put('a', 'the-secret-a');
    await put('b', 'the-secret-b');
    const { tested, secrets } = await start(await load(`secret_backend_command: ${await backend(answering)}\nrun_path: ${folder}`));
    await using _ = tested;
    const both = await Promise.all([
      secrets.resolve({ instances: [{ user: 'ENC[a]', password: 'ENC[b]', port: 1 }] }, 'redis'),
      secrets.resolve(['ENC[b]', 'ENC[a]', 'no ENC[a]', { 'ENC[a]': true }], 'mysql'),
      secrets.resolve({ plain: true }, 'plain'),
    ]);
    expect(both).toEqual([
      { instances: [{ user: 'the-secret-a', password: 'the-secret-b', port: 1 }] },
      ['the-secret-b', 'the-secret-a', 'no ENC[a]', { 'ENC[a]': true }],
      { plain: true },
    ]);
    expect(await asked()).toHaveLength(1);
    const changes: SecretChange[] = [];
    secrets.subscribe((change) => void changes.push(change));
    await put('a', 'the-new-secret');
    await secrets.refresh();
    expect(changes).toEqual([
      { handle: 'a', origin: 'redis', path: ['instances', '0', 'user'], value: 'the-new-secret' },
      { handle: 'a', origin: 'mysql', path: ['1'], value: 'the-new-secret' },
    ]);
  });

  it('refreshes by itself, first at a random time', async () => {
    await put('key', 'the-first-secret');
    const config = await load(
      `secret_backend_command: ${await backend(answering)}\nrun_path: ${folder}\nsecret_refresh_interval: 60\napi_key: ENC[key]`,
    );
    const { tested, clock } = await start(config);
    await using _ = tested;
    const changed = new Promise<unknown>((resolve) => void config.onChange(({ value }) => resolve(value)));
    await put('key', 'the-second-secret');
    await clock.advance(30_999);
    expect(await asked()).toHaveLength(1);
    await clock.advance(1);
    await changed;
    expect(config.get(configSettings.apiKey).reveal()).toBe('the-second-secret');
  });

  it('changes nothing when a refresh fails, and says why without secrets', async () => {
    await put('key', 'the-first-secret');
    const config = await load(`secret_backend_command: ${await backend(answering)}\nrun_path: ${folder}\napi_key: ENC[key]`);
    const { tested, secrets, telemetry, logged } = await start(config);
    await using _ = tested;
    await backend('echo the reason >&2; echo "the-first-secret"; exit 1');
    await expect(secrets.refresh()).rejects.toThrow('exit status 1');
    expect(config.get(configSettings.apiKey).reveal()).toBe('the-first-secret');
    expect(logged).toMatchObject([{ level: 'error', message: 'secret_backend_command failed', fields: { stderr: 'the reason' } }]);
    await backend(`echo '{"key":{"value":""}}'`);
    await expect(secrets.refresh()).rejects.toThrow(`resolved secret for 'key' is empty`);
    expect(await telemetry.text()).toContain('secret_backend__resolve_errors_count{error_kind="empty",handle="key"} 1');
  });

  it('goes on without an audit file, and when a listener fails', async () => {
    await put('key', 'the-first-secret');
    const config = await load(`secret_backend_command: ${await backend(answering)}\nrun_path: /no/such/folder\napi_key: ENC[key]`);
    const { tested, secrets, logged } = await start(config);
    await using _ = tested;
    secrets.subscribe(() => {
      throw new Error('listener is broken');
    });
    await put('key', 'the-second-secret');
    await secrets.refresh();
    expect(config.get(configSettings.apiKey).reveal()).toBe('the-second-secret');
    expect(logged.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn changed secrets could not be noted in the audit file',
      'error a new secret could not be used',
    ]);
  });

  it('does nothing without a backend', async () => {
    const { tested, secrets } = await start(await load('api_key: plain'));
    await using _ = tested;
    expect(await secrets.resolve({ a: 'ENC[a]' }, 'x')).toEqual({ a: 'ENC[a]' });
    expect(await secrets.refresh()).toBe('Number of secrets reloaded: 0\n');
  });
});
