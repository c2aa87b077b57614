import { Clock, component, Jobs, many, Process } from '../../src/fx/index.ts';
import { Config, parse, secretSettings, written, type Source } from '../config/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { Log } from '../log/index.ts';
import { Random } from '../random/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { audit } from './audit.ts';
import { backendOf, defaultSizeMax, type Backend, type BackendWatcher } from './backend.ts';
import { messageOf } from './backend-error.ts';
import { Secrets, type SecretChange } from './index.ts';
import { configOrigin, Vault, type Use } from './vault.ts';
import { handlesIn, valueAt, withValueAt } from './walk.ts';

interface Needs {
  readonly config: Config;
  readonly log: Log;
  readonly scrubber: Scrubber;
}

class ExecSecrets implements Secrets {
  readonly #needs: Needs;
  readonly #vault: Vault;
  readonly #listeners = new Set<(change: SecretChange) => void>();

  constructor(vault: Vault, needs: Needs) {
    this.#vault = vault;
    this.#needs = needs;
    learnFromConfig(vault, needs.config);
  }

  async resolve(data: unknown, origin: string): Promise<unknown> {
    try {
      return await this.#vault.resolve(data, origin);
    } catch (error) {
      throw new Error(this.#needs.scrubber.text(`unable to decrypt secret from ${origin}: ${messageOf(error)}`), { cause: error });
    }
  }

  async refresh(): Promise<string> {
    const changes = await this.#vault.refresh(mayChange);
    if (changes.length > 0) await this.#audit(changes);
    for (const change of changes) this.#tell(change);
    return report(changes);
  }

  subscribe(listener: (change: SecretChange) => void): () => void {
    const own = (change: SecretChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #tell(change: SecretChange): void {
    const { config, log } = this.#needs;
    const toConfig = (): void => (change.origin === configOrigin ? applyTo(config, change) : undefined);
    for (const listener of [toConfig, ...this.#listeners]) {
      try {
        listener(change);
      } catch (error) {
        log.error('a new secret could not be used', { handle: change.handle, origin: change.origin, path: change.path.join('.'), error });
      }
    }
  }

  async #audit(changes: readonly SecretChange[]): Promise<void> {
    const { config, log, scrubber } = this.#needs;
    const runPath = config.get(secretSettings.runPath);
    const sizeMax = config.get(secretSettings.auditFileMaxSize) || defaultSizeMax;
    const show = (key: string, secret: string): unknown => valueAt(scrubber.data({ [key]: secret }), [key]);
    await audit(changes, { runPath, sizeMax, show }).catch((error: unknown) => {
      log.warn('changed secrets could not be noted in the audit file', { runPath, error });
    });
  }
}

/** Keys of Datadog may change while the agent runs; other settings are read once. What others than the configuration ask for may change. */
function mayChange({ origin, path: [key = ''] }: Use): boolean {
  return origin !== configOrigin || /(?:^|\.)(?:api_key|app_key)$|additional_endpoints$/.test(key);
}

/** What was resolved while the configuration was loaded, before there was an app; also in keys that nobody has declared. */
function learnFromConfig(vault: Vault, config: Config): void {
  const said = (source: Source): Readonly<Record<string, unknown>> => config.all({ source, asWritten: true });
  const resolved = said('agent-runtime');
  const found = [said('file'), said('environment-variable')].flatMap((data) => handlesIn(data));
  // Of two sources that give one key the stronger is last: its handle is the one that was resolved.
  const strongest = new Map(found.map((each) => [each.path.join('.'), each]));
  for (const { handle, path } of strongest.values()) {
    const secret = valueAt(resolved, path);
    if (typeof secret === 'string') vault.learn(handle, secret, { origin: configOrigin, path: inSetting(config, path) });
  }
}

/** A path that begins with the key of the setting in which it leads. */
function inSetting(config: Config, path: readonly string[]): readonly string[] {
  const lengths = [...path.keys()].map((index) => index + 1);
  const length = lengths.find((each) => config.find(path.slice(0, each).join('.')) !== undefined) ?? path.length;
  return [path.slice(0, length).join('.'), ...path.slice(length)];
}

function applyTo(config: Config, { path: [key = '', ...rest], value }: SecretChange): void {
  const setting = config.find(key);
  if (setting === undefined) return;
  const current = config.valuesOf(key).find(({ source }) => source === 'agent-runtime')?.value;
  config.set(setting, parse(setting, withValueAt(written(setting, current), rest, value)), 'agent-runtime');
}

function report(changes: readonly SecretChange[]): string {
  const handles = [...new Set(changes.map(({ handle }) => handle))].toSorted();
  const uses = (handle: string): readonly string[] =>
    changes
      .filter((each) => each.handle === handle)
      .map(({ origin, path }) => `\t- used in '${origin}' configuration in entry '${path.join('/')}'`);
  const lines = handles.flatMap((handle) => [`- '${handle}':`, ...uses(handle)]);
  return [
    `Number of secrets reloaded: ${handles.length}`,
    ...(lines.length === 0 ? [] : ['Secrets handle reloaded:', '', ...lines]),
    '',
  ].join('\n');
}

/** What support wants to know of secrets, without any. */
function overview(vault: Vault, backend: Backend | undefined): string {
  if (backend === undefined) return 'No secret_backend_command set: secrets feature is not enabled\n';
  const uses = [...vault.uses].flatMap(([handle, each]) => [
    `- '${handle}':`,
    ...each.map(({ origin, path }) => `\t- ${origin}: ${path.join('/')}`),
  ]);
  return [`Executable: ${backend.command}`, `Number of secrets resolved: ${vault.uses.size}`, ...uses, ''].join('\n');
}

function watch(telemetry: Telemetry, log: Log): BackendWatcher {
  const elapsed = telemetry.gauge<'command' | 'exit_code'>({
    subsystem: 'secret_backend',
    name: '_elapsed_ms',
    help: 'Milliseconds of the last run of the secret backend',
    labels: ['command', 'exit_code'],
  });
  const unreadable = telemetry.counter({
    subsystem: 'secret_backend',
    name: '_unmarshal_errors_count',
    help: 'Answers of the secret backend that were not what they should be',
  });
  const refused = telemetry.counter<'error_kind' | 'handle'>({
    subsystem: 'secret_backend',
    name: '_resolve_errors_count',
    help: 'Handles for which the secret backend had no secret',
    labels: ['error_kind', 'handle'],
  });
  return {
    ran({ command, exitCode, elapsedMs, stderr }) {
      elapsed.set({ command, exit_code: exitCode }, elapsedMs);
      const said = stderr.trim();
      if (said === '') return;
      if (exitCode === '0') log.debug('secret_backend_command wrote to its standard error', { stderr: said });
      else log.error('secret_backend_command failed', { exitCode, stderr: said });
    },
    unreadable: () => unreadable.add({}),
    refused: (kind, handle) => refused.add({ error_kind: kind, handle }),
  };
}

/** When to refresh: first at a random time, because replicas start together, then again and again. */
async function* ticks(
  { everyMs, firstMs, clock }: { everyMs: number; firstMs: number; clock: Clock },
  signal: AbortSignal,
): AsyncGenerator<void> {
  for (let delayMs = firstMs; ; delayMs = everyMs) {
    await clock.sleep(delayMs, signal);
    yield;
  }
}

/** Secrets from the `secret_backend_command`. */
export const execSecrets = component({
  name: 'exec-secrets',
  provides: { secrets: Secrets, flare: many(FlareProvider) },
  requires: {
    config: Config,
    log: Log,
    scrubber: Scrubber,
    telemetry: Telemetry,
    random: Random,
    clock: Clock,
    jobs: Jobs,
    process: Process,
  },
  create({ config, log, scrubber, telemetry, random, clock, jobs, process }) {
    const backend = backendOf(config, process.env);
    const vault = new Vault({ backend, scrubber, watcher: watch(telemetry, log) });
    const secrets = new ExecSecrets(vault, { config, log, scrubber });
    const everyMs = config.get(secretSettings.refreshInterval);
    if (backend !== undefined && everyMs > 0) {
      const firstMs = config.get(secretSettings.refreshScatter) ? random.next() * everyMs + 1000 : everyMs;
      jobs.observer({
        name: 'refresh-secrets',
        source: (signal) => ticks({ everyMs, firstMs, clock }, signal),
        see: async () => log.debug((await secrets.refresh()).trim()),
      });
    }
    return { secrets, flare: { path: 'secrets.log', content: () => overview(vault, backend) } };
  },
});
