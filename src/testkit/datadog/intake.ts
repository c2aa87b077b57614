import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';

/** A payload that the intake has accepted. */
export interface Received {
  /** `/api/v2/series`, `/api/v1/check_run`, `/intake/`, ... */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: Buffer;
  /** The body, where it is JSON. */
  readonly json: unknown;
  /** The last five characters of the key that it came with. */
  readonly keyEnding: string;
}

/** Where agents send payloads, and what each path answers. */
export const intakePaths: Readonly<Record<string, { readonly status: number; readonly body: object }>> = {
  '/api/v1/series': { status: 202, body: { status: 'ok' } },
  '/api/v2/series': { status: 202, body: { errors: [] } },
  '/api/beta/sketches': { status: 202, body: {} },
  '/api/v1/check_run': { status: 202, body: { status: 'ok' } },
  '/api/v1/events': { status: 202, body: { status: 'ok' } },
  '/api/v1/metadata': { status: 202, body: {} },
  '/intake/': { status: 202, body: { status: 'ok' } },
};

const decoders: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
  identity: async (body) => body,
};

/** An intake payload that cannot be read: what the client is told. */
export class IntakeError extends Error {
  override readonly name = 'IntakeError';
}

/** Reads the body of a request to the intake. @throws IntakeError where it is not what its headers say */
export async function receive(request: IncomingMessage, path: string, key: string): Promise<Received> {
  const raw = await bodyOf(request);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const decode = decoders[encoding];
  if (decode === undefined) throw new IntakeError(`unsupported Content-Encoding: ${encoding}`);
  const body = await decode(raw).catch(() => {
    throw new IntakeError(`the body is not ${encoding}`);
  });
  const isJson = request.headers['content-type']?.includes('json') ?? false;
  return { path, headers: request.headers, body, json: isJson ? parse(body) : undefined, keyEnding: key.slice(-5) };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new IntakeError('Payload is not in the expected format: invalid JSON');
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
