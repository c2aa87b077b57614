import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { CertificateAuthority } from '../../../src/certificates/index.ts';
import { portOf } from '../../cluster/support/real-server.ts';
import { podJson } from './pods.ts';

/**
 * An API server that has nothing but pods, and those only while it sends them, so that it is not what a benchmark measures.
 * The first part of each path says how many: `/150000/api/v1/pods`. It lists them, in pages where it is asked to, watches them, and
 * changes as many as `/150000/change?events=N` says.
 */
const chunkBytes = 65_536;
const watches = new Set<ServerResponse>();
let version = 1_000_000;

/** Writes all, no faster than it is read. */
async function send(response: ServerResponse, texts: Iterable<string>): Promise<void> {
  let chunk = '';
  for (const text of texts) {
    chunk += text;
    if (chunk.length < chunkBytes) continue;
    if (!response.write(chunk)) await drained(response);
    if (response.destroyed) return;
    chunk = '';
  }
  response.write(chunk);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      response.off('drain', over).off('close', over);
      resolve();
    };
    response.on('drain', over).on('close', over);
  });
}

function* list(from: number, to: number, total: number): Generator<string> {
  const next = to < total ? `,"continue":"${to}","remainingItemCount":${total - to}` : '';
  yield `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"${version}"${next}},"items":[`;
  for (let index = from; index < to; index += 1) yield (index === from ? '' : ',') + podJson(index, index + 1);
  yield ']}\n';
}

function* changes(events: number, pods: number): Generator<string> {
  for (let event = 0; event < events; event += 1) {
    version += 1;
    const pod = podJson(event % pods, version);
    yield `{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1",${pod.slice(1)}}\n`;
  }
}

async function answer(url: URL, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = url;
  const [, count = '', what] = pathname.split('/');
  const pods = Number(count);
  response.setHeader('Content-Type', 'application/json');
  if (what === 'change') {
    const events = Number(searchParams.get('events'));
    while (watches.size === 0) await sleep(10);
    await Promise.all([...watches].map((watch) => send(watch, changes(events, pods))));
    response.end();
  } else if (searchParams.get('watch') === 'true') {
    response.flushHeaders();
    watches.add(response);
    response.once('close', () => watches.delete(response));
  } else {
    const from = Number(searchParams.get('continue') ?? 0);
    const limit = Number(searchParams.get('limit') ?? pods);
    await send(response, list(from, Math.min(pods, from + limit), pods));
    response.end();
  }
}

const authority = new CertificateAuthority('bench-ca');
const { certificate: cert, key } = authority.issue({ commonName: 'kube-apiserver', hosts: ['127.0.0.1'] });
const server = createServer({ cert, key }, ({ url = '/' }, response) => void answer(new URL(url, 'https://bench'), response));
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `https://127.0.0.1:${portOf(server)}`, ca: authority.certificate });
});
process.once('disconnect', () => process.exit());
