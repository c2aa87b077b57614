import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { helm, helmOptions, nonsense, operator } from './environments.ts';
import { freePorts, probe, spawnAgent, type Agent } from './process.ts';
import { surroundings, type Surroundings } from './support.ts';

const examples = fileURLToPath(import.meta.resolve('../../examples/kubernetes/'));
const runFile = promisify(execFile);

interface Deployed extends AsyncDisposable {
  readonly agent: Agent;
  readonly health: number;
  readonly api: number;
}

/** Starts the binary as a pod would, with ports and paths of its own. */
async function deploy({ folder, kubeconfigPath }: Surroundings, env: Readonly<Record<string, string>>): Promise<Deployed> {
  const [health = 0, api = 0, metrics = 0, externalMetrics = 0] = await freePorts(4);
  const log = { DD_LOG_FILE: join(folder, 'log', 'cluster-agent.log') };
  const own = {
    DD_HEALTH_PORT: String(health),
    DD_CLUSTER_AGENT_CMD_PORT: String(api),
    DD_METRICS_PORT: String(metrics),
    DD_EXTERNAL_METRICS_PROVIDER_PORT: String(externalMetrics),
    DD_KUBERNETES_KUBECONFIG_PATH: kubeconfigPath,
  };
  const agent = spawnAgent(['start', '-c', folder], { ...log, ...env, ...own });
  return { agent, health, api, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

async function ready({ agent, health }: Deployed): Promise<void> {
  await agent.until(async () => (await probe(health, '/ready')) === 200 && agent.output.includes('Cluster ID:'));
  expect([await probe(health, '/live'), await probe(health, '/startup')]).toEqual([200, 200]);
}

async function stopped({ agent }: Deployed): Promise<void> {
  agent.signal('SIGTERM');
  expect(await agent.gone).toBe(0);
  expect(agent.output).toContain('See ya!');
}

const complaints = ({ output }: Agent): string[] =>
  output
    .split('\n')
    .filter((line) => /\| (WARN|ERROR|CRITICAL) \|/.test(line))
    .map((line) => line.replace(/^.*\) \| /, ''));

/** What is to be expected here: no pod around it, no name for the cluster, and somebody who asks before it is ready. */
const expected = [/the namespace of this pod is not known/, /Failed to auto-detect a Kubernetes cluster name/, /Healthcheck failed on/];

const unexpected = (agent: Agent): string[] => complaints(agent).filter((line) => !expected.some((each) => each.test(line)));

describe('the agent in the place of the Go agent', { timeout: 120_000 }, () => {
  it.each([
    ['by Helm', helm],
    ['by Helm, with every option', { ...helm, ...helmOptions }],
  ])('becomes ready as deployed %s, and knows every variable', async (_, env) => {
    await using around = await surroundings();
    await using deployed = await deploy(around, env);
    await ready(deployed);
    expect(unexpected(deployed.agent)).toEqual([]);
    const lock = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'datadog', name: 'datadog-leader-election' };
    await deployed.agent.until(() => around.cluster.objects.get(lock)?.metadata.annotations !== undefined);
    const record = around.cluster.objects.get(lock)?.metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'];
    expect(JSON.parse(String(record))).toMatchObject({ holderIdentity: helm['DD_POD_NAME'] });
    await stopped(deployed);
  });

  it('warns of nonsense and goes on', async () => {
    await using around = await surroundings();
    await using deployed = await deploy(around, { ...helm, ...nonsense });
    await ready(deployed);
    const said = complaints(deployed.agent).join('\n');
    for (const name of ['DD_FOOBAR', 'DD_QUOTED', 'DD_ENV_DICT_KEY']) expect(said).toContain(`Unknown environment variable: ${name}`);
    expect(said).toMatch(/overlong-x+.*(invalid|ignored|too long)/i);
    await stopped(deployed);
  });

  it('becomes ready as deployed by the operator, with its token where it says', async () => {
    await using around = await surroundings();
    const path = join(around.folder, 'auth', 'token');
    await mkdir(dirname(path));
    await using deployed = await deploy(around, { ...operator, DD_AUTH_TOKEN_FILE_PATH: path });
    await ready(deployed);
    expect(unexpected(deployed.agent)).toEqual([]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await stopped(deployed);
  });

  it('runs where it can write nothing, and says once what it cannot', async () => {
    await using around = await surroundings();
    const paths = {
      DD_LOG_FILE: '/dev/null/log/cluster-agent.log',
      DD_AUTH_TOKEN_FILE_PATH: '/dev/null/auth/token',
      DD_RUN_PATH: '/dev/null/run',
    };
    await using deployed = await deploy(around, { ...helm, ...paths });
    await ready(deployed);
    expect(unexpected(deployed.agent).filter((line) => line.includes('/dev/null/auth/token'))).toHaveLength(1);
    expect(deployed.agent.output.split('/dev/null/log').length - 1).toBe(1);
    await stopped(deployed);
  });
});

describe('the checks that others run in the pod', { timeout: 120_000 }, () => {
  it('find what they look for, and nothing on standard error', async () => {
    await using around = await surroundings();
    await using deployed = await deploy(around, helm);
    await ready(deployed);
    const env = { DD_CLUSTER_AGENT_CMD_PORT: String(deployed.api), DD_API_KEY: String(helm['DD_API_KEY']) };
    const command = async (...args: readonly string[]) => {
      await using run = spawnAgent([...args, '-c', around.folder], env);
      return { code: await run.gone, out: run.output, err: run.errors };
    };
    expect(await command('version')).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/Commit: [0-9a-f]{7,}/) });
    const status = await command('status');
    expect(status).toMatchObject({ code: 0, err: '' });
    expect(status.out).toMatch(/^Getting the status from the agent\.\n[\s\S]*Datadog Cluster Agent \(v7\.\d+\.\d+\)[\s\S]*Leader Election/);
    const health = await command('health');
    expect(health).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Agent health: ') });
    await stopped(deployed);
  });
});

describe('the entrypoint of the image', () => {
  const entrypoint = (env: Readonly<Record<string, string>>, ...command: readonly string[]) =>
    runFile('sh', [join(examples, 'entrypoint.sh'), ...command], { env: { PATH: process.env['PATH'], ...env } });

  it('refuses to start without an API key, in the words of the Go agent', async () => {
    const stdout = 'You must set an DD_API_KEY environment variable to run the Datadog Cluster Agent container\n';
    await expect(entrypoint({}, 'echo', 'started')).rejects.toMatchObject({ code: 1, stdout, stderr: '' });
    await expect(entrypoint({ DD_API_KEY: '' }, 'echo', 'started')).rejects.toMatchObject({ code: 1, stdout });
  });

  it('copies what Helm mounts, and becomes the command', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'entrypoint-'));
    try {
      const [mounted, target] = [join(folder, 'mounted'), join(folder, 'conf.d')];
      await mkdir(join(mounted, '..2026_01_01', 'nested'), { recursive: true });
      await mkdir(join(mounted, 'helm.d'));
      await writeFile(join(mounted, 'kubernetes_apiserver.yaml'), 'instances: []\n');
      await writeFile(join(mounted, 'helm.d', 'conf.yaml.default'), 'a: 1\n');
      await writeFile(join(mounted, '..2026_01_01', 'nested', 'hidden.yaml'), 'b: 1\n');
      await writeFile(join(mounted, 'notes.txt'), 'no configuration');
      const env = { DD_API_KEY: 'x', CONFD_MOUNT: mounted, CONFD_FOLDER: target };
      const { stdout } = await entrypoint(env, 'sh', '-c', 'echo "$0 $1"', 'the', 'command');
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('the command');
      expect(await readFile(join(target, 'kubernetes_apiserver.yaml'), 'utf8')).toBe('instances: []\n');
      expect(await readFile(join(target, 'helm.d', 'conf.yaml.default'), 'utf8')).toBe('a: 1\n');
      await expect(stat(join(target, 'nested'))).rejects.toThrow(/ENOENT/);
      await expect(stat(join(target, 'notes.txt'))).rejects.toThrow(/ENOENT/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
