import type { Scrubber } from '../scrubber/index.ts';
import { askBackend, type Backend, type BackendWatcher } from './backend.ts';
import type { SecretChange } from './index.ts';
import { handlesIn, withSecrets } from './walk.ts';

/** The name under which the agent's own configuration asks. */
export const configOrigin = 'datadog-cluster.yaml';

export interface Use {
  readonly origin: string;
  readonly path: readonly string[];
}

interface VaultParts {
  /** `undefined`: there is none, and handles stay as they are. */
  readonly backend: Backend | undefined;
  readonly scrubber: Pick<Scrubber, 'remember'>;
  readonly watcher: BackendWatcher;
}

/** Secrets by handle, and who uses them. */
export class Vault {
  readonly #parts: VaultParts;
  readonly #secrets = new Map<string, string>();
  readonly #uses = new Map<string, Use[]>();
  /** Runs of the backend come one after the other, so that none asks for what another is about to learn. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: VaultParts) {
    this.#parts = parts;
  }

  /** @throws SecretBackendError */
  async resolve(data: unknown, origin: string): Promise<unknown> {
    const { backend } = this.#parts;
    const found = handlesIn(data);
    if (backend === undefined || found.length === 0) return data;
    const handles = [...new Set(found.map(({ handle }) => handle))];
    await this.#inTurn(async () => {
      const unknown = handles.filter((handle) => !this.#secrets.has(handle));
      if (unknown.length > 0) await this.#ask(backend, unknown);
    });
    for (const { handle, path } of found) this.#use(handle, { origin, path });
    return withSecrets(data, this.#secrets);
  }

  /** What somebody has resolved before. */
  learn(handle: string, secret: string, use: Use): void {
    this.#keep(handle, secret);
    this.#use(handle, use);
  }

  /**
   * Asks anew for the secrets of which a use may change.
   *
   * @returns what has changed, one entry per use
   * @throws SecretBackendError; nothing is changed then
   */
  async refresh(mayChange: (use: Use) => boolean): Promise<readonly SecretChange[]> {
    const { backend } = this.#parts;
    const handles = [...this.#uses]
      .filter(([, uses]) => uses.some(mayChange))
      .map(([handle]) => handle)
      .toSorted();
    if (backend === undefined || handles.length === 0) return [];
    return this.#inTurn(async () => {
      const before = new Map(this.#secrets);
      await this.#ask(backend, handles);
      return handles
        .filter((handle) => before.get(handle) !== this.#secrets.get(handle))
        .flatMap((handle) => this.#changesOf(handle).filter(mayChange));
    });
  }

  /** Handles and where they are used. */
  get uses(): ReadonlyMap<string, readonly Use[]> {
    return this.#uses;
  }

  #changesOf(handle: string): readonly SecretChange[] {
    const value = this.#secrets.get(handle) ?? '';
    return (this.#uses.get(handle) ?? []).map((use) => ({ handle, ...use, value }));
  }

  async #ask(backend: Backend, handles: readonly string[]): Promise<void> {
    const secrets = await askBackend(backend, handles, this.#parts.watcher);
    for (const [handle, secret] of secrets) this.#keep(handle, secret);
  }

  #keep(handle: string, secret: string): void {
    this.#parts.scrubber.remember(secret);
    this.#secrets.set(handle, secret);
  }

  #use(handle: string, use: Use): void {
    const uses = this.#uses.get(handle) ?? [];
    const isKnown = uses.some(({ origin, path }) => origin === use.origin && path.join('\0') === use.path.join('\0'));
    this.#uses.set(handle, isKnown ? uses : [...uses, use]);
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
