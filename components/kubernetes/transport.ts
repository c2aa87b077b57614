import type { IncomingHttpHeaders } from 'node:http';
import { token } from '../../src/fx/index.ts';

export interface TransportRequest {
  /** `GET`, `POST`, ... */
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Default `application/json`. */
  readonly accept?: string;
  readonly body?: { readonly type: string; readonly text: string };
  /** Ends the exchange at any moment; what waits for it gets the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds of silence, before the answer and between its parts, after which the exchange is given up. 0, the default: no limit. */
  readonly idleTimeoutMs?: number;
}

/** The head of an answer. Its body must be read, or discarded: a connection belongs to it until then. */
export interface TransportResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
  /** The body as it arrives; leaving the loop early closes the connection. Time that the reader takes is no silence. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The whole body. @throws UnreachableError when it is longer than `bytesMax` */
  text(bytesMax: number): Promise<string>;
  /** Lets go of a body that nobody wants. */
  discard(): void;
}

/**
 * Requests to the API server, below verbs and objects: connections, credentials, silence. Private to this folder: other components use
 * `Kubernetes` and `Informers`.
 */
export interface Transport {
  /** Where the API server is: `https://10.0.0.1:443`. */
  readonly server: string;
  /**
   * Sends a request; resolves with any answer, whatever its status. Credentials that the server refuses are renewed once. Nothing else
   * is tried again here.
   *
   * @throws UnreachableError, or the signal's reason
   */
  open(request: TransportRequest): Promise<TransportResponse>;
}
export const Transport = token<Transport>()('kubernetes-transport');
