import type { IncomingHttpHeaders } from 'node:http';
import type { RouteRequest } from '../api-server/index.ts';

/** Headers that belong to one connection, not to the request. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What follows a request to the next server; over HTTP/2 it came with names that begin with a colon. */
export function requestHeaders({ headers, remoteAddress }: RouteRequest): Record<string, string> {
  const through = endToEnd(headers);
  const host = headers['host'] ?? headers[':authority'];
  const before = headers['x-forwarded-for'];
  return {
    ...through,
    ...(host === undefined ? {} : { host }),
    'x-forwarded-for': before === undefined ? remoteAddress : `${before}, ${remoteAddress}`,
  };
}

export function responseHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return endToEnd(headers);
}

function endToEnd(headers: IncomingHttpHeaders | RouteRequest['headers']): Record<string, string> {
  const named = new Set((headers['connection'] ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || name.startsWith(':') || hopByHop.has(name) || named.has(name)) return [];
    return [[name, Array.isArray(value) ? value.join(', ') : value] as const];
  });
  return Object.fromEntries(kept);
}
