import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planClusterAgent } from '../../src/cluster-agent.ts';
import type { Fault } from '../../src/testkit/cluster/index.ts';
import { helm } from './environments.ts';
import { freePorts, probe, spawnAgent } from './process.ts';
import { configIn, surroundings, type Surroundings } from './support.ts';

type Env = Readonly<Record<string, string>>;

/** Runs the binary until it has gone by itself. */
async function failed(around: Surroundings, env: Env, args: readonly string[] = ['-c', around.folder]) {
  await using agent = spawnAgent(['start', ...args], { ...around.env, ...env });
  const code = await agent.gone;
  return { code, errors: agent.errors, output: agent.output };
}

async function* taken(): AsyncGenerator<number> {
  const server = createServer();
  await once(server.listen(0), 'listening');
  const address = server.address();
  try {
    yield typeof address === 'object' && address !== null ? address.port : 0;
  } finally {
    server.close();
  }
}

describe('an agent that cannot start says why, what to do, and exits with 1', { timeout: 120_000 }, () => {
  it.each([
    ['no API key', { DD_API_KEY: '' }, /no API key configured, exiting; set DD_API_KEY/],
    ['no cluster', { DD_KUBERNETES_KUBECONFIG_PATH: '' }, /no Kubernetes cluster[\s\S]*KUBERNETES_SERVICE_HOST[\s\S]*start --sandbox/],
    [
      'no kubeconfig',
      { DD_KUBERNETES_KUBECONFIG_PATH: '/nowhere/config' },
      /kubeconfig.*\/nowhere\/config[\s\S]*kubernetes_kubeconfig_path/,
    ],
  ] as const)('%s', async (_, env, message) => {
    await using around = await surroundings();
    const { code, errors } = await failed(around, env);
    expect(errors).toMatch(message);
    expect(code).toBe(1);
  });

  it('a port that is taken', async () => {
    await using around = await surroundings();
    for await (const port of taken()) {
      const { code, errors } = await failed(around, { DD_CLUSTER_AGENT_CMD_PORT: String(port) });
      expect(errors).toMatch(
        new RegExp(`port ${port} is in use by .+ \\(pid ${process.pid}\\): stop it, or set .*DD_CLUSTER_AGENT_CMD_PORT`),
      );
      expect(errors).not.toContain('MainThread');
      expect(code).toBe(1);
      const probes = await failed(around, { DD_HEALTH_PORT: String(port) });
      expect(probes.errors).toMatch(new RegExp(`cannot listen on port ${port} for health probes: .*free it, or set health_port`));
      expect(probes.code).toBe(1);
    }
  });

  it.each([
    ['YAML that is none', 'log_level: [', /datadog-cluster\.yaml/],
    ['a list where a map belongs', '- a\n- b\n', /datadog-cluster\.yaml/],
  ])('%s', async (_, yaml, message) => {
    await using around = await surroundings();
    await writeFile(join(around.folder, 'datadog-cluster.yaml'), yaml);
    const { code, errors } = await failed(around, {});
    expect(errors).toMatch(message);
    expect(errors).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });

  // Root may read everything, unless it gives up the right to.
  const humbly = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
  it.each([
    [
      'a configuration that it may not read',
      'datadog-cluster.yaml',
      /cannot access the Datadog config file .*datadog-cluster\.yaml: permission denied/,
    ],
    ['a kubeconfig that it may not read', 'agent.kubeconfig', /agent\.kubeconfig[\s\S]*kubernetes_kubeconfig_path/],
  ])('%s', async (_, file, message) => {
    await using around = await surroundings();
    await chmod(join(around.folder, file), 0o000);
    await using agent = spawnAgent(['start', '-c', around.folder], around.env, humbly);
    expect(await agent.gone).toBe(1);
    expect(agent.errors).toMatch(message);
    expect(agent.errors).not.toMatch(/^\s+at /m);
  });

  it('a path that leads nowhere', async () => {
    await using around = await surroundings();
    const { code, errors } = await failed(around, {}, ['-c', '/nowhere']);
    expect(errors).toMatch(/Error: .*\/nowhere: it does not exist/);
    expect(code).toBe(1);
  });
});

describe('an agent goes on', { timeout: 120_000 }, () => {
  it('with values that make no sense, saying which it does not take', async () => {
    await using around = await surroundings();
    const yaml = [
      'log_level: loud',
      'health_port: many',
      'leader_lease_duration: soon',
      'cluster_agent: {cmd_prot: 1}',
      'leader_electoin: true',
      'log_file_max_size: big',
      'internal_profiling: {enabled: true, period: 0, cpu_duration: 5 parsecs}',
      'cluster_agent.server.idle_timeout_seconds: 0',
      'cluster_agent.cluster_tagger: {grpc_max_message_size: -5}',
    ];
    await writeFile(join(around.folder, 'datadog-cluster.yaml'), yaml.join('\n'));
    const config = await configIn(around);
    const agent = planClusterAgent(config);
    await agent.start();
    await agent.stop();
    const left = ['log_level', 'health_port', 'leader_lease_duration', 'log_file_max_size', 'internal_profiling.period'];
    const more = ['internal_profiling.cpu_duration', 'server.idle_timeout_seconds', 'cluster_tagger.grpc_max_message_size'];
    for (const key of [...left, ...more]) expect(config.warnings.join('\n')).toContain(`${key} must be`);
    expect(config.warnings.join('\n')).toMatch(/cluster_agent\.cmd_prot.*cluster_agent\.cmd_port/);
    expect(config.warnings.join('\n')).toMatch(/leader_electoin.*leader_election/);
  });

  it('without metrics, where their port is taken', async () => {
    await using around = await surroundings();
    for await (const port of taken()) {
      const agent = planClusterAgent(await configIn(around, { DD_METRICS_PORT: String(port) }));
      await agent.start();
      expect(agent.report().state).toBe('started');
      await agent.stop();
    }
  });

  it('with tokens that are too short, and lets nobody in with them', async () => {
    await using around = await surroundings();
    const [api = 0] = await freePorts(1);
    const env = { DD_CLUSTER_AGENT_AUTH_TOKEN: 'short', DD_CLUSTER_AGENT_CMD_PORT: String(api) };
    const agent = planClusterAgent(await configIn(around, env));
    await agent.start();
    try {
      for (const token of ['short', '']) expect(await statusWith(api, token)).toBe(403);
    } finally {
      await agent.stop();
    }
  });
});

/** How `/api/v1/cluster/id` answers a token. */
async function statusWith(port: number, token: string): Promise<number | undefined> {
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/api/v1/cluster/id', headers: { authorization: `Bearer ${token}` }, agent: false };
    request({ ...options, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

const apiFaults: readonly (readonly [string, Fault])[] = [
  ['is down', { kind: 'partition' }],
  ['never answers', { kind: 'hang' }],
  ['says nothing on open connections', { kind: 'half-open' }],
  ['answers everything with 500', { kind: 'refuse', code: 500 }],
  ['answers everything with 429', { kind: 'refuse', code: 429, retryAfterSeconds: 1 }],
  ['does not know who we are', { kind: 'refuse', code: 401 }],
];

describe('while the API server', { timeout: 120_000 }, () => {
  it.each(apiFaults)('%s, the agent lives, is not ready, and recovers by itself', async (_, fault) => {
    await using around = await surroundings();
    const [health = 0] = await freePorts(1);
    const active = around.cluster.faults.add(fault);
    const agent = planClusterAgent(await configIn(around, { ...helm, ...around.env, DD_HEALTH_PORT: String(health) }));
    await agent.start();
    try {
      if (fault.kind !== 'partition') await expect.poll(() => active.hits).toBeGreaterThan(0);
      expect([await probe(health, '/live'), await probe(health, '/ready')]).toEqual([200, 500]);
      active.remove();
      await expect.poll(() => probe(health, '/ready'), { timeout: 60_000, interval: 100 }).toBe(200);
    } finally {
      await agent.stop();
    }
  });

  it('denies everything, the agent is ready, and says what it was denied', async () => {
    await using around = await surroundings();
    const { objects } = around.cluster;
    for (const name of ['datadog-cluster-agent', 'datadog-cluster-agent-auth-delegator']) {
      objects.delete({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', name });
    }
    const [health = 0] = await freePorts(1);
    const agent = planClusterAgent(await configIn(around, { DD_HEALTH_PORT: String(health) }));
    await agent.start();
    try {
      await expect.poll(() => probe(health, '/ready'), { timeout: 60_000, interval: 100 }).toBe(200);
      await expect
        .poll(() => agent.report().components.filter(({ jobs }) => jobs.some(({ failures }) => failures > 0)).length, { timeout: 60_000 })
        .toBeGreaterThan(0);
      expect(agent.report()).toMatchObject({ state: 'started', healthy: false });
    } finally {
      await agent.stop();
    }
  });
});
