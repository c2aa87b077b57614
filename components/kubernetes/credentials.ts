import type { ConnectionOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../src/fx/index.ts';
import type { Log } from '../log/index.ts';

/** What makes a connection ours. As long as nothing has changed it is the same object. */
export type TlsIdentity = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;

/** What goes with a request: the connection's certificate, and headers that say who we are. */
export interface Credentials {
  readonly tls: TlsIdentity;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** The way to one API server. */
export interface Access {
  readonly server: URL;
  /** Where it is written, for errors: `the kubeconfig /etc/kube/config`. */
  readonly origin: string;
  /** URL of the proxy on the way there; empty: none. */
  readonly proxy: string;
  credentials(): Promise<Credentials>;
  /** The server has refused these credentials. @returns newer ones; `undefined` when there are none */
  renew(refused: Credentials): Promise<Credentials | undefined>;
}

/** Credentials as they are now, and for how long they need not be read again. */
export interface FreshCredentials {
  readonly credentials: Credentials;
  readonly validForMs: number;
}

export interface RotationParts {
  readonly read: () => Promise<FreshCredentials>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  /** Milliseconds between two readings for the sake of refused credentials. Default 0. */
  readonly renewEveryMs?: number;
}

/** How soon credentials are read again that could not be read, or were old already when they came: not for each request. */
const retryMs = 5000;

/** Credentials that others replace while we run: read anew when they are old, and at once when they are refused. */
export class RotatingCredentials {
  readonly #parts: RotationParts;
  #current: Credentials | undefined;
  #readAgainAt = -Infinity;
  #readAt = -Infinity;
  #reading: Promise<Credentials> | undefined;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /** @throws whatever the first reading throws; later ones keep what there is */
  async credentials(): Promise<Credentials> {
    if (this.#current !== undefined && this.#parts.clock.monotonic() < this.#readAgainAt) return this.#current;
    return (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
  }

  async renew(refused: Credentials): Promise<Credentials | undefined> {
    const { clock, renewEveryMs = 0 } = this.#parts;
    if (this.#current === refused && clock.monotonic() - this.#readAt >= renewEveryMs) this.#readAgainAt = -Infinity;
    const now = await this.credentials();
    return now === refused ? undefined : now;
  }

  async #read(): Promise<Credentials> {
    const { clock, read, log } = this.#parts;
    this.#readAt = clock.monotonic();
    try {
      const { credentials, validForMs } = await read();
      this.#readAgainAt = clock.monotonic() + Math.max(validForMs, retryMs);
      return (this.#current = unchanged(this.#current, credentials));
    } catch (error) {
      if (this.#current === undefined) throw error;
      this.#readAgainAt = clock.monotonic() + retryMs;
      log.warn('cannot read the credentials for the API server again; the previous ones stay in use', { error });
      return this.#current;
    }
  }
}

/** The previous object wherever the contents are the same: connections and refusals go by identity. */
function unchanged(previous: Credentials | undefined, next: Credentials): Credentials {
  if (previous === undefined) return next;
  const tls = isDeepStrictEqual(previous.tls, next.tls) ? previous.tls : next.tls;
  return tls === previous.tls && isDeepStrictEqual(previous.headers, next.headers) ? previous : { tls, headers: next.headers };
}
