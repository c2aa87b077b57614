import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Clock } from '../../src/fx/index.ts';
import { UnreachableError } from './index.ts';
import type { Slice } from './slices.ts';
import type { TransportRequest, TransportResponse } from './transport.ts';

/** What an exchange needs to know besides its request. */
export interface ExchangeParts {
  readonly clock: Clock;
  readonly server: string;
  /** Where the address of the server is written. */
  readonly origin: string;
  /** Shared by all exchanges that run at the same time. */
  readonly slice: Slice;
}

/** One request and its answer, from the first byte to the last: the one place that ends it, and says why. */
export class Exchange {
  readonly #sent: ClientRequest;
  readonly #request: TransportRequest;
  readonly #parts: ExchangeParts;
  #response: IncomingMessage | undefined;
  /** Why we ended it ourselves. */
  #reason: unknown;
  #stopWaiting = (): void => {};

  constructor(sent: ClientRequest, request: TransportRequest, parts: ExchangeParts) {
    this.#sent = sent;
    this.#request = request;
    this.#parts = parts;
    const { signal } = request;
    const abort = (): void => this.end(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    sent.once('close', () => {
      this.#stopWaiting();
      signal?.removeEventListener('abort', abort);
    });
  }

  /** Ends it now; whoever waits for it gets `reason`. */
  end(reason: unknown): void {
    this.#reason ??= reason;
    const error = reason instanceof Error ? reason : new Error(String(reason));
    // Destroying the request would replace the error that the reader of the answer gets.
    if (this.#response === undefined) this.#sent.destroy(error);
    else this.#response.destroy(error);
  }

  response(): Promise<TransportResponse> {
    return new Promise((resolve, reject) => {
      this.#waitForBytes();
      this.#sent.on('error', (error) => reject(this.#failure(error)));
      // Node closes a connection that changes to another protocol, and says nothing.
      this.#sent.once('close', () => {
        if (this.#response === undefined) reject(this.#error('bad-answer', 'no answer, and the connection is over'));
      });
      this.#sent.on('response', (response: IncomingMessage) => {
        this.#stopWaiting();
        this.#response = response;
        // Between two reads nobody listens, and an error without a listener ends the process; the next read is told of it.
        response.on('error', () => {});
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          chunks: () => this.#chunks(response),
          text: (bytesMax) => this.#text(response, bytesMax),
          discard: () => discard(response),
        });
      });
      const { body } = this.#request;
      // As bytes: Node would write headers that go together with a text in the encoding of that.
      this.#sent.end(body === undefined ? undefined : Buffer.from(body.text));
    });
  }

  /**
   * What comes faster than it is read comes without end in one turn of the event loop: after each chunk that is read Node looks for
   * the next one at once, a megabyte and more in a row. So between two chunks the loop turns, once their time is up; what comes
   * meanwhile waits in the connection, and fills it.
   */
  async *#chunks(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    const { slice } = this.#parts;
    const reading: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
    try {
      for (;;) {
        this.#waitForBytes();
        const { done, value } = await reading.next();
        this.#stopWaiting();
        if (done === true) return;
        yield value;
        await slice.pause();
      }
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#stopWaiting();
      if (!response.readableEnded) response.destroy();
    }
  }

  async #text(response: IncomingMessage, bytesMax: number): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.#chunks(response)) {
      length += chunk.length;
      if (length > bytesMax)
        throw this.#error('bad-answer', `the answer is longer than ${bytesMax} bytes; ask for less: a page, a selector, one object`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length).toString();
  }

  #waitForBytes(): void {
    const { idleTimeoutMs = 0 } = this.#request;
    if (idleTimeoutMs <= 0) return;
    this.#stopWaiting = this.#parts.clock.after(idleTimeoutMs, () =>
      this.end(this.#error('timeout', `not a byte came in ${idleTimeoutMs} ms; the API server is overloaded, or the network is cut`)),
    );
  }

  #failure(error: unknown): unknown {
    if (this.#reason !== undefined) return this.#reason;
    if (error instanceof UnreachableError) return error;
    const { code = 'UNKNOWN' } = error as NodeJS.ErrnoException;
    return this.#error(code, `${messageOf(error as Error)}; ${adviceFor(code, this.#parts.origin)}`, error);
  }

  #error(code: string, message: string, cause?: unknown): UnreachableError {
    const { method, path } = this.#request;
    return new UnreachableError(`${method} ${this.#parts.server}${path.split('?')[0]}: ${message}`, { code, cause });
  }
}

/** Where a name has several addresses the error has no message, and each of them one of its own. */
function messageOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : error.message;
}

const smallBytes = 65_536;

/** A short rest is read, so that the connection can be used again; a long or endless one costs more than a new connection. */
function discard(response: IncomingMessage): void {
  const length = Number(response.headers['content-length'] ?? Infinity);
  if (length <= smallBytes) response.resume();
  else response.destroy();
}

/** Whether the code of a TLS error says that a certificate is not what we trust. */
export function isOfCertificates(code: string): boolean {
  return /CERT|SIGNATURE|ISSUER/.test(code);
}

function adviceFor(code: string, origin: string): string {
  const advice: Readonly<Record<string, string>> = {
    ECONNREFUSED: `nothing listens there: is the API server up, and is the address in ${origin} right?`,
    ENOTFOUND: `the name does not resolve: check the address in ${origin} and the DNS`,
    EAI_AGAIN: `the name does not resolve at the moment: check the DNS of this host`,
    ETIMEDOUT: 'no connection: check routes, firewalls and network policies on the way',
    EHOSTUNREACH: 'no route: check routes, firewalls and network policies on the way',
    ENETUNREACH: 'no route: check routes, firewalls and network policies on the way',
    ECONNRESET: 'the connection was cut: by the API server, or by something in between',
    EPIPE: 'the connection was cut: by the API server, or by something in between',
    CERT_HAS_EXPIRED: `the API server's certificate has expired: renew it`,
    ERR_TLS_CERT_ALTNAME_INVALID: `its certificate is for other names than the address in ${origin}`,
  };
  const found = advice[code];
  if (found !== undefined) return found;
  if (isOfCertificates(code))
    return `its certificate is not signed by the CA in ${origin}: set kubernetes_apiserver_ca_path to the CA's file`;
  return `check the API server and the network; its address is in ${origin}`;
}
