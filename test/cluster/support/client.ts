import { Agent, type RequestOptions, request as send } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { type Json, type JsonObject, isObject } from '../../../src/testkit/cluster/json.ts';

/** What a client of a server under test is made of. */
export interface Access {
  readonly url: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** Headers of every request: how somebody else is impersonated where no certificate can be made. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: JsonObject;
  readonly text: string;
}

/** A watch that is read event by event. */
export interface OpenWatch {
  readonly status: number;
  /** The next event; undefined at the end of the stream. */
  next(): Promise<JsonObject | undefined>;
  close(): void;
}

const MERGE = 'application/merge-patch+json';

/** A raw client over one keep-alive agent: what a test says goes on the wire as it is. */
export class TestClient {
  readonly #access: Access;
  readonly #agent: Agent;

  constructor(access: Access) {
    this.#access = access;
    const { ca, cert, key } = access;
    this.#agent = new Agent({ keepAlive: true, ca, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', path, { headers });
  }

  post(path: string, body: Json): Promise<Answer> {
    return this.request('POST', path, { body });
  }

  put(path: string, body: Json): Promise<Answer> {
    return this.request('PUT', path, { body });
  }

  patch(path: string, body: Json, type = MERGE): Promise<Answer> {
    return this.request('PATCH', path, { body, headers: { 'Content-Type': type } });
  }

  delete(path: string, body?: Json): Promise<Answer> {
    return this.request('DELETE', path, body === undefined ? {} : { body });
  }

  async request(
    method: string,
    path: string,
    { body, headers = {} }: { body?: Json; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await this.#open(method, path, { body, headers });
    const text = Buffer.concat(await response.toArray()).toString();
    return { status: response.statusCode ?? 0, headers: response.headers, body: parse(text), text };
  }

  /** Opens a watch. */
  async watch(path: string, headers: Record<string, string> = {}): Promise<OpenWatch> {
    const response = await this.#open('GET', path, { body: undefined, headers });
    const lines = linesOf(response);
    return {
      status: response.statusCode ?? 0,
      next: async () => {
        const { value } = await lines.next();
        return value === undefined ? undefined : parse(value);
      },
      close: () => response.destroy(),
    };
  }

  /** Closes what the agent kept open. */
  close(): void {
    this.#agent.destroy();
  }

  #open(
    method: string,
    path: string,
    { body, headers }: { body: Json | undefined; headers: Record<string, string> },
  ): Promise<IncomingMessage> {
    const { url, token } = this.#access;
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const text = body === undefined ? '' : JSON.stringify(body);
    // The length by hand: Node sends the body of a DELETE without any framing otherwise.
    const typed = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) };
    const options: RequestOptions = {
      method,
      agent: this.#agent,
      headers: { 'User-Agent': 'suite/1.0', ...authorization, ...typed, ...this.#access.headers, ...headers },
    };
    return new Promise((resolve, reject) => {
      send(url + path, options, resolve)
        .on('error', reject)
        .end(text);
    });
  }
}

function parse(text: string): JsonObject {
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string, undefined> {
  let rest = '';
  try {
    for await (const chunk of response) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      yield* parts.filter((part) => part !== '');
    }
  } catch {
    // A stream that is cut has no more lines: that is all its reader wants to know.
  }
  return undefined;
}
