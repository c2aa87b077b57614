import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { planClusterAgent } from '../../src/cluster-agent.ts';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { freePorts } from '../agent/process.ts';
import { configIn, surroundings, type Surroundings } from '../agent/support.ts';
import { cli, type Ran } from './support.ts';

let around: Surroundings;
let datadog: Datadog;
let agent: ReturnType<typeof planClusterAgent>;

/** Commands of this process find the agent, which runs in it, by its configuration alone. */
beforeAll(async () => {
  around = await surroundings();
  const [api = 0, metrics = 0] = await freePorts(2);
  datadog = await startDatadog();
  const yaml = [`cluster_agent: {cmd_port: ${api}}`, `metrics_port: ${metrics}`, `api_key: ${datadog.apiKey}`, `dd_url: ${datadog.url}`];
  await writeFile(join(around.folder, 'datadog-cluster.yaml'), yaml.join('\n'));
  agent = planClusterAgent(
    await configIn(around, { DD_CLUSTER_AGENT_CMD_PORT: String(api), DD_METRICS_PORT: String(metrics), DD_API_KEY: datadog.apiKey }),
  );
  await agent.start();
});
afterAll(async () => {
  await agent.stop();
  await datadog.stop();
  await around[Symbol.asyncDispose]();
});

const run = (...args: readonly string[]): Promise<Ran> => cli([...args, '-c', around.folder]);

async function well(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

describe('a command, beside a running agent', () => {
  it('status prints the page, as text, as JSON, and into a file', async () => {
    const text = await well('status');
    expect(text).toMatch(/^Getting the status from the agent\.\n=+\nDatadog Cluster Agent \(v7\.\d+\.\d+\)\n=+\n/);
    const pretty = (await well('status', 'collector', '-p')).split('\n').slice(1).join('\n');
    expect(JSON.parse(pretty)).toMatchObject({ flavor: 'cluster_agent', pid: process.pid });
    expect(pretty).toContain('\n  "version"');
    const json = (await well('status', '-j')).split('\n')[1] ?? '';
    expect(JSON.parse(json)).toMatchObject({ flavor: 'cluster_agent' });
    const file = join(around.folder, 'status.txt');
    expect(await well('status', '-o', file)).toBe('Getting the status from the agent.\n');
    expect(await readFile(file, 'utf8')).toContain('Datadog Cluster Agent');
    expect((await stat(file)).mode & 0o777).toBe(0o644);
  });

  it('health passes, or names who is unhealthy and exits with 1', async () => {
    await expect.poll(async () => (await run('health')).out).toContain('Agent health: <green>PASS</green>\n');
  });

  it('config prints everything, and reads and changes single settings', async () => {
    expect(parse(await well('config'))).toMatchObject({ kube_resources_namespace: 'datadog', leader_election: true });
    expect(await well('config', 'list-runtime')).toMatch(/^=== Settings that can be changed at runtime ===\n[\s\S]*^log_level {2}/m);
    expect(await well('config', 'get', 'log_level')).toBe('log_level is set to: info\n');
    expect(await well('config', 'set', 'log_level', 'debug')).toBe('Configuration setting log_level is now set to: debug\n');
    const sources = await well('config', 'get', 'log_level', '--source');
    expect(sources).toMatch(/^log_level is set to: debug\nsources and their value:\n/);
    expect(sources).toMatch(/^ {2}default: info$/m);
    expect(sources).toMatch(/^ {2}cli: debug$/m);
    await well('config', 'set', 'log_level', 'info');
  });

  it.each([
    [['config', 'get', 'no_such_setting'], 'setting no_such_setting not found'],
    [['config', 'set', 'log_level', 'loud'], 'unknown log level: loud'],
    [['configcheck'], 'this agent has no autodiscovery, and so looks for no check configurations'],
    [['explain', 'no-such-component'], '"no-such-component" is not in this list'],
  ])('says what the agent says against %j', async (args, message) => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^Error: /);
    expect(err).toContain(message);
  });

  it('startup prints the timeline, and writes it for Chrome', async () => {
    const file = join(around.folder, 'trace.json');
    const text = await well('startup', '--trace', file);
    expect(text).toMatch(/^The agent is started; its start took \d+ ms\.\n\nat ms +took +what +state\n/);
    expect(text).toMatch(/api-server: listen +started/);
    const { traceEvents } = JSON.parse(await readFile(file, 'utf8')) as { traceEvents: readonly { ph: string; name: string }[] };
    expect(traceEvents.filter(({ ph }) => ph === 'X').map(({ name }) => name)).toContain('api-server/listen OnStart');
    expect(JSON.parse(await well('startup', '--json'))).toMatchObject({ report: { state: 'started' } });
  });

  it('diagnose asks the agent', async () => {
    const out = await well('diagnose');
    expect(out).toMatch(/^=== Starting diagnose ===\n==============\nSuite: connectivity-kubernetes-apiserver\n/);
    expect(out).toContain('Diagnosis: it answers, as version v1.32.0-in-process');
    expect(out).toMatch(/\n {2}Total:3, Success:3\n$/);
  });

  it('telemetry prints what Prometheus gets', async () => {
    expect(await well('telemetry')).toMatch(/^leader_election_is_leader\{/m);
  });

  it('flare names the archive, and sends nothing that was not wanted', async () => {
    const said = await well('flare');
    const path = /^(\/.*\.zip) is going to be uploaded to Datadog$/m.exec(said)?.[1] ?? '';
    expect(said).toContain(`Aborting. (You can still use ${path})`);
    expect((await stat(path)).size).toBeGreaterThan(1000);
    await rm(dirname(path), { recursive: true });
  });

  /** Another configuration of the same agent, whose profiles come from here and are ready at once. */
  async function withProfiles(answer: (url: string) => { readonly status: number; readonly body: string }) {
    const folder = await mkdtemp(join(tmpdir(), 'profiles-'));
    const asked: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      asked.push(url);
      const { status, body } = answer(url);
      response.writeHead(status).end(body);
    });
    await once(server.listen(0), 'listening');
    const yaml = parse(await readFile(join(around.folder, 'datadog-cluster.yaml'), 'utf8')) as object;
    await writeFile(join(folder, 'datadog-cluster.yaml'), stringify({ ...yaml, metrics_port: (server.address() as AddressInfo).port }));
    await copyFile(join(around.folder, 'auth_token'), join(folder, 'auth_token'));
    const close = async (): Promise<void> => {
      server.close();
      await rm(folder, { recursive: true });
    };
    return { folder, asked, [Symbol.asyncDispose]: close };
  }

  /** What a flare says, and its size; it is gone then. */
  async function flareIn(folder: string, ...args: readonly string[]) {
    const { code, out, err } = await cli(['flare', ...args, '-c', folder]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const path = /^(\/.*\.zip) is going to be uploaded to Datadog$/m.exec(out)?.[1] ?? '';
    const names = (await readFile(path)).toString('latin1').match(/profiles\/[\w.-]+/g) ?? [];
    await rm(dirname(path), { recursive: true });
    return { out, profiles: [...new Set(names)] };
  }

  it('flare takes profiles along, and says that there is none of mutexes', async () => {
    await using profiled = await withProfiles(() => ({ status: 200, body: '{}' }));
    const { out, profiles } = await flareIn(profiled.folder, '-p', '30', '-M', '-B', '--profile-mutex-fraction', '100');
    expect(out).toMatch(/^Getting a 30s profile snapshot from the Cluster Agent[^\n]*\nThere is no mutex profile/);
    expect(profiled.asked.toSorted()).toEqual(['block', 'heap', 'profile'].map((kind) => `/debug/pprof/${kind}?seconds=30`));
    expect(profiles).toEqual(expect.arrayContaining(['profiles/heap.heapprofile', 'profiles/cpu.cpuprofile', 'profiles/event-loop.json']));
  });

  it('flare goes on without profiles that cannot be had, and says why', async () => {
    await using profiled = await withProfiles(() => ({ status: 409, body: 'a profile is being taken already\n' }));
    const { out, profiles } = await flareIn(profiled.folder, '--profile', '60', '-B');
    expect(out).toContain('\nCould not collect performance profile data: a profile is being taken already\n');
    expect(profiles).not.toContain('profiles/cpu.cpuprofile');
  });

  it.each([
    [['-p', '29'], '--profile is 29: it must be a whole number of seconds from 30 to 120'],
    [['-p', 'long'], '--profile is long: it must be'],
    [['-M'], '-M and -B say what to add to profiles: give --profile SECONDS too'],
  ])('flare %j is refused', async (args, message) => {
    const { code, out, err } = await run('flare', ...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});

describe('a command that needs no running agent', () => {
  it('plan prints the start in its order', async () => {
    const lines = (await well('plan')).split('\n');
    expect(lines[0]).toMatch(/^# +component +when +failure +why$/);
    expect(lines[1]).toMatch(/^1 +config +always +fatal/);
    const { order } = JSON.parse(await well('plan', '--json')) as { order: readonly { component: string }[] };
    expect(order.at(-1)?.component).toBe('announcement');
  });

  it('graph draws it', async () => {
    expect(await well('graph')).toMatch(/^flowchart RL\n[\s\S]*api-server/);
    expect(await well('graph', '--format', 'dot')).toMatch(/^digraph \{\n/);
    expect(JSON.parse(await well('graph', '-f', 'json'))).toBeTypeOf('object');
  });

  it('explain says why something is there, or not', async () => {
    expect(await well('explain', 'hostname')).toMatch(/^hostname is built \(.*chain\.ts.*\): /);
    expect(await well('explain', 'leader-election')).toMatch(/leader-election is not built \(.*\): setting "leader_election" is false/);
  });

  it('validate says what is used and what is wrong', async () => {
    expect(await well('validate')).toMatch(/^configuration: .*datadog-cluster\.yaml\ncomposition: \d+ components, \d+ more/m);
  });

  it('config schema is JSON Schema', async () => {
    expect(JSON.parse(await well('config', 'schema'))).toMatchObject({ type: 'object', properties: { log_level: {} } });
  });
});

describe('a command without a running agent', () => {
  const nobody = async (yaml: string): Promise<Surroundings> => {
    const elsewhere = await surroundings();
    await writeFile(join(elsewhere.folder, 'datadog-cluster.yaml'), yaml);
    return elsewhere;
  };

  it('says what it tried, where the token came from, and what to do', async () => {
    const [port] = await freePorts(1);
    await using elsewhere = await nobody(`cluster_agent: {cmd_port: ${port}}`);
    const token = join(elsewhere.folder, 'auth_token');
    await writeFile(token, 't'.repeat(64), { mode: 0o600 });
    const { code, err } = await cli(['health', '-c', elsewhere.folder]);
    expect(code).toBe(1);
    expect(err).toContain('Error: Could not reach agent: ');
    expect(err).toContain(`  tried      GET /status/health on https://localhost:${port}\n  token      from ${token}\n`);
    expect(err).toContain('Make sure the agent is running');
    expect(err).not.toContain('tttt');
  });

  it('says where the token should be', async () => {
    await using elsewhere = await nobody('{}');
    const { code, err } = await cli(['status', '-c', elsewhere.folder]);
    expect(code).toBe(1);
    expect(err).toContain(`no session token in ${join(elsewhere.folder, 'auth_token')}`);
  });

  it('does not take another agent for its own', async () => {
    await using elsewhere = await nobody(await readFile(join(around.folder, 'datadog-cluster.yaml'), 'utf8'));
    await writeFile(join(elsewhere.folder, 'auth_token'), 'w'.repeat(64), { mode: 0o600 });
    const { code, err } = await cli(['status', '-c', elsewhere.folder]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /refused the session token \(403 invalid session token\)[\s\S]*auth_token[\s\S]*give the configuration of the running agent with -c/,
    );
  });

  it('sends its token to no other machine', async () => {
    await using elsewhere = await nobody('cmd_host: agent.example.com');
    await writeFile(join(elsewhere.folder, 'auth_token'), 't'.repeat(64), { mode: 0o600 });
    const { code, err } = await cli(['health', '-c', elsewhere.folder]);
    expect([code, err]).toEqual([1, 'Error: cmd_host is "agent.example.com", which is not this machine; set it to localhost\n']);
  });
});
