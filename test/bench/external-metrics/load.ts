/** Readers of metrics, in a process of their own: what kube-apiserver sends when autoscalers read through it. */
import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPair } from '../../../src/certificates/index.ts';
import { serveParent } from './process.ts';

export interface LoadOptions {
  readonly port: number;
  readonly proxy: KeyPair;
  readonly metrics: number;
  /** The user for whom the API server sends the reads. */
  readonly reader: string;
}

/** What came of a while of reading. Milliseconds from when a read was due to the end of its answer. */
export interface Latencies {
  readonly reads: number;
  readonly ms: number;
  readonly p50: number;
  readonly p99: number;
}

export type Load = typeof services;

const [, , options = '{}'] = process.argv;
const { port, proxy, metrics, reader: user }: LoadOptions = JSON.parse(options);

/** The API server keeps a few connections to a server behind it, and many requests on each. */
const connections = 4;
const inFlight = 64;

const sessions = await Promise.all(
  Array.from({ length: connections }, async () => {
    const session = connect(`https://127.0.0.1:${port}`, { cert: proxy.certificate, key: proxy.key, rejectUnauthorized: false });
    await once(session, 'connect');
    return session;
  }),
);
const headers = {
  accept: 'application/vnd.kubernetes.protobuf, */*',
  'user-agent': 'kube-controller-manager/v1.32.0',
  'x-remote-user': user,
  'x-remote-group': ['system:authenticated'],
};
let turn = 0;

const services = {
  /** Reads at a rate, whatever the answers take. */
  async paced({ perSecond, seconds }: { perSecond: number; seconds: number }): Promise<Latencies> {
    const begun = performance.now();
    const reads: Promise<number>[] = [];
    for (let count = 0; count < perSecond * seconds; count += 1) {
      const due = begun + (count * 1000) / perSecond;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      reads.push(readNext().then(() => performance.now() - due));
    }
    return summary(await Promise.all(reads), performance.now() - begun);
  },

  /** Reads as much as can be, each reader as soon as it is answered. */
  async most({ seconds }: { seconds: number }): Promise<Latencies> {
    const begun = performance.now();
    const taken: number[] = [];
    const reader = async (): Promise<void> => {
      for (let at = performance.now(); at < begun + seconds * 1000; at = performance.now()) {
        await readNext();
        taken.push(performance.now() - at);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, reader));
    return summary(taken, performance.now() - begun);
  },
};
serveParent(services);

function summary(taken: readonly number[], ms: number): Latencies {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { reads: taken.length, ms, p50: at(0.5), p99: at(0.99) };
}

/** Reads the metrics in turn, so that what is remembered of each helps as seldom as can be. */
async function readNext(): Promise<void> {
  turn += 1;
  const session = sessions[turn % sessions.length];
  if (session !== undefined) await read(session, `datadogmetric@default:queue-${turn % metrics}`);
}

/** With as little work as can be: it is not the reader that is to be measured. @throws Error when the answer is not a value */
function read(session: ClientHttp2Session, metric: string): Promise<void> {
  const stream = session.request({
    ...headers,
    ':path': `/apis/external.metrics.k8s.io/v1beta1/namespaces/default/${metric}?labelSelector=`,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.on('response', ({ ':status': status }) => {
    if (status === 200) stream.on('end', resolve);
    else reject(new Error(`the agent answered ${status ?? 0}`));
  });
  stream.on('error', reject).resume();
  return promise;
}
