import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planClusterAgent } from '../../src/cluster-agent.ts';
import type { Fault } from '../../src/testkit/cluster/index.ts';
import { cli } from '../cli/support.ts';
import { helm } from './environments.ts';
import { freePorts, probe } from './process.ts';
import { configIn, surroundings, type Surroundings } from './support.ts';

type Garbage = Omit<Extract<Fault, { kind: 'garble' }>, 'kind'>;

/** What a proxy, a wrong address, or a server that is broken says. */
const garbage: readonly (readonly [string, Garbage])[] = [
  ['a page', { type: 'text/html', text: '<html><body>Sign in to the proxy</body></html>' }],
  ['a page with 502', { code: 502, type: 'text/html', text: '<html>' }],
  ['half of an object', { text: '{"kind":"ConfigMap","metadata":{"na' }],
  ['half of an object, and hangs up', { text: '{"kind":"ConfigMap","metadata":{"na', ending: 'cut' }],
  ['an object without an end', { text: '{"kind":"ConfigMap","metadata":{"name":"', ending: 'never' }],
  ['objects of another kind', { text: '{"kind":"Pod","apiVersion":"v1","metadata":{"name":7},"spec":7,"data":[1],"items":{"a":1}}' }],
  ['an object of nothing', { text: '{"metadata":null,"items":[null,5,{"metadata":null}]}' }],
  ['null', { text: 'null' }],
  ['a list', { text: '[]' }],
  ['nothing', { text: '' }],
  ['403 in words of its own', { code: 403, type: 'text/plain', text: 'Forbidden' }],
  ['a redirect', { code: 302, text: '' }],
];

interface Running extends AsyncDisposable {
  readonly agent: ReturnType<typeof planClusterAgent>;
  readonly health: number;
  /** What `cluster-agent status` prints. */
  readonly status: () => Promise<string>;
  /** What stands in the log file. */
  readonly log: () => Promise<string>;
}

/** An agent in this process as Helm deploys it, that finds its node and its cluster by itself. */
async function runningIn(around: Surroundings, more: Readonly<Record<string, string>> = {}): Promise<Running> {
  const [health = 0, api = 0] = await freePorts(2);
  const file = join(around.folder, 'agent.log');
  await writeFile(join(around.folder, 'datadog-cluster.yaml'), `cluster_agent: {cmd_port: ${api}}\n`);
  const env = {
    ...helm,
    DD_HOSTNAME: '',
    DD_CLUSTER_NAME: '',
    DD_LEADER_LEASE_DURATION: '4',
    DD_CLUSTER_AGENT_CMD_PORT: String(api),
    DD_HEALTH_PORT: String(health),
    DD_DISABLE_FILE_LOGGING: 'false',
    DD_LOG_FILE: file,
    ...more,
  };
  const agent = planClusterAgent(await configIn(around, env));
  await agent.start();
  return {
    agent,
    health,
    status: async () => (await cli(['status', '-c', around.folder])).out,
    log: () => readFile(file, 'utf8'),
    [Symbol.asyncDispose]: async () => agent.stop(),
  };
}

/** Mistakes of ours that show: an agent that tripped over an answer instead of looking at it. */
const tripped = /Cannot read prop|is not a function|is not iterable|\[object |undefined \(|^\s+at /m;
const patient = { timeout: 60_000, interval: 200 };

async function recovers({ agent, health, status }: Running): Promise<void> {
  await expect.poll(() => probe(health, '/ready'), patient).toBe(200);
  await expect.poll(() => agent.report().healthy, patient).toBe(true);
  await expect.poll(status, patient).toContain('Leader Election Status:  Running');
}

describe('while the API server', { timeout: 180_000 }, () => {
  it.each(garbage)('answers everything with %s, the agent lives, says what does not work, and recovers', async (_, answer) => {
    await using around = await surroundings();
    const fault = around.cluster.faults.add({ kind: 'garble', ...answer });
    await using running = await runningIn(around);
    expect(await probe(running.health, '/live')).toBe(200);
    await expect.poll(running.status, patient).toMatch(/Leader Election Status: {2}Failing\n {2}Error: /);
    if (answer.ending !== undefined) fault.remove();
    else {
      await expect
        .poll(running.status, patient)
        .toMatch(/served-cluster-id: started, job "know the cluster" has failed [\s\S]* cluster id is not known/);
      expect(await running.status()).toMatch(/hostname provider: os\n[\s\S]* container: \S/);
      fault.remove();
    }
    await recovers(running);
    const log = await running.log();
    expect(log).toContain('the lock of the leader election cannot be read or written; trying on');
    expect(log).not.toMatch(tripped);
    for (const secret of ['DD_API_KEY', 'DD_CLUSTER_AGENT_AUTH_TOKEN']) expect(log).not.toContain(helm[secret]);
  });

  // Each step of the start flow by itself, and where one reads that it does not work.
  const steps: readonly (readonly [string, (path: string) => boolean, RegExp])[] = [
    [
      'hostname',
      (path) => path.includes('/pods/'),
      /container: GET \/api\/v1\/namespaces\/default\/pods\/\S+: the answer is no Kubernetes object/,
    ],
    [
      'leader election',
      (path) => path.endsWith('-leader-election'),
      /Leader Election Status: {2}Failing\n {2}Error: .*no Kubernetes object/,
    ],
    ['cluster id', (path) => path.endsWith('/datadog-cluster-id'), /know the cluster" has failed .*no Kubernetes object/],
    ['uid of the cluster', (path) => path.endsWith('/kube-system'), /know the cluster" has failed .*no Kubernetes object/],
  ];

  it.each(steps)('answers rubbish to the step "%s" alone, the status names it, and everything else works', async (_, isOf, named) => {
    await using around = await surroundings();
    const fault = around.cluster.faults.add({ kind: 'garble', type: 'text/html', text: '<html>', when: ({ path }) => isOf(path) });
    await using running = await runningIn(around);
    await expect.poll(() => probe(running.health, '/ready'), patient).toBe(200);
    await expect.poll(running.status, patient).toMatch(named);
    fault.remove();
    await recovers(running);
    expect(await running.log()).not.toMatch(tripped);
  });

  it('takes no events, the agent goes on, and they are there once it takes them', async () => {
    await using around = await surroundings();
    const isEvents = ({ plural }: { readonly plural: string }): boolean => plural === 'events';
    const fault = around.cluster.faults.add({ kind: 'garble', type: 'text/html', text: '<html>', when: isEvents });
    await using running = await runningIn(around);
    await expect.poll(() => fault.hits, patient).toBeGreaterThan(0);
    await recovers(running);
    fault.remove();
    const written = (): number => around.cluster.objects.list({ apiVersion: 'v1', kind: 'Event' }).length;
    await expect.poll(written, patient).toBeGreaterThan(0);
  });
});

describe('where the API server should be', { timeout: 120_000 }, () => {
  const strangers: readonly (readonly [string, (server: Server) => void])[] = [
    [
      'speaks no TLS',
      (server) => server.on('connection', (socket) => socket.on('error', () => undefined).end('220 mail.example.com ESMTP\r\n')),
    ],
    ['hangs up at once', (server) => server.on('connection', (socket) => socket.destroy())],
    ['takes connections and says nothing', (server) => server.on('connection', (socket) => socket.on('error', () => undefined).resume())],
  ];

  it.each(strangers)('something else %s: the agent lives, is not ready, says so, and stops at once', async (_, behave) => {
    await using around = await surroundings();
    const server = createServer();
    behave(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const kubeconfig = await readFile(around.kubeconfigPath, 'utf8');
    await writeFile(around.kubeconfigPath, kubeconfig.replaceAll(around.cluster.url, `https://127.0.0.1:${port}`));
    const running = await runningIn(around);
    try {
      expect([await probe(running.health, '/live'), await probe(running.health, '/ready')]).toEqual([200, 500]);
      await expect.poll(running.log, patient).toContain('cannot reach the Kubernetes API server yet');
      expect(await running.status()).toMatch(/Leader Election Status: {2}Failing\n {2}Error: /);
    } finally {
      await running[Symbol.asyncDispose]();
      server.close();
    }
    expect(await running.log()).not.toMatch(tripped);
  });
});
