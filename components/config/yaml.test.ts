import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settings as settingsOfTheAgent } from '../../src/settings.ts';
import { variablesOf } from './environment.ts';
import { unreadable } from './file.ts';
import { configSettings, endpointOf, setting, type, type Config, wayOut } from './index.ts';
import { configSchema } from './json-schema.ts';
import { loadConfig } from './yaml.ts';

const port = setting('cluster_agent.cmd_port', { type: type.port, default: 5005, description: 'port' });
const enabled = setting('cluster_checks.enabled', { type: type.boolean, default: false, description: 'on' });
const period = setting('cluster_checks.rebalance_period', { type: type.duration, default: 600_000, description: 'period' });
const names = setting('extra_listeners', { type: type.list, default: [], description: 'names' });
const labels = setting('pod_labels', { type: type.map, default: {}, description: 'labels' });
const anything = setting<unknown>('checks', { type: type.any, default: [], description: 'checks' });
const level = setting('log_level', { type: type.choice('info', 'debug'), default: 'info', description: 'level' });
const url = setting('explorer_url', { type: type.text, default: '', env: ['DD_EXPLORER', 'DD_OLD_EXPLORER'], description: 'url' });
const { apiKey, site, proxyHttp, proxyHttps, proxyNoProxy } = configSettings;
const settings = [...Object.values(configSettings), port, enabled, period, names, labels, anything, level, url];
const metadata = ['169.254.169.254', '100.100.100.200'];

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
  file = join(folder, 'datadog-cluster.yaml');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const fromEnv = (env: Readonly<Record<string, string>>): Promise<Config> => loadConfig({ settings, env, path: folder });
async function fromFile(text: string | Uint8Array, env: Readonly<Record<string, string>> = {}): Promise<Config> {
  await writeFile(file, text);
  return fromEnv(env);
}
const unexpected = ({ warnings }: Config): readonly string[] => warnings.filter((each) => !each.includes('has no datadog-cluster.yaml'));

describe('the file', () => {
  it('gives values of every type, in any case, nested or dotted', async () => {
    const config = await fromFile(`
API_KEY: 0123
cluster_agent.cmd_port: "0x10"
Cluster_Checks:
  Enabled: yes
  rebalance_period: 90
extra_listeners: [kube_services, 1.10, true]
pod_labels: { app: name, Version: 1.0 }
checks: [{ port: 1.50 }]
LOG_LEVEL: DEBUG
explorer_url:
`);
    expect(unexpected(config)).toEqual([]);
    expect(config.get(apiKey).reveal()).toBe('0123');
    expect(config.get(port)).toBe(16);
    expect(config.get(enabled)).toBe(true);
    expect(config.get(period)).toBe(90_000);
    expect(config.get(names)).toEqual(['kube_services', '1.10', 'true']);
    expect(config.get(labels)).toEqual({ app: 'name', Version: '1.0' });
    expect(config.get(anything)).toEqual([{ port: 1.5 }]);
    expect(config.get(level)).toBe('debug');
    expect(config.isSet(url)).toBe(false);
    expect(config.files).toEqual([file]);
  });

  it('keeps keys that consist of digits as they are written', async () => {
    const digits = '12345678901234567890123456789012';
    expect((await fromFile(`api_key: ${digits}`)).get(apiKey).reveal()).toBe(digits);
  });

  it('sets a key that it leaves empty in quotes, and none that it leaves out', async () => {
    expect((await fromFile(`api_key: ""`)).isSet(apiKey)).toBe(true);
    expect((await fromFile(`api_key: ~`)).isSet(apiKey)).toBe(false);
    expect((await fromFile(`# nothing`)).isSet(apiKey)).toBe(false);
  });

  it('may use anchors and merges', async () => {
    const config = await fromFile(`x: &x { cmd_port: 1 }\ncluster_agent:\n  <<: *x\n`);
    expect(config.get(port)).toBe(1);
  });

  it('is found by its path, in a folder, and followed by more', async () => {
    const more = join(folder, 'more.yaml');
    await writeFile(file, 'site: one\nlog_level: debug');
    await writeFile(more, 'site: two');
    expect((await loadConfig({ settings, env: {}, path: file })).get(site)).toBe('one');
    const config = await loadConfig({ settings, env: {}, path: folder, extraPaths: [more, join(folder, 'none.yaml')] });
    expect([config.get(site), config.get(level), config.files]).toEqual(['two', 'debug', [file, more]]);
    expect(config.warnings).toEqual([`there is no ${join(folder, 'none.yaml')}; it is left out`]);
  });

  it('may have more documents, of which the first is read', async () => {
    const config = await fromFile('site: a\n---\nsite: b\n');
    expect([config.get(site), config.warnings]).toEqual(['a', [`${file}:2: only the first document is read`]]);
  });

  it('need not be there', async () => {
    expect((await fromEnv({})).warnings).toEqual([`${folder} has no datadog-cluster.yaml; defaults and the environment are used`]);
  });
});

describe('a file that cannot be read', () => {
  const canary = 'canary-c0ffee';
  it.each([
    ['broken', `site: x\napi_key: "${canary}\n`, /line \d: a quote, bracket, colon or comma is missing here or above \(MISSING_CHAR\)/],
    ['badly indented', `a:\n    b: ${canary}\n  c: 1`, /line \d: .*\((?:BAD_INDENT|IMPOSSIBLE|MISSING_CHAR)\)/],
    ['with tabs', `a:\n\tb: ${canary}`, /line 2: indent with spaces, not with tabs \(TAB_AS_INDENT\)/],
    ['a key with two values', `api_key: ${canary}: x`, /line 1: a key has two values; .*\(BLOCK_AS_IMPLICIT_KEY\)/],
    ['a list', `- ${canary}`, /line 1: it must consist of keys and values/],
    ['a text', canary, /line 1: it must consist of keys and values/],
    ['an alias of nothing', `a: *${canary}`, /.*(?:aliases|BAD_ALIAS)/],
    ['an alias bomb', bomb(), /its aliases refer to too much/],
    ['nested without end', '['.repeat(50_000), /nested too deeply|line 1/],
    ['binary', new Uint8Array([0xff, 0xfe, 0x00, 0x80]), /it is not UTF-8 text; save it as UTF-8/],
    ['zeros', new Uint8Array(1000), /line 1/],
    ['huge', `a: ${'x'.repeat(5_000_000)}`, /it has 5000003 bytes, more than the 4194304 that are read/],
  ])('because it is %s is one error that says where and what to do, not what is in it', async (_, text, expected) => {
    const error: unknown = await fromFile(text).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(Error);
    const { message, stack = '', cause } = error as Error;
    expect(message).toMatch(`unable to load Datadog config file: ${file}: `);
    expect(message).toMatch(expected);
    expect(`${message} ${stack} ${String(cause)}`).not.toContain(canary);
  });

  function bomb(): string {
    const levels = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    const each = (name: string, index: number): string =>
      `${name}: &${name} [${Array(9)
        .fill(index === 0 ? 'lol' : `*${levels[index - 1]}`)
        .join(', ')}]`;
    return levels.map(each).join('\n');
  }

  it('because it is not there', async () => {
    await expect(loadConfig({ settings, env: {}, path: join(folder, 'none') })).rejects.toThrow(
      `unable to load Datadog config file: ${join(folder, 'none')}: it does not exist; correct the path`,
    );
  });

  it('because it is a folder or a device', async () => {
    await mkdir(file);
    await expect(fromEnv({})).rejects.toThrow(`${file}: it is not a regular file; name a YAML file`);
    await expect(loadConfig({ settings, env: {}, path: '/dev/zero' })).rejects.toThrow('it is not a regular file');
  });

  it('because it may not be', () => {
    // The user of a test may be root, who may read everything.
    const { message } = unreadable(file, Object.assign(new Error('no'), { code: 'EACCES' }));
    expect(message).toBe(
      `cannot access the Datadog config file (${file}: permission denied); try running the command under the same user as the Datadog Agent`,
    );
  });
});

describe('what does not fit', () => {
  it('is left out with one warning that says what, where and what else', async () => {
    const config = await fromFile(
      `site: datadoghq.eu
cluster_agent:
  cmd_port: 70000
cluster_checks: on
extra_listeners: { a: 1 }
log_level: loud
api_key: [hunter2]
clsuter_agent: { cmd_port: 1 }
`,
      { DD_CLUSTER_CHECKS_REBALANCE_PERIOD: '10 minutes', DD_CLUSTER_AGENT_CMDPORT: '1', DD_FOOBAR: '7500' },
    );
    expect(unexpected(config)).toEqual([
      `${file}:4: cluster_checks is ignored: it must have keys of its own, such as cluster_checks.enabled`,
      `Unknown key in config file: clsuter_agent (did you mean cluster_agent?), at ${file}:8`,
      'Unknown environment variable: DD_CLUSTER_AGENT_CMDPORT (did you mean DD_CLUSTER_AGENT_CMD_PORT?)',
      'Unknown environment variable: DD_FOOBAR',
      `${file}:3 is ignored: cluster_agent.cmd_port must be a port, 0 to 65535, not 70000; correct or remove it`,
      `${file}:5 is ignored: extra_listeners must be a list of texts, in a variable separated by spaces or a JSON array, not {"a":1}; correct or remove it`,
      `${file}:6 is ignored: log_level must be one of info, debug, not "loud"; correct or remove it`,
      `${file}:7 is ignored: api_key must be text; correct or remove it`,
      'DD_CLUSTER_CHECKS_REBALANCE_PERIOD is ignored: cluster_checks.rebalance_period must be a duration such as 30s or 1h30m, or a number of seconds, not "10 minutes"; correct or remove it',
    ]);
    expect([config.get(port), config.get(level), config.get(period), config.get(site)]).toEqual([5005, 'info', 600_000, 'datadoghq.eu']);
  });

  it('leaves the value of a weaker source', async () => {
    const config = await fromFile('cluster_agent:\n  cmd_port: 1', { DD_CLUSTER_AGENT_CMD_PORT: 'x' });
    expect(config.get(port)).toBe(1);
  });

  it('is counted where there is a lot of it', async () => {
    const many = Array.from({ length: 2000 }, (_, index) => `unheard_${index}: 1`).join('\n');
    const { warnings } = await fromFile(many);
    expect(warnings).toHaveLength(21);
    expect(warnings.at(-1)).toBe('and 1980 more of these');
  });

  it('is a key that is given twice: the last one counts', async () => {
    const config = await fromFile('site: a\nsite: b');
    expect([config.get(site), config.warnings]).toEqual([
      'b',
      [`${file}:2: site is given more than once; the last one counts, remove the others`],
    ]);
  });

  it('is a setting that two components declare differently', async () => {
    const other = setting(port.key, { type: type.integer, default: 1, description: 'port' });
    await expect(loadConfig({ settings: [...settings, other], env: {}, path: folder })).rejects.toThrow(
      'setting cluster_agent.cmd_port is declared twice, differently',
    );
  });
});

describe('the environment', () => {
  it('wins over the file, unless it is empty', async () => {
    const config = await fromFile('site: a\nlog_level: debug', { DD_SITE: 'b', DD_LOG_LEVEL: '' });
    expect([config.get(site), config.get(level)]).toEqual(['b', 'debug']);
    expect(config.valuesOf('site')).toEqual([
      { source: 'default', value: 'datadoghq.com' },
      { source: 'file', value: 'a' },
      { source: 'environment-variable', value: 'b' },
    ]);
  });

  it('has more names for some keys; the first that says something counts', async () => {
    expect((await fromEnv({ DD_EXPLORER: 'b', DD_OLD_EXPLORER: 'c' })).get(url)).toBe('b');
    expect((await fromEnv({ DD_EXPLORER_URL: 'a', DD_EXPLORER: 'b' })).get(url)).toBe('a');
    expect((await fromEnv({ DD_EXPLORER_URL: '', DD_OLD_EXPLORER: 'c' })).get(url)).toBe('c');
  });

  it('takes white space off keys', async () => {
    expect((await fromEnv({ DD_API_KEY: ' key\n' })).get(apiKey).reveal()).toBe('key');
  });

  it('does not mistake what Kubernetes says of services for settings', async () => {
    const config = await fromEnv({
      DD_AGENT_SERVICE_HOST: '10.0.0.1',
      DD_AGENT_SERVICE_PORT_AGENTPORT: '5005',
      DD_AGENT_PORT: 'tcp://10.0.0.1:5005',
      DD_AGENT_PORT_5005_TCP_ADDR: '10.0.0.1',
      DD_CLUSTER_AGENT_CMD_PORT: 'tcp://10.0.0.1:5005',
    });
    expect(unexpected(config)).toEqual([
      'DD_CLUSTER_AGENT_CMD_PORT is ignored: cluster_agent.cmd_port must be a port, not "tcp://10.0.0.1:5005"; correct or remove it',
    ]);
  });

  it('carries any list, map, duration and flag', async () => {
    const text = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'b', '-', '_', '=', '"', ',', '日') });
    const unit = fc.constantFrom(['ms', 1] as const, ['s', 1000] as const, ['m', 60_000] as const, ['h', 3_600_000] as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(text),
        fc.dictionary(text, fc.string()),
        fc.tuple(fc.nat(5000), unit),
        async (list, map, [amount, [name, length]]) => {
          const config = await fromEnv({
            DD_EXTRA_LISTENERS: list.join(' '),
            DD_POD_LABELS: JSON.stringify(map),
            DD_CLUSTER_CHECKS_REBALANCE_PERIOD: `${amount}${name}`,
            DD_CLUSTER_CHECKS_ENABLED: amount % 2 === 0 ? 'T' : 'False',
          });
          expect(unexpected(config)).toEqual([]);
          expect(config.get(names)).toEqual(list);
          expect(config.get(labels)).toEqual(map);
          expect(config.get(period)).toBe(amount * length);
          expect(config.get(enabled)).toBe(amount % 2 === 0);
          const json = await fromEnv({ DD_EXTRA_LISTENERS: JSON.stringify(list) });
          expect(json.get(names)).toEqual(list);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('harms nothing, whatever it says, and what it says is not repeated where it may be a secret', async () => {
    const canary = 'canary-c0ffee-canary-c0ffee';
    const hostile = fc.oneof(
      fc.string(),
      fc.constantFrom('{', '[', '[1', '{}', '[]', 'null', '1e999', '-1', '١', '0x', 'NaN', '1h2', `${canary}: [`),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (value) => {
        const env = Object.fromEntries(settings.flatMap((each) => variablesOf(each)).map((name) => [name, `${value}${canary}`]));
        const config = await fromEnv(env);
        expect(config.warnings.join('\n')).not.toContain(canary);
      }),
      { numRuns: 40 },
    );
  });
});

describe('proxies', () => {
  it('come from the file, then from the variables of others, then from our own', async () => {
    const yaml = 'proxy: { http: "http://a", https: "http://a", no_proxy: [a, b] }';
    const config = await fromFile(yaml, { HTTP_PROXY: 'http://b', https_proxy: 'http://b', DD_PROXY_HTTPS: 'http://c', NO_PROXY: 'c,d' });
    expect([config.get(proxyHttp), config.get(proxyHttps)]).toEqual(['http://b', 'http://c']);
    expect(config.get(proxyNoProxy)).toEqual(['c', 'd', ...metadata]);
    expect((await fromEnv({ DD_PROXY_NO_PROXY: 'c d' })).get(proxyNoProxy)).toEqual(['c', 'd', ...metadata]);
  });

  it('need no scheme, but must be something that can be used', async () => {
    expect((await fromEnv({ HTTPS_PROXY: 'me:hunter2@proxy:3128' })).get(proxyHttps)).toBe('http://me:hunter2@proxy:3128');
    for (const wrong of ['socks5://me:hunter2@proxy:1080', 'http://me:hunter2@[bad']) {
      const config = await fromEnv({ HTTPS_PROXY: wrong });
      expect(config.get(proxyHttps)).toBe('');
      const warning =
        'HTTPS_PROXY is ignored: proxy.https must be the URL of an HTTP proxy, such as http://proxy:3128; correct or remove it';
      expect(config.warnings).toContain(warning);
      expect(config.warnings.join()).not.toContain('hunter2');
    }
  });

  it('are passed over as Go does it with no_proxy_nonexact_match', async () => {
    const { NO_PROXY: exact } = wayOut(await fromEnv({ NO_PROXY: 'datadoghq.com,.eu' })).proxyEnv;
    expect(exact).toBe(['datadoghq.com', '.eu', ...metadata].join(','));
    const { NO_PROXY: open } = wayOut(await fromEnv({ NO_PROXY: 'datadoghq.com,.eu', DD_NO_PROXY_NONEXACT_MATCH: 'true' })).proxyEnv;
    expect(open.split(',')).toEqual(expect.arrayContaining(['datadoghq.com', '.datadoghq.com', '.eu']));
  });

  it('are not used for the metadata of clouds, unless that is wanted', async () => {
    expect((await fromEnv({})).get(proxyNoProxy)).toEqual(metadata);
    expect((await fromEnv({ DD_USE_PROXY_FOR_CLOUD_METADATA: 'true' })).get(proxyNoProxy)).toEqual([]);
  });
});

describe('endpoints', () => {
  it('follow the site, or what is set for them', async () => {
    const config = await fromEnv({ DD_SITE: 'datadoghq.eu', DD_EXPLORER: 'https://other' });
    expect([endpointOf(config, 'app'), endpointOf(config, 'app', url), endpointOf(config, 'app', configSettings.ddUrl)]).toEqual([
      'https://app.datadoghq.eu',
      'https://other',
      'https://app.datadoghq.eu',
    ]);
  });
});

/** What Helm chart 3.87.1 sets, and what newer charts add; `_*` stands for what the reference abbreviates. */
const chart = `
DD_POD_NAME DD_HEALTH_PORT DD_API_KEY DD_LANGUAGE_DETECTION_ENABLED DD_LANGUAGE_DETECTION_REPORTING_ENABLED DD_ADMISSION_CONTROLLER_ENABLED
DD_ADMISSION_CONTROLLER_VALIDATION_ENABLED DD_ADMISSION_CONTROLLER_MUTATION_ENABLED DD_ADMISSION_CONTROLLER_WEBHOOK_NAME
DD_ADMISSION_CONTROLLER_MUTATE_UNLABELLED DD_ADMISSION_CONTROLLER_SERVICE_NAME DD_ADMISSION_CONTROLLER_INJECT_CONFIG_MODE
DD_ADMISSION_CONTROLLER_INJECT_CONFIG_LOCAL_SERVICE_NAME DD_ADMISSION_CONTROLLER_FAILURE_POLICY DD_ADMISSION_CONTROLLER_PORT
DD_ADMISSION_CONTROLLER_CONTAINER_REGISTRY DD_REMOTE_CONFIGURATION_ENABLED DD_CLUSTER_CHECKS_ENABLED DD_EXTRA_CONFIG_PROVIDERS DD_EXTRA_LISTENERS
DD_LOG_LEVEL DD_LEADER_ELECTION DD_LEADER_ELECTION_DEFAULT_RESOURCE DD_LEADER_LEASE_NAME DD_LEADER_LEASE_DURATION DD_CLUSTER_AGENT_TOKEN_NAME
DD_COLLECT_KUBERNETES_EVENTS DD_KUBERNETES_USE_ENDPOINT_SLICES DD_KUBERNETES_EVENTS_SOURCE_DETECTION_ENABLED DD_CLUSTER_AGENT_KUBERNETES_SERVICE_NAME
DD_CLUSTER_AGENT_AUTH_TOKEN DD_CLUSTER_AGENT_COLLECT_KUBERNETES_TAGS DD_KUBE_RESOURCES_NAMESPACE DD_ORCHESTRATOR_EXPLORER_ENABLED
DD_ORCHESTRATOR_EXPLORER_CONTAINER_SCRUBBING_ENABLED DD_CLUSTER_AGENT_LANGUAGE_DETECTION_PATCHER_ENABLED DD_INSTRUMENTATION_INSTALL_TIME
DD_INSTRUMENTATION_INSTALL_ID DD_INSTRUMENTATION_INSTALL_TYPE DD_APP_KEY DD_EXTERNAL_METRICS_PROVIDER_ENABLED DD_EXTERNAL_METRICS_PROVIDER_PORT
DD_EXTERNAL_METRICS_PROVIDER_WPA_CONTROLLER DD_EXTERNAL_METRICS_PROVIDER_USE_DATADOGMETRIC_CRD DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT
DD_EXTERNAL_METRICS_AGGREGATOR DD_CONTAINER_INCLUDE DD_CONTAINER_EXCLUDE DD_SECRET_BACKEND_COMMAND DD_SECRET_BACKEND_ARGUMENTS DD_SECRET_BACKEND_TIMEOUT
DD_SECRET_BACKEND_TYPE DD_SECRET_BACKEND_CONFIG DD_SECRET_REFRESH_INTERVAL DD_CLUSTER_NAME DD_TAGS DD_KUBERNETES_NODE_LABELS_AS_TAGS
DD_KUBERNETES_POD_LABELS_AS_TAGS DD_KUBERNETES_POD_ANNOTATIONS_AS_TAGS DD_KUBERNETES_NAMESPACE_LABELS_AS_TAGS DD_KUBERNETES_NAMESPACE_ANNOTATIONS_AS_TAGS
DD_KUBERNETES_RESOURCES_LABELS_AS_TAGS DD_KUBERNETES_RESOURCES_ANNOTATIONS_AS_TAGS DD_SITE DD_DD_URL DD_EXCLUDE_PAUSE_CONTAINER
DD_PROMETHEUS_SCRAPE_ENABLED DD_PROMETHEUS_SCRAPE_SERVICE_ENDPOINTS DD_PROMETHEUS_SCRAPE_CHECKS DD_PROMETHEUS_SCRAPE_VERSION
DD_CLUSTER_AGENT_SERVICE_ACCOUNT_NAME DD_AUTOSCALING_WORKLOAD_ENABLED DD_AUTOSCALING_WORKLOAD_IN_PLACE_VERTICAL_SCALING_ENABLED
DD_COMPLIANCE_CONFIG_ENABLED DD_COMPLIANCE_CONFIG_CHECK_INTERVAL DD_ADMISSION_CONTROLLER_ADD_AKS_SELECTORS
DD_ADMISSION_CONTROLLER_AUTO_INSTRUMENTATION_APPSEC_ENABLED DD_ADMISSION_CONTROLLER_AUTO_INSTRUMENTATION_APPSEC_SCA_ENABLED
DD_ADMISSION_CONTROLLER_AUTO_INSTRUMENTATION_CONTAINER_REGISTRY_ALLOW_LIST DD_ADMISSION_CONTROLLER_AUTO_INSTRUMENTATION_IAST_ENABLED
DD_ADMISSION_CONTROLLER_AUTO_INSTRUMENTATION_PATCHER_ENABLED DD_ADMISSION_CONTROLLER_AUTO_INSTRUMENTATION_PROFILING_ENABLED
DD_ADMISSION_CONTROLLER_CWS_INSTRUMENTATION_ENABLED DD_ADMISSION_CONTROLLER_CWS_INSTRUMENTATION_MODE
DD_ADMISSION_CONTROLLER_KUBERNETES_ADMISSION_EVENTS_ENABLED DD_ADMISSION_CONTROLLER_PROBE_ENABLED DD_ADMISSION_CONTROLLER_PROBE_INTERVAL
DD_ADMISSION_CONTROLLER_PROBE_GRACE_PERIOD DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_ENABLED DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_CLUSTER_AGENT_ENABLED
DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_CLUSTER_AGENT_TLS_VERIFICATION_ENABLED
DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_CLUSTER_AGENT_TLS_VERIFICATION_COPY_CA_CONFIGMAP DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_CONTAINER_REGISTRY
DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_IMAGE_NAME DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_IMAGE_TAG DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_PROFILES
DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_PROVIDER DD_ADMISSION_CONTROLLER_AGENT_SIDECAR_SELECTORS DD_APM_INSTRUMENTATION_ENABLED
DD_APM_INSTRUMENTATION_ENABLED_NAMESPACES DD_APM_INSTRUMENTATION_DISABLED_NAMESPACES DD_APM_INSTRUMENTATION_LIB_VERSIONS
DD_APM_INSTRUMENTATION_TARGETS DD_APM_INSTRUMENTATION_INJECTION_MODE DD_APM_INSTRUMENTATION_INJECTOR_IMAGE_TAG DD_CSI_ENABLED
DD_KUBERNETES_KUBE_SERVICE_IGNORE_READINESS DD_AUTOSCALING_FAILOVER_ENABLED DD_AUTOSCALING_CLUSTER_ENABLED DD_AUTOSCALING_CLUSTER_SPOT_ENABLED
DD_PRIVATE_ACTION_RUNNER_ENABLED DD_PRIVATE_ACTION_RUNNER_URN DD_PRIVATE_ACTION_RUNNER_PRIVATE_KEY DD_PRIVATE_ACTION_RUNNER_SELF_ENROLL
DD_PRIVATE_ACTION_RUNNER_ACTIONS_ALLOWLIST DD_PRIVATE_ACTION_RUNNER_IDENTITY_SECRET_NAME DD_KUBEACTIONS_ENABLED DD_CEL_WORKLOAD_EXCLUDE
DD_APPSEC_PROXY_ENABLED DD_CLUSTER_AGENT_APPSEC_INJECTOR_ENABLED DD_CLUSTER_AGENT_APPSEC_INJECTOR_MODE DD_INSTRUMENTATION_CRD_CONTROLLER_ENABLED
DD_ORCHESTRATOR_EXPLORER_CUSTOM_RESOURCES_OOTB_GATEWAY_API DD_DOGSTATSD_SOCKET DD_TRACE_AGENT_HOST_SOCKET_PATH DD_PROVIDER_KIND
DD_SECRET_BACKEND_COMMAND_ALLOW_GROUP_EXEC_PERM`;

/** What the operator 1.11.0 sets besides. */
const operator =
  'DD_AUTH_TOKEN_FILE_PATH DD_EXTERNAL_METRICS_PROVIDER_API_KEY DD_EXTERNAL_METRICS_PROVIDER_APP_KEY DD_ORCHESTRATOR_ADDITIONAL_ENDPOINTS';

describe('the agent', () => {
  it('knows every variable that the chart and the operator set', async () => {
    const variables = `${chart} ${operator}`.trim().split(/\s+/);
    const env = Object.fromEntries(variables.map((name) => [name, '1']));
    const { warnings } = await loadConfig({ settings: settingsOfTheAgent, env, path: folder });
    expect(variables.length).toBeGreaterThan(110);
    expect(warnings.filter((each) => each.startsWith('Unknown') || each.startsWith('and'))).toEqual([]);
  });

  it('only warns of nonsense', async () => {
    const env = { DD_FOOBAR: '7500', DD_QUOTED: '"x"', DD_ENV_DICT_KEY: 'x', DD_CLUSTER_NAME: 'x'.repeat(90) };
    const config = await loadConfig({ settings: settingsOfTheAgent, env, path: folder });
    expect(unexpected(config)).toEqual(
      ['DD_ENV_DICT_KEY', 'DD_FOOBAR', 'DD_QUOTED'].map((name) => `Unknown environment variable: ${name}`),
    );
  });

  it('gives every key a default of its own type, and one place', async () => {
    const config = await loadConfig({ settings: settingsOfTheAgent, env: {}, path: folder });
    for (const each of config.known) if (each.default !== undefined) config.set(each, each.default, 'cli');
    expect(new Set(config.known.map(({ key }) => key)).size).toBe(config.known.length);
    expect(config.known.filter(({ key }) => key !== key.toLowerCase())).toEqual([]);
    expect(config.find('expvar_port')?.isUsed).toBe(false);
    expect(config.find('site')?.isUsed).toBe(true);
  });
});

describe('the schema', () => {
  it('describes the file: types, defaults, and what has no effect', () => {
    const unused = { ...setting('old.key', { type: type.integer, default: 3, description: 'old' }), isUsed: false };
    expect(configSchema([port, period, level, apiKey, names, anything, unused])).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'datadog-cluster.yaml',
      type: 'object',
      properties: {
        cluster_agent: {
          type: 'object',
          properties: { cmd_port: { type: 'integer', minimum: 0, maximum: 65_535, description: 'port', default: 5005 } },
        },
        cluster_checks: {
          type: 'object',
          properties: {
            rebalance_period: {
              type: ['string', 'number'],
              description: 'period (a duration such as 30s or 1h30m, or a number of seconds)',
              default: '10m0s',
            },
          },
        },
        log_level: { type: 'string', enum: ['info', 'debug'], description: 'level', default: 'info' },
        api_key: { type: ['string', 'number'], description: 'Datadog API key' },
        extra_listeners: { type: ['array', 'string'], items: { type: ['string', 'number', 'boolean'] }, description: 'names', default: [] },
        checks: { description: 'checks', default: [] },
        old: {
          type: 'object',
          properties: {
            key: {
              type: 'integer',
              minimum: -9_007_199_254_740_991,
              maximum: 9_007_199_254_740_991,
              description: 'old',
              default: 3,
              deprecated: true,
            },
          },
        },
      },
    });
  });

  it('can be made of everything that the agent knows', async () => {
    const { known } = await loadConfig({ settings: settingsOfTheAgent, env: {}, path: folder });
    expect(Object.keys(configSchema(known)['properties'] as object).length).toBeGreaterThan(100);
  });
});
