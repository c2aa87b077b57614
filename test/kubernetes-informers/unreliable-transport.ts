import type { Transport, TransportRequest, TransportResponse } from '../../components/kubernetes/transport.ts';
import { UnreachableError } from '../../components/kubernetes/index.ts';

/** A number from 0 up to, but not including, `below`. */
export type Dice = (below: number) => number;

/** Calls of a network and of an API server that fail now and then, in every way that a list or a watch can. */
export class UnreliableTransport implements Transport {
  /** Whether anything fails at present. */
  isUnreliable = false;
  /** How often each thing went wrong. */
  readonly faults = new Map<string, number>();
  readonly #inner: Transport;
  readonly #dice: Dice;

  constructor(inner: Transport, dice: Dice) {
    this.#inner = inner;
    this.#dice = dice;
  }

  get server(): string {
    return this.#inner.server;
  }

  async open(request: TransportRequest): Promise<TransportResponse> {
    if (this.#happens(3)) {
      const refuse = this.#pick(refusals);
      if (refuse !== undefined) return refuse();
    }
    const response = await this.#inner.open(request);
    return { ...response, chunks: () => this.#chunks(response, request) };
  }

  /** Now and then one that goes wrong in the middle. */
  async *#chunks(response: TransportResponse, { path, signal }: TransportRequest): AsyncGenerator<Uint8Array> {
    const endings = path.includes('watch=true') ? watchEndings : listEndings;
    for await (const chunk of response.chunks()) {
      const end = this.#happens(4) ? this.#pick(endings) : undefined;
      yield end === undefined ? chunk : chunk.subarray(0, chunk.length >> 1);
      if (end === undefined) continue;
      const last = await end(signal);
      if (last !== undefined) yield Buffer.from(last);
      return;
    }
  }

  #happens(oneIn: number): boolean {
    return this.isUnreliable && this.#dice(oneIn) === 0;
  }

  #pick<T>(from: Readonly<Record<string, T>>): T | undefined {
    const all = Object.entries(from);
    const picked = all[this.#dice(all.length)];
    if (picked === undefined) return undefined;
    this.faults.set(picked[0], (this.faults.get(picked[0]) ?? 0) + 1);
    return picked[1];
  }
}

const refusals: Readonly<Record<string, () => Promise<TransportResponse>>> = {
  'refused connection': () => Promise.reject(new UnreachableError('nothing listens there', { code: 'ECONNREFUSED' })),
  'too many requests': () => refusal(429, 'TooManyRequests', 'slow down'),
  'internal error': () => refusal(500, 'InternalError', 'etcdserver: request timed out'),
  unavailable: () => refusal(503, 'ServiceUnavailable', 'apiserver is shutting down'),
  gone: () => refusal(410, 'Expired', 'the version is too old'),
  'version of the future': () => refusal(504, 'Timeout', 'Too large resource version: 9, current: 3'),
};

/** How a body goes wrong; what it resolves with is sent as the last of it. */
type Ending = (signal: AbortSignal | undefined) => Promise<string | undefined>;

const listEndings: Readonly<Record<string, Ending>> = {
  'cut connection': () => Promise.reject(new UnreachableError('the connection was cut', { code: 'ECONNRESET' })),
  'clean end': () => Promise.resolve(undefined),
};
const watchEndings: Readonly<Record<string, Ending>> = {
  ...listEndings,
  'error event': () =>
    Promise.resolve('\n{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old","metadata":{}}}\n'),
  'half-open connection': (signal) =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    }),
};

function refusal(code: number, reason: string, message: string): Promise<TransportResponse> {
  const text = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
  return Promise.resolve({
    status: code,
    headers: {},
    chunks: async function* () {
      yield Buffer.from(text);
    },
    text: () => Promise.resolve(text),
    discard: () => {},
  });
}
