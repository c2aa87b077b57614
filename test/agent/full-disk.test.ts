import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { canMount, foldersOn, smallDisk } from './disk.ts';
import { helm } from './environments.ts';
import { freePorts, probe, spawnAgent, type Agent } from './process.ts';
import { surroundings, type Surroundings } from './support.ts';

const isMountable = await canMount();
if (!isMountable) process.stdout.write('full disk: only the log is tried, on /dev/full, because this user may not mount a small disk\n');

const token = String(helm['DD_CLUSTER_AGENT_AUTH_TOKEN']);

async function started(around: Surroundings, env: Readonly<Record<string, string>>) {
  const [health = 0, api = 0, metrics = 0, external = 0] = await freePorts(4);
  const agent = spawnAgent(['start', '-c', around.folder], {
    ...helm,
    ...around.env,
    DD_HEALTH_PORT: String(health),
    DD_CLUSTER_AGENT_CMD_PORT: String(api),
    DD_METRICS_PORT: String(metrics),
    DD_EXTERNAL_METRICS_PROVIDER_PORT: String(external),
    DD_LOG_TO_CONSOLE: 'true',
    DD_DISABLE_FILE_LOGGING: 'false',
    ...env,
  });
  await agent.until(async () => (await probe(health, '/ready')) === 200 && agent.output.includes('Cluster ID:'));
  return { agent, api, external };
}

async function stops(agent: Agent): Promise<void> {
  agent.signal('SIGTERM');
  expect(await agent.gone).toBe(0);
  expect(agent.output).toContain('See ya!');
  for (const secret of [token, String(helm['DD_API_KEY'])]) expect(agent.output).not.toContain(secret);
}

/** An archive for support, by the token of node agents. */
function flare(port: number): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const options = { host: '127.0.0.1', port, path: '/flare', method: 'POST', rejectUnauthorized: false, agent: false } as const;
  return new Promise((resolve, reject) => {
    request({ ...options, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode, body }), reject);
    })
      .on('error', reject)
      .end();
  });
}

const linesWith = ({ output }: Agent, part: string): string[] => output.split('\n').filter((line) => line.includes(part));

/** Runs what follows with its standard output on a disk that is full. */
const onFullOutput = ['sh', '-c', 'exec "$0" "$@" > /dev/full'];

it('fails a command whose output is lost, and says why', async () => {
  await using agent = spawnAgent(['version'], {}, onFullOutput);
  expect(await agent.gone).toBe(1);
  expect(agent.errors).toMatch(/^Error: cannot write to standard output: ENOSPC: .*\n$/);
});

describe('an agent on a full disk', { timeout: 120_000 }, () => {
  it('goes on without its standard output, and says what is lost', async () => {
    await using around = await surroundings();
    const [health = 0] = await freePorts(1);
    const env = { ...around.env, DD_HEALTH_PORT: String(health), DD_LOG_TO_CONSOLE: 'true' };
    await using agent = spawnAgent(['start', '-c', around.folder], env, onFullOutput);
    await agent.until(async () => (await probe(health, '/ready')) === 200);
    agent.signal('SIGTERM');
    expect(await agent.gone).toBe(0);
    expect(agent.errors).toMatch(/^cannot write the log to console: Error: ENOSPC: .*\n\d+ log lines could not be written to console\n$/);
  });

  it('goes on without its log file, and says so once', async () => {
    await using around = await surroundings();
    const { agent } = await started(around, { DD_LOG_FILE: '/dev/full' });
    await using _ = agent;
    expect(linesWith(agent, '/dev/full')).toEqual([expect.stringMatching(/ENOSPC: no space left on device/)]);
    await stops(agent);
  });

  it.runIf(isMountable)('goes on without whatever it cannot write, says what that is, and writes it when there is room', async () => {
    await using around = await surroundings();
    await using disk = await smallDisk();
    const folders = await foldersOn(disk, ['auth', 'log', 'run', 'tmp', 'certificates']);
    const backend = join(around.folder, 'backend.sh');
    await writeFile(backend, '#!/bin/sh\ncat > /dev/null\necho "{\\"app\\":{\\"value\\":\\"a key that is new at $(date +%N)\\"}}"\n');
    await chmod(backend, 0o700);
    await writeFile(join(folders.run, 'secret-audit-file.json'), '{"handle":"earlier"}\n');
    await disk.fill();
    const { agent, api, external } = await started(around, {
      TMPDIR: folders.tmp,
      DD_LOG_FILE: join(folders.log, 'cluster-agent.log'),
      DD_AUTH_TOKEN_FILE_PATH: join(folders.auth, 'token'),
      DD_RUN_PATH: folders.run,
      DD_SECRET_BACKEND_COMMAND: backend,
      DD_SECRET_REFRESH_INTERVAL: '1',
      DD_APP_KEY: 'ENC[app]',
      DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
      DD_EXTERNAL_METRICS_PROVIDER_CONFIG: JSON.stringify({ 'cert-dir': folders.certificates }),
    });
    await using _ = agent;

    await agent.until(() => agent.output.includes('could not be noted in the audit file'));
    expect(linesWith(agent, `cannot create ${join(folders.auth, 'token')} (the disk is full)`)).toHaveLength(1);
    expect(linesWith(agent, join(folders.log, 'cluster-agent.log'))).toEqual([expect.stringContaining('ENOSPC')]);
    expect(linesWith(agent, 'is kept in memory only')).toHaveLength(1);
    expect(await probeTls(external)).toBe(true);
    expect(await flare(api)).toEqual({
      status: 500,
      body: JSON.stringify({
        error: `the archive cannot be written: ENOSPC: no space left on device, write; make room in ${folders.tmp}, or set TMPDIR to a folder that can be written`,
      }),
    });
    expect([await readdir(folders.auth), await readdir(folders.tmp)]).toEqual([[], []]);
    expect(await readFile(join(folders.run, 'secret-audit-file.json'), 'utf8')).toBe('{"handle":"earlier"}\n');

    await disk.free();
    await agent.until(async () => (await readFile(join(folders.log, 'cluster-agent.log'), 'utf8')).includes('Cluster ID:'));
    await agent.until(async () => (await readFile(join(folders.run, 'secret-audit-file.json'), 'utf8')).includes('"handle":"app"'));
    const { status, body } = await flare(api);
    expect(status).toBe(200);
    expect(body).toMatch(/\.zip$/);
    await stops(agent);
  });
});

/** Whether a TLS server answers there at all. */
function probeTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      resolve(true);
    });
    asked.on('error', () => resolve(false)).end();
  });
}
