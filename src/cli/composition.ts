import { dirname, join } from 'node:path';
import { apiServerSettings } from '../../components/api-server/index.ts';
import { existingAuthTokens } from '../../components/auth-token/files.ts';
import { AuthTokens, authTokenSettings } from '../../components/auth-token/index.ts';
import { Config, configSettings, endpointOf, type Setting, wayOut } from '../../components/config/index.ts';
import { configSchema } from '../../components/config/json-schema.ts';
import { loadConfig } from '../../components/config/yaml.ts';
import { datadogSuite } from '../../components/diagnose/datadog-suite.ts';
import { DiagnoseSuite, type DiagnoseReport } from '../../components/diagnose/index.ts';
import { kubernetesSuite } from '../../components/diagnose/kubernetes-suite.ts';
import { runSuites } from '../../components/diagnose/run.ts';
import { configurationFlare } from '../../components/flare/configuration.ts';
import { environmentFlare } from '../../components/flare/environment.ts';
import { Flare } from '../../components/flare/index.ts';
import { zipFlare } from '../../components/flare/zip.ts';
import { hostnameChain } from '../../components/hostname/chain.ts';
import { agentTransport } from '../../components/kubernetes/agent-transport.ts';
import { rememberedDenials } from '../../components/kubernetes/denials.ts';
import { httpKubernetes } from '../../components/kubernetes/http-kubernetes.ts';
import { Kubernetes } from '../../components/kubernetes/index.ts';
import { logFlare } from '../../components/log/flare.ts';
import { silentLog } from '../../components/log/silent.ts';
import { mountedOwnPod } from '../../components/own-pod/mounted.ts';
import { systemRandom } from '../../components/random/system.ts';
import { RulesScrubber, rulesScrubber } from '../../components/scrubber/rules.ts';
import { secretsAtLoad } from '../../components/secrets/at-load.ts';
import { telemetrySettings } from '../../components/telemetry/index.ts';
import { prometheusTelemetry } from '../../components/telemetry/prometheus.ts';
import { many, oneShot, supply, type Component } from '../fx/index.ts';
import { settings } from '../settings.ts';
import { version } from '../version.ts';
import { AgentClient, UnreachableAgentError } from './agent-client.ts';
import { CommandError } from './command.ts';
import type { Support } from './flare-upload.ts';

/** The configuration as an agent at this path has it; `ENC[handle]` stays, because not every command needs what it stands for. */
export function readConfig(path: string | undefined): Promise<Config> {
  return loadConfig({ settings, env: process.env, path });
}

/** What a configuration file may say, as a JSON Schema. */
export async function schemaOfConfig(path: string | undefined): Promise<unknown> {
  return configSchema((await readConfig(path)).known);
}

/** The configuration with secrets. Never for `secret-helper`: the agent asks it for them. */
export function readConfigWithSecrets(path: string | undefined): Promise<Config> {
  const { env } = process;
  return loadConfig({ settings, env, path, resolveSecrets: secretsAtLoad({ env, scrubber: new RulesScrubber() }) });
}

interface ConnectOptions {
  /** Milliseconds for each answer. Default 10 000. */
  readonly timeoutMs?: number;
  /** Which setting names the host. Default: the host is this machine. */
  readonly host?: Setting<string>;
}

/** What every command that asks the agent is made of. */
const common = (config: Config) => [supply(Config, config), silentLog, rulesScrubber] as const;

/**
 * The running agent whose configuration lies at this path.
 *
 * @throws UnreachableAgentError when it has left no token
 */
export async function connect(path: string | undefined, { timeoutMs = 10_000, host }: ConnectOptions = {}): Promise<AgentClient> {
  const config = await readConfig(path);
  const token = await oneShot([...common(config), existingAuthTokens], { tokens: AuthTokens }, ({ tokens }) => sessionToken(tokens));
  const tokenFile =
    config.get(authTokenSettings.sessionTokenPath) || join(dirname(config.files[0] ?? '/etc/datadog-agent/.'), 'auth_token');
  const at = host === undefined ? 'localhost' : thisMachine(config.get(host), host.key);
  return new AgentClient({ host: at, port: config.get(apiServerSettings.cmdPort), token, tokenFile, timeoutMs });
}

function sessionToken(tokens: AuthTokens): string {
  try {
    return tokens.get('session').reveal();
  } catch (error) {
    throw new UnreachableAgentError(messageOf(error), { cause: error });
  }
}

/** A token is sent there: it must not leave the machine. */
function thisMachine(host: string, key: string): string {
  if (host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)) return host;
  throw new CommandError(`${key} is "${host}", which is not this machine; set it to localhost`);
}

/** What the agent serves on its metrics port: `/metrics`, and to this machine `/debug/...`. */
export async function fromMetricsPort(path: string | undefined, resource: string, timeoutMs = 10_000): Promise<string> {
  const config = await readConfig(path);
  const url = `http://localhost:${config.get(telemetrySettings.port)}${resource}`;
  const asked = fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).then(async (answer) => ({ answer, text: await answer.text() }));
  const { answer, text } = await asked.catch((error: unknown) => {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
    throw new UnreachableAgentError(`Could not reach agent: ${reason}\n  tried      GET ${url}\nMake sure the agent is running.`, {
      cause: error,
    });
  });
  if (answer.status === 409) throw new CommandError(text.trim());
  if (!answer.ok) throw new CommandError(`${url} answers with ${answer.status}: another program may have that port`);
  return text;
}

/** A Kubernetes API client without an agent around it. */
const kubernetesParts = [systemRandom, prometheusTelemetry, rememberedDenials, agentTransport, httpKubernetes] as const;

/** @throws KubernetesError, or Error when the secret has no such key */
export async function kubernetesSecret(path: string | undefined, { namespace, name, key }: SecretKey): Promise<string> {
  const config = await readConfig(path);
  const target = { resource: { group: '', version: 'v1', plural: 'secrets', namespaced: true }, namespace, name };
  return oneShot([...common(config), ...kubernetesParts], { kubernetes: Kubernetes }, async ({ kubernetes }, signal) => {
    const { data = {} } = await kubernetes.get<{ readonly data?: Readonly<Record<string, string>> }>(target, { signal });
    const value = data[key];
    if (value === undefined) throw new Error(`key ${key} not found in secret ${namespace}/${name}`);
    return Buffer.from(value, 'base64').toString();
  });
}

interface SecretKey {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** What an agent would find of what it depends on, if it ran here. */
export async function diagnoseHere(path: string | undefined): Promise<DiagnoseReport> {
  const config = await readConfigWithSecrets(path);
  const list = [...common(config), ...kubernetesParts, kubernetesSuite, datadogSuite] as const;
  return oneShot(list, { suites: many(DiagnoseSuite) }, ({ suites }, signal) => runSuites(suites, signal));
}

/** An archive for support of what lies on the disk. @param because why the agent did not make it @returns its path */
export async function flareHere(path: string | undefined, because: string): Promise<string> {
  const config = await readConfig(path);
  const list = [...common(config), mountedOwnPod, hostnameChain, logFlare, configurationFlare, environmentFlare, zipFlare] as const;
  return oneShot(list, { flare: Flare }, ({ flare }, signal) => flare.create({ local: Buffer.from(`${because}\n`) }, signal));
}

/** What `dd_url` may name of a site of Datadog; anything else is a place of the user's own, and asked as it is. */
const webApp = /^(https:\/\/)app(?=(?:\.[a-z]{2}\d)?\.(?:datad(?:oghq|0g)\.(?:com|eu)|ddog-gov\.com)(?:$|[/:]))/;

/** Where an archive for support is sent, with which key, and how. */
export async function support(path: string | undefined): Promise<Support> {
  const config = await readConfigWithSecrets(path);
  const { major, minor, patch } = version;
  const host = `${major}-${minor}-${patch}-flare.agent`;
  const url = endpointOf(config, host, configSettings.ddUrl).replace(webApp, `$1${host}`);
  return { url, apiKey: config.get(configSettings.apiKey), wayOut: wayOut(config) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The agent as a start would make it. It is imported here, because most commands only ask the running one. */
export async function plannedAgent(path: string | undefined) {
  const [config, { planClusterAgent }] = await Promise.all([readConfigWithSecrets(path), import('../cluster-agent.ts')]);
  return planClusterAgent(config);
}

/** Runs the agent, and what is to run beside it, until it is asked to stop. @returns the exit code */
export async function runAgent(config: Config, beside: readonly Component<never, `fx.${string}`>[] = []): Promise<number> {
  const { runClusterAgent } = await import('../cluster-agent.ts');
  return runClusterAgent(config, beside);
}
