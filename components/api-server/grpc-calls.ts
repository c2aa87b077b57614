import { type CallContext, ServerError, type ServerMiddleware, type ServerMiddlewareCall, Status } from 'nice-grpc';
import type { AuthTokens } from '../auth-token/index.ts';
import type { ClientLimit } from './client-limit.ts';

interface Guards {
  readonly tokens: AuthTokens;
  readonly perClient: ClientLimit;
  readonly stopping: AbortSignal;
}

/**
 * What every gRPC call passes: callers show the cluster agent token, have no more calls at a time than one may, and when the agent
 * stops, streams end with `UNAVAILABLE`, so that their clients turn to another replica at once.
 */
export function guardCalls({ tokens, perClient, stopping }: Guards): ServerMiddleware {
  return async function* guard<Request, Response>(call: ServerMiddlewareCall<Request, Response>, context: CallContext) {
    authenticate(tokens, context.metadata.get('authorization'));
    const client = context.peer.replace(/:\d+$/, '');
    if (!perClient.enter(client)) throw new ServerError(Status.RESOURCE_EXHAUSTED, 'too many calls of this client at a time');
    try {
      // Each further generator costs a call three turns of the microtask queue.
      if (!call.requestStream && !call.responseStream) return yield* call.next(call.request, context);
      return yield* untilStop(call, context, stopping);
    } finally {
      perClient.leave(client);
    }
  };
}

async function* untilStop<Request, Response>(call: ServerMiddlewareCall<Request, Response>, context: CallContext, stopping: AbortSignal) {
  const signal = AbortSignal.any([context.signal, stopping]);
  try {
    const response = yield* call.next(call.request, { ...context, signal });
    if (!stopping.aborted || !call.responseStream) return response;
  } catch (error) {
    if (!stopping.aborted) throw error;
  }
  // Whether it took the abort for an error or for its end, the client is to see that there was more to come.
  throw new ServerError(Status.UNAVAILABLE, 'the cluster agent is stopping');
}

/** @throws ServerError with the words of the Go agent */
function authenticate(tokens: AuthTokens, authorization = ''): void {
  const [scheme = '', ...rest] = authorization.split(' ');
  if (scheme.toLowerCase() !== 'bearer') throw new ServerError(Status.UNAUTHENTICATED, 'Request unauthenticated with Bearer');
  if (!tokens.matches('cluster-agent', rest.join(' ')))
    throw new ServerError(Status.UNAUTHENTICATED, 'invalid auth token: Invalid session token');
}
