import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, get, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../../src/fx/index.ts';
import { DelegateError, type ExternalMetricValue, type MetricRequest } from '../index.ts';
import { group, version } from '../server/request-info.ts';
import { valuesIn, type DelegateAnswer } from './answer.ts';
import type { Delegate } from './delegates.ts';

/** Milliseconds for a read, with everything that belongs to it: an autoscaler's own controller waits not much longer. */
const deadlineMs = 3000;
/** Reads that wait for one server at a time. A slow one must not use up what this server answers at once. */
const inFlightMax = 100;
/** A longer answer is refused. */
const bodyMax = 1024 * 1024;
/** Tokens are replaced in time for that; after a failure they are read at once. */
const rereadMs = 60_000;

interface Identity {
  readonly token: string;
  readonly ca: string | undefined;
  /** Of the monotonic clock. */
  readonly readAt: number;
}

/** Asks another external metrics server, as this agent, over connections that are kept. */
export class DelegatedServer {
  readonly prefix: string;
  readonly #delegate: Delegate;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #agent = new Agent({ keepAlive: true });
  #identity: Identity | undefined;
  #inFlight = 0;

  constructor(delegate: Delegate, clock: Clock) {
    this.prefix = delegate.prefix;
    this.#delegate = delegate;
    this.#clock = clock;
    this.#name = `external metrics server ${delegate.name}`;
  }

  /** @throws DelegateError that names the server */
  async read(request: MetricRequest): Promise<readonly ExternalMetricValue[]> {
    if (this.#inFlight >= inFlightMax) throw this.#unavailable(`${inFlightMax} reads wait for it already`);
    this.#inFlight += 1;
    const giveUp = new AbortController();
    const cancel = this.#clock.after(deadlineMs, () => giveUp.abort());
    try {
      const answer = await this.#ask(pathOf(request), giveUp.signal);
      return valuesIn(answer, this.#name, this.#clock.now() / 1000);
    } catch (error) {
      // The reason may be a token or a certificate that has been replaced since.
      this.#identity = undefined;
      if (error instanceof DelegateError) throw error;
      if (giveUp.signal.aborted)
        throw new DelegateError(`${this.#name}: no answer within ${deadlineMs / 1000} s`, { code: 504, reason: 'Timeout' });
      throw this.#unavailable(error instanceof Error ? error.message : String(error));
    } finally {
      cancel();
      this.#inFlight -= 1;
    }
  }

  /** Ends what is under way; connections are made anew when there is another read. */
  close(): void {
    this.#agent.destroy();
  }

  #unavailable(reason: string): DelegateError {
    return new DelegateError(`${this.#name}: ${reason}`, { code: 503, reason: 'ServiceUnavailable' });
  }

  async #ask(path: string, signal: AbortSignal): Promise<DelegateAnswer> {
    const { host, port, basePath, isVerified } = this.#delegate;
    const { token, ca } = await this.#known();
    const options: RequestOptions = {
      host,
      port,
      path: `${basePath}${path}`,
      agent: this.#agent,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'datadog-cluster-agent' },
      rejectUnauthorized: isVerified,
      signal,
      ...(ca === undefined ? {} : { ca }),
    };
    try {
      return await answerTo(options);
    } catch (error) {
      // The other side may close a kept connection just when it is used again. A read may be repeated.
      if (!(error instanceof StaleConnectionError)) throw error;
      return answerTo(options);
    }
  }

  async #known(): Promise<Identity> {
    const now = this.#clock.monotonic();
    if (this.#identity !== undefined && now - this.#identity.readAt < rereadMs) return this.#identity;
    const { tokenFile, caFile } = this.#delegate;
    const [token, ca] = await Promise.all([readFile(tokenFile, 'utf8'), caFile === undefined ? undefined : readFile(caFile, 'utf8')]);
    this.#identity = { token: token.trim(), ca, readAt: now };
    return this.#identity;
  }
}

/** A kept connection turned out to be closed. */
class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

async function answerTo(options: RequestOptions): Promise<DelegateAnswer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = get(options, resolve);
    sent.on('error', (error) => reject(sent.reusedSocket ? new StaleConnectionError(error.message, { cause: error }) : error));
  });
  let length = 0;
  answer.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > bodyMax) answer.destroy(new Error(`the answer is longer than ${bodyMax} bytes`));
  });
  return { status: answer.statusCode ?? 0, body: await text(answer) };
}

function pathOf({ namespace, metric, selector }: MetricRequest): string {
  const labels = selector.toString();
  const query = labels === '' ? '' : `?labelSelector=${encodeURIComponent(labels)}`;
  return `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(metric)}${query}`;
}
