import { isDeepStrictEqual } from 'node:util';
import { handleOf } from '../secrets/index.ts';
import { readDocument } from './document.ts';
import { readEnvironment, type Environment } from './environment.ts';
import { findFile, isThere, readText } from './file.ts';
import type { Gathered, Given } from './given.ts';
import { configSettings, type Config } from './index.ts';
import { unusedSettings } from './known-keys.ts';
import { LayeredConfig } from './layered.ts';
import { BadValueError, parse, written, type Setting } from './setting.ts';
import { readTree } from './tree.ts';

interface LoadOptions {
  /** What components declare; keys that only the Go agent reads are added. */
  readonly settings: readonly Setting[];
  readonly env: Environment;
  /** A file, or a folder that has a `datadog-cluster.yaml`. Default `/etc/datadog-agent`. */
  readonly path?: string | undefined;
  /** More files, whose values win over those before them. */
  readonly extraPaths?: readonly string[];
  /**
   * Replaces every `ENC[handle]` in plain data, whose keys are those of the configuration.
   *
   * @throws Error that names the handle, never the secret
   */
  readonly resolveSecrets?: (config: Config, data: Readonly<Record<string, unknown>>) => Promise<Readonly<Record<string, unknown>>>;
}

/**
 * Reads the configuration: files, then environment, then proxies, then secrets. A value that does not fit its key is left
 * out with a warning; nothing is logged.
 *
 * @throws ConfigFileError when a file cannot be read or is not YAML
 * @throws whatever `resolveSecrets` throws
 */
export async function loadConfig({ settings: declared, env, path, extraPaths = [], resolveSecrets }: LoadOptions): Promise<Config> {
  const settings = unite(declared);
  const main = await findFile(path);
  const more = await Promise.all(extraPaths.map(async (each) => [each, await isThere(each)] as const));
  const files = [...(main === undefined ? [] : [main]), ...more.filter(([, found]) => found).map(([each]) => each)];
  const missing = more.filter(([, found]) => !found).map(([each]) => `there is no ${each}; it is left out`);
  if (path !== undefined && main === undefined)
    missing.unshift(`${path} has no datadog-cluster.yaml; defaults and the environment are used`);
  const { given, warnings } = await gather(files, settings, env);
  warnings.unshift(...missing);
  const config = new LayeredConfig({ settings, files, warnings });
  const complaints = new Map(given.map((each) => [each, take(config, each)]));
  const resolved = resolveSecrets === undefined ? noKeys : await takeSecrets(config, given, resolveSecrets);
  for (const [{ key }, complaint] of complaints) if (complaint !== undefined && !resolved.has(key)) warnings.push(complaint);
  keepMetadataServicesDirect(config);
  return config;
}

const noKeys: ReadonlySet<string> = new Set();

/** What components declare, and what else the Go agent knows. */
function unite(declared: readonly Setting[]): readonly Setting[] {
  const byKey = new Map<string, Setting>();
  for (const each of declared) {
    const other = byKey.get(each.key) ?? each;
    if (other.type !== each.type || !isDeepStrictEqual(written(other, other.default), written(each, each.default))) {
      throw new Error(`setting ${each.key} is declared twice, differently: let one component declare it and the others import it`);
    }
    byKey.set(each.key, other);
  }
  return [...byKey.values(), ...unusedSettings().filter(({ key }) => !byKey.has(key))];
}

/** Weakest first: each file, then the environment. */
async function gather(
  files: readonly string[],
  settings: readonly Setting[],
  env: Environment,
): Promise<{ readonly given: readonly Given[]; readonly warnings: string[] }> {
  const byKey = new Map(settings.map((each) => [each.key, each]));
  const gathered: Gathered[] = [];
  for (const file of files) gathered.push(readTree(await readDocument(await readText(file), file), byKey));
  gathered.push(readEnvironment(settings, env));
  return { given: gathered.flatMap((each) => each.given), warnings: gathered.flatMap((each) => each.warnings) };
}

/** @returns why the value was left out */
function take(config: LayeredConfig, { key, setting, source, input, place }: Given): string | undefined {
  try {
    config.put(key, setting === undefined ? input : parse(setting, input), source);
    return undefined;
  } catch (error) {
    if (!(error instanceof BadValueError)) throw error;
    return `${place} is ignored: ${error.message}; correct or remove it`;
  }
}

/** @returns the keys whose handles have been replaced */
async function takeSecrets(
  config: LayeredConfig,
  given: readonly Given[],
  resolveSecrets: NonNullable<LoadOptions['resolveSecrets']>,
): Promise<ReadonlySet<string>> {
  const candidates = given.map(({ key, setting, input, source }) => {
    const taken = config.valuesOf(key).find((each) => each.source === source);
    return [key, taken === undefined ? input : written(setting, taken.value)] as const;
  });
  const wanted = [...new Map(candidates)].filter(([, value]) => hasHandle(value));
  if (wanted.length === 0) return noKeys;
  const resolved = await resolveSecrets(config, Object.fromEntries(wanted));
  const done = Object.entries(resolved).filter(([, value]) => !hasHandle(value));
  for (const [key, value] of done) takeSecret(config, key, value);
  return new Set(done.map(([key]) => key));
}

function takeSecret(config: LayeredConfig, key: string, value: unknown): void {
  const setting = config.find(key);
  try {
    config.put(key, setting === undefined ? value : parse(setting, value), 'agent-runtime');
  } catch (error) {
    if (!(error instanceof BadValueError)) throw error;
    config.warnings.push(`${key} is ignored: what the secret backend gave for it does not fit; correct the secret or the handle`);
  }
}

function hasHandle(value: unknown): boolean {
  if (typeof value === 'string') return handleOf(value) !== undefined;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasHandle);
}

/** Where clouds answer questions of their own machines: Amazon, Google and Azure, and Alibaba. */
const metadataServices = ['169.254.169.254', '100.100.100.200'];

function keepMetadataServicesDirect(config: LayeredConfig): void {
  const { proxyNoProxy, useProxyForCloudMetadata } = configSettings;
  if (config.get(useProxyForCloudMetadata)) return;
  config.set(proxyNoProxy, [...new Set([...config.get(proxyNoProxy), ...metadataServices])], 'agent-runtime');
}
