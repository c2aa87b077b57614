import { supply, type Component } from '../../src/fx/index.ts';
import { Secret } from '../secrets/index.ts';
import { AuthTokens, type AuthTokenKind } from './index.ts';

/** Two tokens that a test knows. */
export const fakeTokens: Readonly<Record<AuthTokenKind, string>> = { session: 's'.repeat(64), 'cluster-agent': 'c'.repeat(32) };

export function fakeAuthTokens(tokens: Readonly<Partial<Record<AuthTokenKind, string>>> = fakeTokens): Component<'auth-token', never> {
  return supply(AuthTokens, { matches: (kind, presented) => presented === tokens[kind], get: (kind) => new Secret(tokens[kind] ?? '') });
}
