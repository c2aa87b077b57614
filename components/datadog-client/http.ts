import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../src/fx/index.ts';
import type { WayOut } from '../config/index.ts';

/** What came back, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Lower-case names; the last of several values. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A longer answer is refused: it cannot be one to a batch of queries. */
const bodyMax = 10 * 1024 * 1024;
/** Milliseconds for a request and its whole answer. */
const deadlineMs = 10_000;

/** Connections to Datadog, kept alive and shared, through the proxy where one is set. */
export class Connections {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  readonly #clock: Clock;

  constructor(way: WayOut, clock: Clock) {
    this.#clock = clock;
    this.#http = new HttpAgent({ keepAlive: true, ...way });
    this.#https = new HttpsAgent({ keepAlive: true, ...way });
  }

  /** @throws Error when no answer comes, whatever the reason; the signal's reason when that is aborted */
  async get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const giveUp = new AbortController();
    const cancel = this.#clock.after(deadlineMs, () => giveUp.abort());
    const [get, agent] = url.protocol === 'https:' ? ([httpsGet, this.#https] as const) : ([httpGet, this.#http] as const);
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        get(url, { headers, agent, signal: AbortSignal.any([signal, giveUp.signal]) }, resolve).on('error', reject);
      });
      return await read(answer);
    } catch (error) {
      signal.throwIfAborted();
      const reason = giveUp.signal.aborted ? `no complete answer within ${deadlineMs / 1000} s` : messageOf(error);
      throw new Error(`${url.host}: ${reason}`, { cause: error });
    } finally {
      cancel();
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function read(answer: IncomingMessage): Promise<HttpAnswer> {
  let length = 0;
  answer.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > bodyMax) answer.destroy(new Error(`the answer is longer than ${bodyMax} bytes`));
  });
  const body = await text(answer);
  const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().at(-1)]));
  return { status: answer.statusCode ?? 0, statusText: answer.statusMessage ?? '', headers, body };
}
