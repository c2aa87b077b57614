import { CertificateAuthority } from '../../certificates/index.ts';
import { Faults } from './faults.ts';
import type { Received } from './intake.ts';
import type { Answer, SeriesFunction } from './query.ts';
import { DatadogServer } from './server.ts';

/** How it is started; every field may be left out. */
export interface DatadogOptions {
  /** The port on 127.0.0.1. Default 0: a free one. */
  readonly port?: number;
  /** HTTPS with a certificate of its own authority. Default: HTTP. */
  readonly tls?: boolean;
  /** The only API key that it takes. Default: 32 times `a`. */
  readonly apiKey?: string;
  /** The only application key that it takes. Default: 40 times `b`. */
  readonly appKey?: string;
  /** Requests to the query API per `periodSeconds` until 429. Default 300 in 3 600 seconds. */
  readonly rateLimit?: { readonly requests: number; readonly periodSeconds: number };
}

/** A Datadog that runs in this process. */
export interface Datadog {
  readonly url: string;
  /** The authority to trust, PEM; empty without TLS. */
  readonly ca: string;
  readonly apiKey: string;
  readonly appKey: string;
  /** What goes wrong. */
  readonly faults: Faults;
  /** What the intake has accepted so far, oldest first. */
  readonly received: readonly Received[];
  /** The texts that the query API was asked, as they came, oldest first. */
  readonly asked: readonly string[];
  /** From now on a query finds this; with a record, a series for each scope. `undefined`: nothing again. */
  set(query: string, answer: SeriesFunction | Readonly<Record<string, SeriesFunction>> | undefined): void;
  /** Other keys from now on: the earlier ones are refused. */
  rotate(keys: { readonly apiKey?: string; readonly appKey?: string }): void;
  /** Cuts every connection and frees everything. Doing so again does nothing. */
  stop(): Promise<void>;
}

/** Starts it on loopback. Rejects where the port is taken. */
export async function startDatadog(options: DatadogOptions = {}): Promise<Datadog> {
  const authority = options.tls === true ? new CertificateAuthority('in-process-datadog') : undefined;
  const keys = { apiKey: options.apiKey ?? 'a'.repeat(32), appKey: options.appKey ?? 'b'.repeat(40) };
  const answers = new Map<string, Answer>();
  const [faults, received, asked]: [Faults, Received[], string[]] = [new Faults(), [], []];
  const rateLimit = options.rateLimit ?? { requests: 300, periodSeconds: 3600 };
  const identity = authority?.issue({ commonName: 'localhost', hosts: ['127.0.0.1', 'localhost'] });
  const server = new DatadogServer({ identity, keys, answers, faults, received, asked, rateLimit });
  const port = await server.listen(options.port ?? 0);
  let stopping: Promise<void> | undefined;
  return {
    url: `${authority === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    ca: authority?.certificate ?? '',
    get apiKey() {
      return keys.apiKey;
    },
    get appKey() {
      return keys.appKey;
    },
    faults,
    received,
    asked,
    set: (query, answer) => void (answer === undefined ? answers.delete(query) : answers.set(query, answer)),
    rotate: (fresh) => void Object.assign(keys, fresh),
    stop: () => (stopping ??= server.close()),
  };
}
