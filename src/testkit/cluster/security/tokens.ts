import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Json, textAt, textsAt, numberAt } from '../json.ts';

/** The audience of a token that names none. */
export const API_AUDIENCE = 'https://kubernetes.default.svc';

/** What a service account token says. */
export interface TokenClaims {
  readonly namespace: string;
  readonly account: string;
  readonly uid: string;
  readonly audiences: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The pod or secret that it is bound to. */
  readonly boundTo?: { readonly kind: string; readonly name: string; readonly uid: string };
}

/**
 * Issues and checks service account tokens: JSON Web Tokens of the usual claims. They are signed with a secret of this server (HS256):
 * nobody but the server itself ever checks them, and a key pair would cost start time for nothing.
 */
export class TokenIssuer {
  readonly #secret = randomBytes(32);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A token for `claims`. */
  issue({ namespace, account, uid, audiences, expiresAt, boundTo }: TokenClaims): string {
    const issuedAt = Math.floor(this.#clock.now() / 1000);
    const bound = boundTo === undefined ? {} : { [boundTo.kind.toLowerCase()]: { name: boundTo.name, uid: boundTo.uid } };
    const body = {
      aud: audiences,
      exp: Math.floor(expiresAt / 1000),
      iat: issuedAt,
      nbf: issuedAt,
      iss: API_AUDIENCE,
      'kubernetes.io': { namespace, serviceaccount: { name: account, uid }, ...bound },
      sub: `system:serviceaccount:${namespace}:${account}`,
    };
    const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(body)}`;
    return `${unsigned}.${this.#signature(unsigned)}`;
  }

  /** The claims of a token that this issuer made and that has not expired; undefined for any other. */
  read(token: string): TokenClaims | undefined {
    const [header = '', body = '', signature = ''] = token.split('.');
    const expected = Buffer.from(this.#signature(`${header}.${body}`));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    const claims: Json = JSON.parse(Buffer.from(body, 'base64url').toString());
    const expiresAt = (numberAt(claims, 'exp') ?? 0) * 1000;
    if (expiresAt <= this.#clock.now()) return undefined;
    return {
      namespace: textAt(claims, 'kubernetes.io', 'namespace'),
      account: textAt(claims, 'kubernetes.io', 'serviceaccount', 'name'),
      uid: textAt(claims, 'kubernetes.io', 'serviceaccount', 'uid'),
      audiences: textsAt(claims, 'aud'),
      expiresAt,
    };
  }

  #signature(unsigned: string): string {
    return createHmac('sha256', this.#secret).update(unsigned).digest('base64url');
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
