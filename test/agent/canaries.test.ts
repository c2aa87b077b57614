import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { get } from 'node:http';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { freePorts, probe, spawnAgent, type Agent } from './process.ts';
import { surroundings } from './support.ts';

/** Looks like nothing that a rule would know: what is masked must be masked because it is known to be a secret. */
const canary = (name: string): string => `canary.${name}.${'0123456789'.repeat(3)}`;

const secrets = {
  apiKey: canary('api-key'),
  appKey: canary('app-key'),
  sessionToken: canary('session-token'),
  clusterToken: canary('cluster-token'),
  metricsApiKey: canary('metrics-api-key'),
  metricsAppKey: canary('metrics-app-key'),
  proxyPassword: canary('proxy-password'),
  fromBackend: canary('from-backend'),
  // Found by its form alone: nothing says that it is a secret.
  additionalKey: 'c0ffee'.repeat(5) + 'ab',
  unknownPassword: canary('unknown-password'),
};

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

interface Asking {
  readonly method?: string;
  readonly authorization?: string;
  readonly body?: string;
}

function ask(port: number, path: string, { method = 'GET', authorization, body }: Asking = {}): Promise<Answer> {
  const headers = authorization === undefined ? {} : { authorization };
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, rejectUnauthorized: false, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function plain(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

/** Everything in an archive, as one text. */
function textOf(zip: Buffer): string {
  let text = '';
  let at = zip.readUInt32LE(zip.lastIndexOf(Buffer.from('PK\u0005\u0006')) + 16);
  while (zip.readUInt32LE(at) === 0x02_01_4b_50) {
    const [size, nameLength, local] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt32LE(at + 42)];
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    text += `${zip.toString('utf8', at + 46, at + 46 + nameLength)}\n${inflateRawSync(zip.subarray(start, start + size)).toString()}\n`;
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return text;
}

/** Every file and variable that may hold a secret holds a canary. */
async function deploy() {
  const around = await surroundings();
  const { folder, env } = around;
  const [api = 0, metrics = 0, health = 0] = await freePorts(3);
  const backend = join(folder, 'backend.sh');
  await writeFile(
    backend,
    `#!/bin/sh\ncat > /dev/null\necho '{"name":{"value":"${secrets.fromBackend}"},"again":{"value":"${secrets.fromBackend}"}}'\n`,
  );
  await chmod(backend, 0o700);
  await writeFile(join(folder, 'auth_token'), secrets.sessionToken, { mode: 0o600 });
  await writeFile(
    join(folder, 'datadog-cluster.yaml'),
    [
      `app_key: ${secrets.appKey}`,
      `external_metrics_provider: {api_key: ${secrets.metricsApiKey}, app_key: "${secrets.metricsAppKey}"}`,
      `additional_endpoints: {"https://app.example.com": ["${secrets.additionalKey}"]}`,
      `my_integration: {password: "${secrets.unknownPassword}"}`,
      `secret_backend_command: ${backend}`,
      'tags: ["owner:ENC[name]"]',
      'another: {place: "ENC[again]"}',
      `log_file: ${join(folder, 'agent.log')}`,
      'log_level: trace',
    ].join('\n'),
  );
  const agent = spawnAgent(['start', '-c', folder], {
    ...env,
    DD_API_KEY: secrets.apiKey,
    DD_CLUSTER_AGENT_AUTH_TOKEN: secrets.clusterToken,
    DD_PROXY_HTTP: `http://user:${secrets.proxyPassword}@127.0.0.1:1`,
    DD_PROXY_HTTPS: `http://user:${secrets.proxyPassword}@127.0.0.1:1`,
    DD_PROXY_NO_PROXY: '127.0.0.1',
    DD_CLUSTER_AGENT_CMD_PORT: String(api),
    DD_METRICS_PORT: String(metrics),
    DD_HEALTH_PORT: String(health),
    DD_LOG_TO_CONSOLE: 'true',
    DD_DISABLE_FILE_LOGGING: 'false',
  });
  const close = async (): Promise<void> => {
    await agent[Symbol.asyncDispose]();
    await around[Symbol.asyncDispose]();
  };
  return { folder, agent, api, metrics, health, [Symbol.asyncDispose]: close };
}

/** Asks for everything that can be asked for, rightly and wrongly. @returns by what was asked, all that came back */
async function outputs({
  agent,
  api,
  metrics,
  folder,
}: {
  agent: Agent;
  api: number;
  metrics: number;
  folder: string;
}): Promise<Map<string, string>> {
  const session = `Bearer ${secrets.sessionToken}`;
  const found = new Map<string, string>();
  const gets = [
    '/status?format=text',
    '/status?format=json&verbose=true',
    '/status?format=html',
    '/status/health',
    '/hostname',
    '/version',
  ];
  const configs = ['/config', '/config/without-defaults', '/config/by-source', '/config/list-runtime', '/config/api_key?sources=true'];
  const settings = [
    'app_key',
    'proxy.https',
    'additional_endpoints',
    'tags',
    'my_integration.password',
    'cluster_agent.auth_token',
    'no_such',
  ];
  for (const path of [...gets, ...configs, ...settings.map((name) => `/config/${name}?sources=true`), '/startup']) {
    found.set(path, (await ask(api, path, { authorization: session })).body.toString());
  }
  found.set('POST /diagnose', (await ask(api, '/diagnose', { method: 'POST', authorization: session })).body.toString());
  found.set(
    'POST /config',
    (await ask(api, `/config/log_level?value=${secrets.sessionToken}`, { method: 'POST', authorization: session })).body.toString(),
  );
  const flare = (await ask(api, '/flare', { method: 'POST', authorization: session })).body.toString().trim();
  found.set('flare', textOf(await readFile(flare)));
  await rm(dirname(flare), { recursive: true });
  // Wrong ways to prove who one is, each with a secret in it.
  for (const authorization of [
    `Basic ${secrets.sessionToken}`,
    secrets.clusterToken,
    `Bearer ${secrets.apiKey}`,
    `Bearer  ${secrets.sessionToken}`,
  ]) {
    found.set(`refused ${authorization.slice(0, 8)}`, (await ask(api, '/status', { authorization })).body.toString());
  }
  found.set('unknown', (await ask(api, `/nowhere/${secrets.sessionToken}`)).body.toString());
  for (const path of ['/metrics', '/debug/vars']) found.set(path, await plain(metrics, path));
  agent.signal('SIGTERM');
  await agent.gone;
  found.set('console', agent.output);
  found.set('log file', await readFile(join(folder, 'agent.log'), 'utf8'));
  return found;
}

describe('secrets', { timeout: 180_000 }, () => {
  it('appear in nothing that the agent shows', async () => {
    await using deployed = await deploy();
    const { agent, health } = deployed;
    await agent.until(async () => (await probe(health, '/ready')) === 200 && agent.output.includes('Cluster ID:'));
    const shown = await outputs(deployed);
    expect([...shown].filter(([, text]) => text === '').map(([what]) => what)).toEqual([]);
    const leaks = [...shown].flatMap(([where, text]) =>
      Object.entries(secrets).flatMap(([name, secret]) => (text.includes(secret) ? [`${name} in ${where}: ${context(text, secret)}`] : [])),
    );
    expect(leaks).toEqual([]);
  });
});

function context(text: string, secret: string): string {
  const at = text.indexOf(secret);
  return JSON.stringify(text.slice(Math.max(0, at - 60), at + 20));
}
