import { token } from '../../src/fx/index.ts';
import type { Secret } from '../secrets/index.ts';

export { authTokenSettings } from './settings.ts';

/** `session` is for commands on the same machine, `cluster-agent` for node agents and runners. */
export type AuthTokenKind = 'session' | 'cluster-agent';

/** The two secrets that open the agent's API. They are there once the component has started. */
export interface AuthTokens {
  /** Whether a text is that token: never where there is none. Takes as long for one text as for another. */
  matches(kind: AuthTokenKind, presented: string): boolean;
  /** The token, for whoever calls the API. @throws Error that says why there is none, and what to do */
  get(kind: AuthTokenKind): Secret;
}
export const AuthTokens = token<AuthTokens>()('auth-token');
