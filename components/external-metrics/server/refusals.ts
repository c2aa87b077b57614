import type { StatusObject } from '../protobuf.ts';

/** A failed request, as Kubernetes tells of it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: StatusObject;

  constructor(code: number, message: string, more: Pick<StatusObject, 'reason' | 'details'> = {}) {
    super(message);
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...more, code };
  }
}

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', { reason: 'Unauthorized' });

export const notFound = (): ApiError =>
  new ApiError(404, 'the server could not find the requested resource', { reason: 'NotFound', details: {} });

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'the server does not allow this method on the requested resource', { reason: 'MethodNotAllowed', details: {} });

export const watchNotSupported = (group: string): ApiError =>
  new ApiError(405, `watch is not supported on resources of kind "*.${group}"`, {
    reason: 'MethodNotAllowed',
    details: { group, kind: '*' },
  });

export const badRequest = (message: string): ApiError => new ApiError(400, message, { reason: 'BadRequest' });

export const timedOut = (): ApiError =>
  new ApiError(504, 'Timeout: request did not complete within the allotted timeout', { reason: 'Timeout', details: {} });

/** What could not be done for a reason that lies here, or at Datadog. */
export function internalError(text: string): ApiError {
  return new ApiError(500, `Internal error occurred: ${text}`, { reason: 'InternalError', details: { causes: [{ message: text }] } });
}
