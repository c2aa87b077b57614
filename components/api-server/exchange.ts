import { constants, type Http2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Context } from 'koa';
import { plainAddress } from './address.ts';
import { RouteError, type Route, type RouteRequest } from './index.ts';
import type { Exchange } from './in-flight.ts';

const bodyMaxDefault = 1_048_576;

/** A request to a route as its handler sees it, over HTTP/1.1 or 2. What a handler may never ask for is made when it asks. */
export class RouteExchange implements RouteRequest, Exchange {
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** A property, so that handlers may take it out of the request. */
  readonly body = (): Promise<Uint8Array> => (this.#body ??= this.#hasBody() ? this.#read() : Promise.resolve(new Uint8Array()));
  readonly #context: Context;
  readonly #bodyMax: number;
  #controller: AbortController | undefined;
  #query: URLSearchParams | undefined;
  #body: Promise<Uint8Array> | undefined;

  constructor(context: Context, { bodyMax = bodyMaxDefault }: Route) {
    const { req } = context;
    this.method = context.method;
    this.url = req.url ?? '/';
    this.params = context['params'];
    // Node keeps one value for each name, or joins them; only set-cookie, which is no request header, comes as a list.
    this.headers = req.headers as Readonly<Record<string, string | undefined>>;
    this.#context = context;
    this.#bodyMax = bodyMax;
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.#context.querystring));
  }

  get remoteAddress(): string {
    return plainAddress(this.#context.req.socket.remoteAddress);
  }

  /** The connection that it came over; over HTTP/2, a stand-in for it. */
  get socket(): Socket {
    return this.#context.req.socket;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  get stream(): Readable {
    return this.#context.req;
  }

  /** @throws RouteError 413 when the client says that its body is longer than the route allows */
  checkLength(): void {
    if (Number(this.headers['content-length'] ?? 0) > this.#bodyMax) throw this.#tooLong();
  }

  /** Over HTTP/1 the headers say so; over HTTP/2 only the end of the stream does. */
  #hasBody(): boolean {
    const { 'transfer-encoding': encoding, 'content-length': length } = this.headers;
    return encoding !== undefined || (length !== undefined && length !== '0') || this.#context.req.httpVersionMajor > 1;
  }

  #read(): Promise<Uint8Array> {
    const { stream } = this;
    const chunks: Uint8Array[] = [];
    let length = 0;
    return new Promise((resolve, reject) => {
      // Not an async iterator: leaving one early destroys the connection, and with it the answer that says why.
      const done = (): void => void stream.off('data', take).off('end', end).off('close', broken);
      const take = (chunk: Uint8Array): void => {
        length += chunk.length;
        chunks.push(chunk);
        if (length <= this.#bodyMax) return;
        done();
        reject(this.#tooLong());
      };
      const end = (): void => {
        done();
        resolve(Buffer.concat(chunks));
      };
      const broken = (): void => {
        done();
        reject(new RouteError(400, 'the request ended before its body did'));
      };
      if (stream.destroyed) broken();
      else stream.on('data', take).on('end', end).on('close', broken);
    });
  }

  #tooLong(): RouteError {
    return new RouteError(413, `request body is longer than ${this.#bodyMax} bytes`);
  }

  /** The client is away, or what it asked for is answered: whatever still works for it may stop. */
  abandon(reason: string): void {
    this.#controller?.abort(new Error(reason));
  }

  cut(): void {
    const { res } = this.#context;
    this.abandon('the time for this request is up');
    // Over HTTP/2 the connection is shared with other requests; only this one's stream is cut.
    if ('stream' in res) (res.stream as Http2Stream).close(constants.NGHTTP2_INTERNAL_ERROR);
    else this.#context.req.socket.destroy();
  }
}
