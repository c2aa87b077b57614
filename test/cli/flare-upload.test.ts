import { once } from 'node:events';
import { rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { selfSigned } from '../../src/certificates/index.ts';
import { version } from '../../src/version.ts';
import { freePorts } from '../agent/process.ts';
import { surroundings, type Surroundings } from '../agent/support.ts';
import { cli, type Ran } from './support.ts';

interface Received {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}
type Answer = (line: string) => { readonly status: number; readonly location?: string; readonly body?: string };

const apiKey = '0123456789abcdef0123456789abcdef';
const taken: Answer = (line) => ({ status: line.startsWith('HEAD') ? 404 : 200, body: '{"case_id":4711}' });
const { certificate: cert, key } = selfSigned({ commonName: 'support', hosts: ['127.0.0.1'] });
let around: Surroundings;
beforeAll(async () => {
  around = await surroundings();
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => around[Symbol.asyncDispose]());

/** Somebody who takes archives: support itself, or a proxy before it. */
async function receiver(answer: Answer, { isSecure = false } = {}) {
  const received: Received[] = [];
  const listener: RequestListener = async (request, response) => {
    const line = `${request.method} ${request.url}`;
    received.push({ line, headers: request.headers, body: await buffer(request) });
    const { status, location, body } = answer(line);
    response.writeHead(status, location === undefined ? {} : { location }).end(body);
  };
  const server = isSecure ? createSecureServer({ cert, key }, listener) : createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
  };
  const url = `${isSecure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { received, url, [Symbol.asyncDispose]: close };
}

/** No agent runs, so the archive is made here, and is gone in the end. */
async function flare(lines: readonly string[], ...args: readonly string[]): Promise<Ran & { readonly archive: string }> {
  const [port = 0] = await freePorts(1);
  const yaml = [`cluster_agent: {cmd_port: ${port}}`, `api_key: ${apiKey}`, 'hostname: node-1', ...lines];
  await writeFile(join(around.folder, 'datadog-cluster.yaml'), yaml.join('\n'));
  const ran = await cli(['flare', '-s', '-e', 'me@example.com', '-c', around.folder, ...args]);
  const archive = /^(\/.*\.zip) is going to be uploaded/m.exec(ran.out)?.[1] ?? '';
  expect((await stat(archive)).size).toBeGreaterThan(0);
  await rm(dirname(archive), { recursive: true });
  return { ...ran, archive };
}

async function fieldsOf({ headers, body }: Received): Promise<Record<string, string>> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData();
  return Object.fromEntries([...form].map(([name, value]) => [name, typeof value === 'string' ? value : value.name]));
}

it('goes through the proxy, and where support redirects it to', async () => {
  await using proxy = await receiver((line) =>
    line === 'HEAD http://support.example/support/flare/4711' ? { status: 302, location: '/intake' } : taken(line),
  );
  vi.stubEnv('DD_PROXY_HTTP', proxy.url);
  vi.stubEnv('DD_PROXY_NO_PROXY', 'elsewhere.example');
  const { code, out, err, archive } = await flare(['dd_url: http://support.example'], '4711');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/\nYour logs were successfully uploaded\. For future reference, your internal case id is 4711\n$/);
  expect(proxy.received.map(({ line }) => line)).toEqual([
    'HEAD http://support.example/support/flare/4711',
    'HEAD http://support.example/intake',
    'POST http://support.example/intake',
  ]);
  const [last] = proxy.received.slice(-1) as [Received];
  expect(last.headers['dd-api-key']).toBe(apiKey);
  expect(await fieldsOf(last)).toEqual({
    case_id: '4711',
    email: 'me@example.com',
    source: 'cli',
    agent_version: `${version.major}.${version.minor}.${version.patch}`,
    hostname: expect.stringMatching(/./),
    flare_file: archive.slice(dirname(archive).length + 1),
  });
});

it.each([
  ['site: datadoghq.eu', 'flare.agent.datadoghq.eu:443'],
  ['dd_url: https://app.us5.datadoghq.com', 'flare.agent.us5.datadoghq.com:443'],
])('goes to the address for archives of this release: %s', async (line, address) => {
  const asked: string[] = [];
  const proxy = createServer().on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  vi.stubEnv('DD_PROXY_HTTPS', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  vi.stubEnv('DD_PROXY_NO_PROXY', 'elsewhere.example');
  expect((await flare([line])).code).toBe(1);
  expect(asked).toEqual([`${version.major}-${version.minor}-${version.patch}-${address}`]);
  proxy.close();
});

it('opens a case where none is named', async () => {
  await using support = await receiver(taken);
  const { code } = await flare([`dd_url: ${support.url}`]);
  expect(code).toBe(0);
  const [last] = support.received.slice(-1) as [Received];
  expect(last.line).toBe('POST /support/flare');
  expect(await fieldsOf(last)).not.toHaveProperty('case_id');
});

it.each<[string, ReturnType<Answer>]>([
  ['refused the upload (403), make sure that the API key is valid', { status: 403, body: 'Forbidden' }],
  ['refused the upload (502)', { status: 502 }],
  ['refused the upload: its answer is no JSON; a proxy may have given it', { status: 200, body: '<html>Please log in</html>' }],
  ['refused the upload: too large', { status: 200, body: '{"case_id":1,"error":"too large"}' }],
  ['it leads to http://elsewhere.example, which is not encrypted', { status: 301, location: 'http://elsewhere.example/' }],
])('%s', async (message, answer) => {
  await using support = await receiver(() => answer, { isSecure: true });
  const { code, err, archive } = await flare([`dd_url: ${support.url}`, 'skip_ssl_validation: true']);
  expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  expect(err).toContain(`; the archive stays at ${archive}\n`);
  expect(err).not.toContain(apiKey);
});

it('trusts a certificate that nobody vouches for only with skip_ssl_validation', async () => {
  await using support = await receiver(taken, { isSecure: true });
  const wary = await flare([`dd_url: ${support.url}`]);
  expect([wary.code, wary.err]).toEqual([1, expect.stringMatching(/^Error: cannot upload to 127\.0\.0\.1:\d+: self-signed certificate/)]);
  expect(support.received).toEqual([]);
  expect((await flare([`dd_url: ${support.url}`, 'skip_ssl_validation: true'])).code).toBe(0);
});

it('asks whether the API key is good in the same way', async () => {
  await using datadog = await receiver(() => ({ status: 200 }), { isSecure: true });
  const diagnose = async (lines: readonly string[]): Promise<string> => {
    const yaml = [`api_key: ${apiKey}`, `dd_url: ${datadog.url}`, `kubernetes_kubeconfig_path: ${around.kubeconfigPath}`, ...lines];
    await writeFile(join(around.folder, 'datadog-cluster.yaml'), yaml.join('\n'));
    return (await cli(['diagnose', '--local', '-c', around.folder])).out;
  };
  expect(await diagnose([])).toContain('cannot be reached: self-signed certificate');
  expect(await diagnose(['skip_ssl_validation: true'])).toContain(`Diagnosis: ${datadog.url} takes it`);
});
