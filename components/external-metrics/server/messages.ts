import type { TLSSocket } from 'node:tls';

/** A request, whatever protocol has carried it. */
export interface ServerRequest {
  readonly method: string;
  /** Without the query, as it was sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names, every value that was sent. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  readonly socket: TLSSocket;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}
