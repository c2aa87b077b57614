import type { TLSSocket } from 'node:tls';
import { token } from '../../src/fx/index.ts';

/** Who sends a request, as Kubernetes knows users. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What a request wants to do: with a resource, or with a path that is none. */
export type Attributes =
  | { readonly verb: string; readonly group: string; readonly version: string; readonly resource: string; readonly namespace: string }
  | { readonly verb: string; readonly path: string };

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** A request before anybody knows who sends it. */
export interface Credentials {
  /** Lower-case names; values as lists. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly socket: TLSSocket;
}

/** Authentication and authorization of an aggregated API server: both are left to the API server that it is part of. */
export interface DelegatedAuth {
  /**
   * By front proxy, client certificate, or bearer token, in this order; anonymous only when none of them was tried.
   *
   * @returns `undefined` when credentials were given and none holds: 401
   */
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<UserInfo | undefined>;
  /** @throws Error when the API server cannot be asked */
  authorize(user: UserInfo, attributes: Attributes, signal: AbortSignal): Promise<Decision>;
  /** PEM bundles of every authority whose client certificates count, for the TLS handshake's hint. */
  readonly clientCas: string;
  /** Calls back when {@link clientCas} has changed. */
  onChange(listener: () => void): () => void;
}
export const DelegatedAuth = token<DelegatedAuth>()('delegated-auth');
