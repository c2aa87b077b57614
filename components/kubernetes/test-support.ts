import type { Telemetry } from '../telemetry/index.ts';
import { UnreachableError } from './index.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** Metrics as values: the current one of counters and gauges, all of a histogram's, by `name{label=value}`. */
export function recordingTelemetry(): Telemetry & { readonly values: Record<string, number | number[]> } {
  const values: Record<string, number | number[]> = {};
  const sum = (key: string, value: number): void => void (values[key] = Number(values[key] ?? 0) + value);
  return {
    values,
    counter: (options) => ({
      add: (labels, value = 1) => sum(keyOf(options, labels), value),
      remove: (labels) => delete values[keyOf(options, labels)],
    }),
    gauge: (options) => ({
      set: (labels, value) => void (values[keyOf(options, labels)] = value),
      add: (labels, value) => sum(keyOf(options, labels), value),
      remove: (labels) => delete values[keyOf(options, labels)],
    }),
    histogram: (options) => ({
      observe: (labels, value) => {
        const key = keyOf(options, labels);
        const all = values[key];
        if (Array.isArray(all)) all.push(value);
        else values[key] = [value];
      },
    }),
    text: () => Promise.resolve(''),
  };
}

function keyOf({ subsystem, name }: { readonly subsystem: string; readonly name: string }, labels: object): string {
  const text = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return `${subsystem === '' ? '' : `${subsystem}_`}${name}${text.length === 0 ? '' : `{${text.join(',')}}`}`;
}

interface Listed {
  readonly names: readonly string[];
  readonly version: number;
  /** The continuation of the next page. */
  readonly next?: string;
}

interface Refusal {
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
}

/**
 * An API server of one collection. It answers as it was told to, in that order; when nothing is left, watches stay open and are driven
 * by the test, the newest by default.
 */
export class ScriptedApi implements Transport {
  readonly server = 'https://scripted';
  /** What was asked for, paths and queries. */
  readonly paths: string[] = [];
  /** Watches that run, the oldest first. */
  readonly watches: ScriptedBody[] = [];
  readonly #answers: ((request: TransportRequest) => Promise<TransportResponse>)[] = [];

  open(request: TransportRequest): Promise<TransportResponse> {
    this.paths.push(request.path);
    const answer = this.#answers.shift() ?? ((asked) => Promise.resolve(this.#watch(asked)));
    return answer(request);
  }

  list({ names, version, next }: Listed): void {
    const items = names.map((name) => ({ metadata: { name, resourceVersion: String(version) } }));
    this.answer(
      JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: String(version), continue: next }, items }),
    );
  }

  answer(text: string, status = 200): void {
    this.#answers.push((request) => {
      const body = new ScriptedBody(request.signal);
      body.push(bytes(text), undefined);
      return Promise.resolve(body.response(status));
    });
  }

  refuse(code: number, { retryAfterSeconds, ...rest }: Refusal = {}): void {
    this.answer(JSON.stringify({ kind: 'Status', code, ...rest, details: { retryAfterSeconds } }), code);
  }

  refuseConnection(): void {
    this.#answers.push(() => Promise.reject(new UnreachableError('nothing listens there', { code: 'ECONNREFUSED' })));
  }

  /** Begins an answer and breaks the connection. */
  cut(): void {
    this.#answers.push((request) => {
      const body = new ScriptedBody(request.signal);
      body.push(new UnreachableError('the connection was cut', { code: 'ECONNRESET' }));
      return Promise.resolve(body.response(200));
    });
  }

  /** Begins no answer until the request is given up. */
  hang(): void {
    this.#answers.push(
      ({ signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })),
    );
  }

  event(type: string, { name, version }: { readonly name?: string; readonly version: number }, watch?: number): void {
    this.line(JSON.stringify({ type, object: { metadata: { name, resourceVersion: String(version) } } }), watch);
  }

  error(status: object): void {
    this.line(JSON.stringify({ type: 'ERROR', object: { kind: 'Status', metadata: {}, ...status } }));
  }

  line(text: string, watch?: number): void {
    this.text(`${text}\n`, watch);
  }

  text(text: string, watch = this.watches.length - 1): void {
    this.watches[watch]?.push(bytes(text));
  }

  end(watch = this.watches.length - 1): void {
    this.watches[watch]?.push(undefined);
  }

  #watch({ signal }: TransportRequest): TransportResponse {
    const body = new ScriptedBody(signal, () => this.watches.splice(this.watches.indexOf(body), 1));
    this.watches.push(body);
    return body.response(200);
  }
}

/** The body of an answer: bytes, an error or the end, as they are pushed. */
class ScriptedBody {
  readonly #waiting: (Uint8Array | Error | undefined)[] = [];
  readonly #over: () => void;
  #wake = (): void => {};

  constructor(signal: AbortSignal | undefined, over: () => void = () => {}) {
    this.#over = over;
    signal?.addEventListener('abort', () => this.push(signal.reason as Error), { once: true });
  }

  push(...what: readonly (Uint8Array | Error | undefined)[]): void {
    this.#waiting.push(...what);
    this.#wake();
  }

  response(status: number): TransportResponse {
    return { status, headers: {}, chunks: () => this.#chunks(), text: () => this.#text(), discard: () => {} };
  }

  async #text(): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#chunks()) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        while (this.#waiting.length === 0) await new Promise<void>((resolve) => void (this.#wake = resolve));
        const next = this.#waiting.shift();
        if (next === undefined) return;
        if (next instanceof Error) throw next;
        yield next;
      }
    } finally {
      this.#over();
    }
  }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
