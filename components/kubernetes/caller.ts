import type { Clock } from '../../src/fx/index.ts';
import type { Random } from '../random/index.ts';
import type { Counter } from '../telemetry/index.ts';
import { Deadline } from './deadline.ts';
import type { DeniableCall, Denials } from './denials.ts';
import { type CallOptions, KubernetesError, UnreachableError } from './index.ts';
import { readRefusal } from './refusals.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

export interface CallerParts {
  readonly transport: Transport;
  readonly denials: Denials;
  readonly clock: Clock;
  readonly random: Random;
  /** Of calls that do not say it themselves; 0: none. */
  readonly timeoutMs: number;
  /** Counts calls whose time was up. */
  readonly timeouts: Counter;
}

/** One call as it goes over the wire, and what RBAC calls it. */
export interface Call {
  readonly request: Omit<TransportRequest, 'signal' | 'idleTimeoutMs'>;
  readonly rbac: DeniableCall;
  readonly options: CallOptions;
}

/** More than the largest page: what is longer is no answer that we asked for. */
const answerMax = 64 * 1_048_576;
const readRetries = 10;
const firstDelayMs = 200;
const longestDelayMs = 5000;

const retriedCodes: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
/** For reads; a write may have been done when its connection breaks. */
const retriedFailures: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ETIMEDOUT', 'EAI_AGAIN']);

/** Makes calls: within their time, again where that may help, with errors that say what was refused. */
export class Caller {
  readonly #parts: CallerParts;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /** The answer's JSON, or its text where it is none. */
  async call(call: Call): Promise<unknown> {
    const { clock, timeouts } = this.#parts;
    const { timeoutMs = this.#parts.timeoutMs, signal } = call.options;
    const timedOut = (): Error => {
      timeouts.add({});
      const { method, path } = call.request;
      const message = `${method} ${this.#parts.transport.server}${path.split('?')[0]}: no answer within ${timeoutMs} ms; the API server is overloaded, or the network is cut`;
      return new UnreachableError(message, { code: 'timeout' });
    };
    const deadline = new Deadline({ clock, timeoutMs, signal, reason: timedOut });
    try {
      return await this.#untilItSucceeds(call, deadline);
    } finally {
      deadline.close();
    }
  }

  async #untilItSucceeds(call: Call, deadline: Deadline): Promise<unknown> {
    const isRead = call.request.method === 'GET';
    const { retriesMax = isRead ? readRetries : 0 } = call.options;
    for (let retries = 0; ; retries += 1) {
      try {
        return await this.#once(call, deadline.signal);
      } catch (error) {
        const delayMs = this.#delayMs(error, retries);
        if (retries >= retriesMax || !mayPass(error, isRead) || delayMs >= deadline.remainingMs) throw error;
        await this.#parts.clock.sleep(delayMs, deadline.signal);
      }
    }
  }

  /** Doubling, and jittered, so that replicas which were refused together do not come back together. */
  #delayMs(error: unknown, retries: number): number {
    const ownMs = Math.min(longestDelayMs, firstDelayMs * 2 ** retries);
    const askedMs = error instanceof KubernetesError ? error.retryAfterMs : undefined;
    return (askedMs ?? ownMs) + ownMs * this.#parts.random.next();
  }

  async #once({ request, rbac }: Call, signal: AbortSignal): Promise<unknown> {
    const { transport, denials } = this.#parts;
    const response = await transport.open({ ...request, signal });
    if (response.status < 200 || response.status > 299) {
      const error = await readRefusal(request, response);
      denials.refused(rbac, error);
      throw error;
    }
    denials.granted(rbac);
    return this.#valueOf(request, response);
  }

  async #valueOf({ method, path }: TransportRequest, response: TransportResponse): Promise<unknown> {
    const text = await response.text(answerMax);
    if (!/\bjson\b/.test(response.headers['content-type'] ?? '')) return text;
    try {
      return JSON.parse(text);
    } catch (cause) {
      const message = `${method} ${this.#parts.transport.server}${path.split('?')[0]}: the answer is called JSON and is none (${text.length} characters)`;
      throw new UnreachableError(message, { code: 'bad-answer', cause });
    }
  }
}

function mayPass(error: unknown, isRead: boolean): boolean {
  if (error instanceof KubernetesError) return retriedCodes.has(error.code);
  return isRead && error instanceof UnreachableError && retriedFailures.has(error.code);
}
