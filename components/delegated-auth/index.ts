import type { TLSSocket } from 'node:tls';
import { token } from '../../src/fx/index.ts';

/** Who sends a request, as Kubernetes knows users. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /** Whether a front proxy speaks for them. It is the API server, which let them make this very request before it passed it on. */
  readonly isProxied?: boolean;
}

/** The group that may do everything, so that the API server's own probes cost no call. */
export const masters = 'system:masters';

export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** `*` means all. */
  readonly resource: string;
  /** Empty means all. */
  readonly namespace: string;
}

/** What a request wants to do: with a resource, or with a path that is none. */
export type Attributes = ResourceAttributes | { readonly verb: string; readonly path: string };

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** A request before anybody knows who sends it. */
export interface Credentials {
  /** Lower-case names, every value that was sent. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  readonly socket: TLSSocket;
}

/** Authentication and authorization of an aggregated API server: both are left to the API server that it is part of. */
export interface DelegatedAuth {
  /**
   * By front proxy, client certificate, or bearer token, in this order; anonymous only when none of them was tried.
   *
   * @returns `undefined` when credentials were given and none holds: 401
   * @throws Error when the API server cannot be asked about a token
   */
  authenticate(credentials: Credentials): Promise<UserInfo | undefined>;
  /** @throws Error when the API server cannot be asked */
  authorize(user: UserInfo, attributes: Attributes): Promise<Decision>;
  /** PEM certificates of every authority whose client certificates count: the hint of a TLS handshake. */
  readonly clientCas: readonly string[];
  /** Calls back when {@link clientCas} has changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
}
export const DelegatedAuth = token<DelegatedAuth>()('delegated-auth');

/** How an aggregated API server wants its requests judged; the defaults are those of Kubernetes' own library. */
export interface DelegatedAuthOptions extends TrustFiles {
  /** Milliseconds that the answer to a token is believed. Default 10 000. */
  readonly tokenTtlMs?: number;
  /** Milliseconds. Default 10 000. */
  readonly allowTtlMs?: number;
  /** Milliseconds. Default 10 000. */
  readonly denyTtlMs?: number;
  /** Paths that anybody may get; a `*` at the end makes a prefix. Default `/healthz`, `/readyz`, `/livez`. */
  readonly alwaysAllowPaths?: readonly string[];
}

/** Authorities from files, which stand in the place of those that the API server publishes. */
export interface TrustFiles {
  /** PEM bundle of the authorities of clients. */
  readonly clientCaFile?: string;
  /** PEM bundle of the authorities of a front proxy. Only with it do the names below count. */
  readonly frontProxyCaFile?: string;
  /** CNs of a front proxy's certificate. Default: any. */
  readonly frontProxyNames?: readonly string[];
  /** Default `X-Remote-User`. */
  readonly usernameHeaders?: readonly string[];
  /** Default: none. */
  readonly uidHeaders?: readonly string[];
  /** Default `X-Remote-Group`. */
  readonly groupHeaders?: readonly string[];
  /** Default `X-Remote-Extra-`. */
  readonly extraPrefixes?: readonly string[];
  /** Whether what the API server publishes counts for nothing, also where there is no file. Default false. */
  readonly isLookupSkipped?: boolean;
}

/** Optional: supplied by the server that is to be protected. */
export const DelegatedAuthOptions = token<DelegatedAuthOptions>()('delegated-auth-options');
