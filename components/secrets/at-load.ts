import type { Config } from '../config/index.ts';
import type { Scrubber } from '../scrubber/index.ts';
import { messageOf } from './backend-error.ts';
import { backendOf, type Backend, type BackendWatcher } from './backend.ts';
import { configOrigin, Vault } from './vault.ts';

/**
 * Resolves the handles of the configuration while it is loaded: what `loadConfig` takes as `resolveSecrets`.
 *
 * @throws Error that names the handle and what the backend said, scrubbed
 */
export function secretsAtLoad({ env, scrubber }: { readonly env: Backend['env']; readonly scrubber: Scrubber }) {
  return async (config: Config, data: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> => {
    let stderr = '';
    const watcher: BackendWatcher = { ran: (run) => void (stderr = run.stderr), unreadable: () => {}, refused: () => {} };
    try {
      return (await new Vault({ backend: backendOf(config, env), scrubber, watcher }).resolve(data, configOrigin)) as Record<
        string,
        unknown
      >;
    } catch (error) {
      const said = stderr.trim() === '' ? '' : `; it said: ${stderr.trim().slice(0, 500)}`;
      throw new Error(scrubber.text(`unable to decrypt secret from ${configOrigin}: ${messageOf(error)}${said}`), { cause: error });
    }
  };
}
