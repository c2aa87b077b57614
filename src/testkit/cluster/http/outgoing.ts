import { request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as tlsRequest, type RequestOptions as TlsRequestOptions } from 'node:https';

/** A request that the server itself makes. */
export interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** PEM. Without it, and without `insecure`, the system's authorities are trusted. */
  readonly ca?: string;
  readonly insecure?: boolean;
  /** The name that the certificate must be for, where it is not the host of the URL. */
  readonly serverName?: string;
  readonly client?: { readonly certificate: string; readonly key: string };
  readonly timeoutMs: number;
}

/** Sends a request and resolves with its answer, whose body is still to be read. Rejects on timeout and on connection errors. */
export function send({ url, method, headers = {}, body, ca, insecure, serverName, client, timeoutMs }: Outgoing): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const common: RequestOptions = { method, headers: { ...headers }, agent: false, signal };
    const tls: TlsRequestOptions = {
      ...common,
      rejectUnauthorized: insecure !== true,
      ...(ca === undefined ? {} : { ca }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
    };
    const request = url.startsWith('https:') ? tlsRequest(url, tls, resolve) : plainRequest(url, common, resolve);
    request.on('error', reject);
    request.end(body);
  });
}

/** The whole body of an answer as text. */
export async function textOf(response: IncomingMessage): Promise<string> {
  const chunks = await response.toArray();
  return Buffer.concat(chunks).toString();
}
