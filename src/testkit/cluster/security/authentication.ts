import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { KubeObject } from '../json.ts';
import { unauthorized } from '../status.ts';
import { subjectOf } from '../../../certificates/index.ts';
import { API_AUDIENCE, type TokenIssuer } from './tokens.ts';
import { ANONYMOUS, AUTHENTICATED, type User, serviceAccountUser } from './user.ts';

/** What a bearer token proves. */
export interface TokenIdentity {
  readonly user: User;
  readonly audiences: readonly string[];
}

/** Where service accounts are looked up: a token outlives neither its account nor a new one of the same name. */
export type AccountLookup = (namespace: string, name: string) => KubeObject | undefined;

/** Finds out who makes a request: by client certificate, by bearer token, or nobody. */
export class Authenticator {
  readonly #tokens = new Map<string, User>();
  readonly #issuer: TokenIssuer;
  readonly #account: AccountLookup;
  readonly #users = new WeakMap<TLSSocket, User>();

  constructor(issuer: TokenIssuer, account: AccountLookup) {
    this.#issuer = issuer;
    this.#account = account;
  }

  /** From now on `token` stands for `user`. */
  addToken(token: string, user: User): void {
    this.#tokens.set(token, withAuthenticated(user));
  }

  /** The user of a request. Throws 401 for a bearer token that proves nothing. */
  authenticate(request: IncomingMessage): User {
    const certified = this.#certified(request.socket);
    if (certified !== undefined) return certified;
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    if (scheme.toLowerCase() !== 'bearer' || token === '') return ANONYMOUS;
    const identity = this.identify(token);
    if (identity === undefined || !identity.audiences.includes(API_AUDIENCE)) throw unauthorized();
    return identity.user;
  }

  /** What `token` proves; undefined when nothing. */
  identify(token: string): TokenIdentity | undefined {
    const known = this.#tokens.get(token);
    if (known !== undefined) return { user: known, audiences: [API_AUDIENCE] };
    const claims = this.#issuer.read(token);
    if (claims === undefined) return undefined;
    const account = this.#account(claims.namespace, claims.account);
    if (account === undefined || account.metadata.uid !== claims.uid) return undefined;
    return { user: serviceAccountUser(claims.namespace, claims.account, claims.uid), audiences: claims.audiences };
  }

  #certified(socket: unknown): User | undefined {
    if (!(socket instanceof TLSSocket)) return undefined;
    const known = this.#users.get(socket);
    if (known !== undefined) return known;
    // `authorized` is false as well where the client showed no certificate at all.
    const raw: unknown = socket.authorized ? socket.getPeerCertificate().raw : undefined;
    if (!(raw instanceof Uint8Array)) return undefined;
    const { commonName, organizations } = subjectOf(raw);
    const user = withAuthenticated({ name: commonName, groups: organizations });
    this.#users.set(socket, user);
    return user;
  }
}

function withAuthenticated(user: User): User {
  return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };
}
