import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Json } from '../json.ts';
import { StatusError } from '../status.ts';
import { type User } from '../security/user.ts';
import type { RequestInfo } from './request-info.ts';

/** A body larger than this is refused, as the real server does. */
const BODY_BYTES_MAX = 3 * 1024 * 1024;

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly info: RequestInfo;
  readonly user: User;
}

/** Reads the body. Throws 413 where it is too large. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > BODY_BYTES_MAX) {
      throw new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message: `limit is ${BODY_BYTES_MAX}` });
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Answers with JSON. Nothing happens where the connection is gone. */
export function sendJson(response: ServerResponse, code: number, body: Json): void {
  sendText(response, { code, type: 'application/json', text: `${JSON.stringify(body)}\n` });
}

/** Answers with text of any type. */
export function sendText(response: ServerResponse, { code, type, text }: { code: number; type: string; text: string }): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(text);
  response.writeHead(code, { 'Content-Type': type, 'Content-Length': body.length, 'Cache-Control': 'no-cache, private' });
  response.end(body);
}

/** Answers with a Status for any error; one that is not meant for the client becomes a 500. */
export function sendError(response: ServerResponse, error: unknown): void {
  const status = asStatusError(error);
  if (response.headersSent || response.destroyed) return;
  if (status.details?.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(status.details.retryAfterSeconds));
  sendJson(response, status.code, status.toJson());
}

/** The error as a Status. */
function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const message = `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`;
  return new StatusError({ code: 500, reason: 'InternalError', message });
}
