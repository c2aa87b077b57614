import type { AuthTokens } from '../auth-token/index.ts';
import type { Route, RouteResponse } from './index.ts';

const refused = { 'X-Content-Type-Options': 'nosniff' };
const challenge = { ...refused, 'WWW-Authenticate': 'Bearer realm="Datadog Agent"' };

/** Why a request to a matched route is refused, as its client sees it; `undefined` when it may pass. */
export function refusal(tokens: AuthTokens, access: Route['access'], authorization: string | undefined): RouteResponse | undefined {
  if (access === 'public') return undefined;
  if (authorization === undefined || authorization === '') return { status: 401, headers: challenge, body: 'no session token provided\n' };
  const parts = authorization.split(' ');
  const [scheme = '', token = ''] = parts;
  if (scheme !== 'Bearer') return { status: 401, headers: challenge, body: `unsupported authorization scheme: ${named(scheme)}\n` };
  // Whoever may call what node agents call may not be locked out of less: local routes take both tokens.
  const isAccepted =
    tokens.matches('cluster-agent', parts.length === 2 ? token : '') || (access === 'session' && tokens.matches('session', token));
  return isAccepted ? undefined : { status: 403, headers: refused, body: 'invalid session token\n' };
}

/** Who forgets the scheme sends a token in its place: that is not said back. */
function named(scheme: string): string {
  return /^[a-z-]{1,16}$/i.test(scheme) ? scheme : '********';
}
