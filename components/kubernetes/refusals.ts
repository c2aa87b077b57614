import { KubernetesError } from './index.ts';
import type { TransportRequest, TransportResponse } from './transport.ts';

/** What is wrong with a success that no API server would give. */
export const noServer = 'the answer is no Kubernetes object; something else than an API server listens there';

/** Error bodies are short; a proxy's page may not be. */
const bodyMax = 1_048_576;
const shownMax = 300;

/**
 * What the API server means by a status that comes without a `Status`: it says so itself of what it does not serve, or has too much of. 403
 * it never says in this way: a proxy in front of it does.
 */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: { readonly retryAfterSeconds?: number };
}

/** Reads an answer that is no success. */
export async function readRefusal(request: TransportRequest, response: TransportResponse): Promise<KubernetesError> {
  const text = await response.text(bodyMax);
  const header = Number(response.headers['retry-after']);
  return refusalOf(statusIn(text) ?? { message: foreignMessage(response.status, text) }, {
    request,
    code: response.status,
    ...(header > 0 ? { retryAfterMs: header * 1000 } : {}),
  });
}

/** The error that a `Status` object tells of: the body of an answer, or the object of a watch's ERROR event. */
export function refusalOf(
  status: Status,
  { request, code, retryAfterMs }: { readonly request: TransportRequest; readonly code: number; readonly retryAfterMs?: number },
): KubernetesError {
  const actualCode = status.code ?? code;
  const reason = status.reason === undefined || status.reason === '' ? (reasons[actualCode] ?? 'Unknown') : status.reason;
  const { retryAfterSeconds = 0 } = status.details ?? {};
  return new KubernetesError(`${request.method} ${request.path.split('?')[0]}: ${status.message ?? reason}`, {
    code: actualCode,
    reason,
    retryAfterMs: retryAfterMs ?? (retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined),
  });
}

function statusIn(text: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}

/** What the API server says, as plain text, of kinds that nobody has defined. */
const unknownPath = '404 page not found';

function foreignMessage(code: number, text: string): string {
  const shown = text.replaceAll(/\s+/g, ' ').trim().slice(0, shownMax);
  if (code === 404 && shown === unknownPath)
    return `${unknownPath}: the API server serves no such kind in this version; is its CustomResourceDefinition applied?`;
  return `HTTP ${code}, in words that are not the API server's: ${shown === '' ? 'none' : shown}`;
}
