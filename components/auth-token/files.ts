import { randomBytes, timingSafeEqual } from 'node:crypto';
import { dirname, join } from 'node:path';
import { component, Lifecycle } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Log, type Level } from '../log/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { Secret } from '../secrets/index.ts';
import { authTokenSettings, AuthTokens, type AuthTokenKind } from './index.ts';
import { createOnce, readIfThere } from './secret-file.ts';

/** Where the agent looks for its configuration, and so for its tokens, when no file of it was read. */
const defaultFolder = '/etc/datadog-agent';
const lengthMin = 32;
const kinds = ['session', 'cluster-agent'] as const satisfies readonly AuthTokenKind[];

type Mode = 'create' | 'read';
type Found = { readonly secret: Secret; readonly comparison: Comparison } | { readonly missing: Error };

/** The tokens of an agent that runs: what is not there yet is made, readable only by its user. */
export const createdAuthTokens = component({
  provides: AuthTokens,
  requires: { config: Config, log: Log, scrubber: Scrubber, lifecycle: Lifecycle },
  create: (needs) => tokensFrom(needs, { mode: 'create', level: 'error' }),
});

/** The tokens of an agent beside this process: read, never made. Whoever asks for one that is missing is told why. */
export const existingAuthTokens = component({
  provides: AuthTokens,
  requires: { config: Config, log: Log, scrubber: Scrubber, lifecycle: Lifecycle },
  create: (needs) => tokensFrom(needs, { mode: 'read', level: 'debug' }),
});

interface TokenNeeds {
  readonly config: Config;
  readonly log: Log;
  readonly scrubber: Scrubber;
  readonly lifecycle: Lifecycle;
}

function tokensFrom({ config, log, scrubber, lifecycle }: TokenNeeds, { mode, level }: { mode: Mode; level: Level }): AuthTokens {
  const tokens = new TokenFiles(config, mode);
  const load = async (): Promise<void> => {
    // At the same time: a new file is on the disk before it counts, and the start waits for that.
    for (const found of await Promise.all(kinds.map((kind) => tokens.load(kind)))) {
      // Without a token its routes stay shut, but everything else of the agent still works.
      if ('missing' in found) log[level](found.missing.message);
      else scrubber.remember(found.secret.reveal());
    }
  };
  lifecycle.append({ name: 'load tokens', start: load });
  return tokens;
}

class TokenFiles implements AuthTokens {
  readonly #config: Config;
  readonly #mode: Mode;
  readonly #found = new Map<AuthTokenKind, Found>();

  constructor(config: Config, mode: Mode) {
    this.#config = config;
    this.#mode = mode;
  }

  matches(kind: AuthTokenKind, presented: string): boolean {
    const found = this.#found.get(kind);
    return found !== undefined && 'comparison' in found && found.comparison.isEqual(presented);
  }

  get(kind: AuthTokenKind): Secret {
    const found = this.#found.get(kind) ?? { missing: new Error(`the ${kind} token is not read yet: ask for it after the start`) };
    if ('missing' in found) throw found.missing;
    return found.secret;
  }

  async load(kind: AuthTokenKind): Promise<Found> {
    const found = await this.#find(kind).catch((error: unknown) => ({
      missing: error instanceof Error ? error : new Error(String(error)),
    }));
    this.#found.set(kind, found);
    return found;
  }

  async #find(kind: AuthTokenKind): Promise<Found> {
    const text = kind === 'session' ? await this.#session() : await this.#clusterAgent();
    return { secret: new Secret(text), comparison: new Comparison(text) };
  }

  async #session(): Promise<string> {
    const configured = this.#config.get(authTokenSettings.sessionTokenPath);
    const path = configured || join(this.#folder(), 'auth_token');
    const where = configured === '' ? `${path} (auth_token_file_path may name another)` : `${path}, set by auth_token_file_path`;
    const text = await this.#contentOf(path, `no session token in ${where}: is the agent running, and may this user read the file?`);
    if (text.length >= lengthMin) return text;
    throw new Error(
      `invalid authentication token: must be at least ${lengthMin} characters in length, not ${text.length} (${where}): remove the file, and the agent makes a new one`,
    );
  }

  async #clusterAgent(): Promise<string> {
    const configured = this.#config.get(authTokenSettings.clusterAgentToken);
    const path = join(this.#folder(), 'cluster_agent.auth_token');
    const text = configured.isEmpty
      ? await this.#contentOf(path, `empty cluster_agent.auth_token and cannot find "${path}": set DD_CLUSTER_AGENT_AUTH_TOKEN`)
      : configured.reveal();
    if (text.length >= lengthMin) return text;
    const where = configured.isEmpty ? path : 'cluster_agent.auth_token (DD_CLUSTER_AGENT_AUTH_TOKEN)';
    throw new Error(
      `cluster agent authentication token length must be greater than ${lengthMin}, currently: ${text.length} (${where}): node agents are refused until it is longer`,
    );
  }

  async #contentOf(path: string, otherwise: string): Promise<string> {
    const made = this.#mode === 'create' ? await createOnce(path, () => randomBytes(lengthMin).toString('hex')) : undefined;
    const text = made ?? (await readIfThere(path));
    if (text === undefined) throw new Error(otherwise);
    return text.trim();
  }

  #folder(): string {
    const [main] = this.#config.files;
    return main === undefined ? defaultFolder : dirname(main);
  }
}

/**
 * Compares with a text in a time that tells nothing, not even a length: as many bytes are looked at whatever was presented. Digests
 * would do the same, at fifteen times the cost.
 */
class Comparison {
  readonly #text: Buffer;
  readonly #presented: Buffer;

  constructor(text: string) {
    this.#text = Buffer.from(text);
    this.#presented = Buffer.alloc(this.#text.length);
  }

  isEqual(presented: string): boolean {
    this.#presented.fill(0).write(presented);
    return timingSafeEqual(this.#presented, this.#text) && Buffer.byteLength(presented) === this.#text.length;
  }
}
