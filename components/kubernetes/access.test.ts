import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { CertificateAuthority } from '../../src/certificates/index.ts';
import { component, Lifecycle } from '../../src/fx/index.ts';
import { fakeProcess, manualClock, testApp } from '../../src/fx/testing.ts';
import { type Cluster, startCluster } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import { fakeConfig } from '../config/fake.ts';
import { recordingLog, type Logged } from '../log/fake.ts';
import { type AccessParts, findAccess } from './access.ts';
import { AgentTransport, agentTransport } from './agent-transport.ts';
import { Kubernetes, NoClusterError } from './index.ts';

const user = 'agent';
const masters = ['system:masters'];
let folder: string;
let cluster: Cluster;
let clock: ReturnType<typeof manualClock>;
let logged: Logged[];
const transports: AgentTransport[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'access-'));
  cluster = await startCluster();
  clock = manualClock();
  logged = [];
});
afterEach(async () => {
  await Promise.all(transports.splice(0).map((each) => each.close()));
  await cluster.stop();
  await rm(folder, { recursive: true });
});

const partsOf = (parts: Partial<AccessParts>): AccessParts => ({
  kubeconfigPath: '',
  caPath: '',
  tlsVerify: true,
  env: {},
  clock,
  signal: new AbortController().signal,
  log: recordingLog(logged),
  ...parts,
});
const file = async (name: string, text: string, mode = 0o600): Promise<string> => {
  const path = join(folder, name);
  await writeFile(`${path}.new`, text, { mode });
  await chmod(`${path}.new`, mode);
  // As Kubernetes does it: at once.
  await rename(`${path}.new`, path);
  return path;
};
const connect = async (parts: Partial<AccessParts>): Promise<AgentTransport> => {
  const transport = new AgentTransport({ access: await findAccess(partsOf(parts)), clock, warn: () => {} });
  transports.push(transport);
  return transport;
};
const call = async (transport: AgentTransport): Promise<number> => {
  const response = await transport.open({ method: 'GET', path: '/api/v1/namespaces/default' });
  response.discard();
  return response.status;
};
const failure = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'no failure', String);

interface FileParts {
  readonly cluster?: object;
  readonly user?: object;
}
const kubeconfig = (parts: FileParts = {}, name = 'config'): Promise<string> =>
  file(
    name,
    stringify({
      'current-context': 'test',
      clusters: [{ name: 'here', cluster: { server: cluster.url, 'certificate-authority': 'ca.crt', ...parts.cluster } }],
      users: [{ name: 'me', user: parts.user ?? {} }],
      contexts: [{ name: 'test', context: { cluster: 'here', user: 'me' } }],
    }),
  );

describe('without a cluster', () => {
  it('says everything that was looked for', async () => {
    const error = await findAccess(partsOf({})).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NoClusterError);
    expect(String(error)).toContain('kubernetes_kubeconfig_path (DD_KUBERNETES_KUBECONFIG_PATH): it is not set');
    expect(String(error)).toContain('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
  });

  it('is a failed start, with that as its cause', async () => {
    const list = kubernetesAs(cluster.clientFor({ user }));
    const options = { replace: [agentTransport], requires: { kubernetes: Kubernetes }, process: fakeProcess() };
    await expect(testApp(list, options)).rejects.toThrow(/there is no Kubernetes cluster to talk to/);
  });
});

describe('a service account', () => {
  const inPod = async (parts: Partial<AccessParts> = {}): Promise<AgentTransport> => {
    const { hostname, port } = new URL(cluster.url);
    return connect({ env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }, folder, ...parts });
  };
  const mount = async (token: string): Promise<void> => {
    await file('ca.crt', cluster.ca);
    await file('token', `${token}\n`);
  };
  const issue = (): string => cluster.clientFor({ serviceAccount: 'agent', namespace: 'default' }).token ?? '';
  const name = 'system:serviceaccount:default:agent';

  it('is what a pod speaks for', async () => {
    await mount(issue());
    expect(await call(await inPod())).toBe(403);
    expect(cluster.traffic(name).requests).toBe(1);
  });

  it('is read again at most every minute', async () => {
    await mount('nobody-knows-this-token');
    const transport = await inPod();
    expect(await call(transport)).toBe(401);
    const other = cluster.clientFor({ user: 'other', groups: masters, with: 'token' }).token ?? '';
    await mount(issue());
    expect(await call(transport)).toBe(403);
    await mount(other);
    await clock.advance(59_999);
    expect(await call(transport)).toBe(403);
    await clock.advance(1);
    expect(await call(transport)).toBe(200);
  });

  it('is read again at once when its token has expired', async () => {
    await mount(issue());
    const transport = await inPod();
    expect(await call(transport)).toBe(403);
    cluster.faults.add({ kind: 'clock-skew', milliseconds: 2 * 3_600_000 });
    expect(await call(transport)).toBe(401);
    await mount(issue());
    expect(await call(transport)).toBe(403);
  });

  it('stays what it was while its files cannot be read', async () => {
    await mount(issue());
    const transport = await inPod();
    await call(transport);
    await rm(join(folder, 'token'));
    await clock.advance(60_000);
    expect(await call(transport)).toBe(403);
    expect(logged).toHaveLength(1);
    await mount(cluster.clientFor({ user: 'back', groups: masters, with: 'token' }).token ?? '');
    await clock.advance(5000);
    expect(await call(transport)).toBe(200);
  });

  it('that is not mounted says what to look at, and works once it is', async () => {
    const transport = await inPod();
    expect(await failure(call(transport))).toContain('automountServiceAccountToken');
    await mount(issue());
    expect(await call(transport)).toBe(403);
  });

  it('takes another CA, or none, from the settings', async () => {
    await file('token', issue());
    await file('other.crt', cluster.ca);
    expect(await call(await inPod({ caPath: join(folder, 'other.crt') }))).toBe(403);
    expect(await call(await inPod({ tlsVerify: false }))).toBe(403);
  });

  it('has an address that may be IPv6', async () => {
    const access = await findAccess(partsOf({ env: { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }, folder }));
    expect(access.server.href).toBe('https://[fd00::1]/');
  });
});

describe('a kubeconfig', { timeout: 30_000 }, () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it('as the cluster itself writes it works as it is', async () => {
    const transport = await connect({ kubeconfigPath: await file('config', cluster.kubeconfig) });
    expect(await call(transport)).toBe(200);
    expect(cluster.traffic('admin').requests).toBe(1);
  });

  it('has certificates in files beside it, which may rotate', async () => {
    await file('ca.crt', cluster.ca);
    const write = async (name: string): Promise<void> => {
      const { certificate = '', key = '' } = cluster.clientFor({ user: name, groups: masters });
      await file('me.crt', certificate);
      await file('me.key', key);
    };
    await write('first');
    const transport = await connect({
      kubeconfigPath: await kubeconfig({ user: { 'client-certificate': 'me.crt', 'client-key': 'me.key' } }),
    });
    await call(transport);
    await write('second');
    await clock.advance(60_000);
    await call(transport);
    expect([cluster.traffic('first').requests, cluster.traffic('second').requests]).toEqual([1, 1]);
  });

  it('is read again at once when its certificate and key do not belong together, which is said', async () => {
    await file('ca.crt', cluster.ca);
    const [old, fresh] = ['old', 'fresh'].map((name) => cluster.clientFor({ user: name, groups: masters }));
    await file('me.crt', fresh?.certificate ?? '');
    await file('me.key', old?.key ?? '');
    const path = await kubeconfig({ user: { 'client-certificate': 'me.crt', 'client-key': 'me.key' } });
    const transport = await connect({ kubeconfigPath: path });
    const error = await failure(call(transport));
    expect(error).toMatch(/^UnreachableError: the client certificate and key of the kubeconfig \S+ cannot be used: .*key values mismatch/);
    await file('me.key', fresh?.key ?? '');
    expect(await call(transport)).toBe(200);
  });

  it('is read again at once when the server has a certificate of another CA', async () => {
    await file('ca.crt', new CertificateAuthority('retired').certificate);
    const transport = await connect({ kubeconfigPath: await kubeconfig() });
    expect(await failure(call(transport))).toContain('its certificate is not signed by the CA in the kubeconfig');
    await file('ca.crt', cluster.ca);
    expect(await call(transport)).toBe(403);
  });

  it('has tokens, in it and in files', async () => {
    await file('ca.crt', cluster.ca);
    const token = cluster.clientFor({ user, groups: masters, with: 'token' }).token ?? '';
    expect(await call(await connect({ kubeconfigPath: await kubeconfig({ user: { token } }, 'one') }))).toBe(200);
    await file('token', token);
    expect(await call(await connect({ kubeconfigPath: await kubeconfig({ user: { tokenFile: 'token' } }, 'two') }))).toBe(200);
  });

  it('acts as somebody else', async () => {
    await file('ca.crt', cluster.ca);
    const token = cluster.clientFor({ user, groups: masters, with: 'token' }).token ?? '';
    const as = { token, as: 'jane', 'as-groups': ['dev', ...masters], 'as-uid': '7', 'as-user-extra': { 'example.com/team': ['a', 'b'] } };
    const access = await findAccess(partsOf({ kubeconfigPath: await kubeconfig({ user: as }) }));
    expect((await access.credentials()).headers).toEqual({
      Authorization: `Bearer ${token}`,
      'Impersonate-User': 'jane',
      'Impersonate-Uid': '7',
      'Impersonate-Group': ['dev', ...masters],
      'Impersonate-Extra-example.com%2Fteam': ['a', 'b'],
    });
    expect(await call(await connect({ kubeconfigPath: join(folder, 'config') }))).toBe(200);
  });

  it('acts as somebody whose name is not ASCII', async () => {
    await file('ca.crt', cluster.ca);
    const token = cluster.clientFor({ user, groups: masters, with: 'token' }).token ?? '';
    const as = { token, as: 'jürgen', 'as-groups': ['größe', '张'], 'as-user-extra': { 'team (old)': ['ä'] } };
    const transport = await connect({ kubeconfigPath: await kubeconfig({ user: as }) });
    for (const request of [{ method: 'GET' }, { method: 'POST', body: { type: 'application/json', text: '{}' } }]) {
      const answer = await transport.open({ path: '/api/v1/namespaces', ...request });
      expect(JSON.parse(await answer.text(10_000))).toMatchObject({ code: 403, message: expect.stringContaining('User "jürgen" cannot') });
    }
  });

  it('has a password, or no user at all', async () => {
    await file('ca.crt', cluster.ca);
    const basic = await findAccess(partsOf({ kubeconfigPath: await kubeconfig({ user: { username: 'a', password: 'b' } }) }));
    expect((await basic.credentials()).headers).toEqual({ Authorization: `Basic ${base64('a:b')}` });
    expect(await call(await connect({ kubeconfigPath: await kubeconfig() }))).toBe(403);
  });

  it('says how to check the server', async () => {
    const insecure = await kubeconfig({ cluster: { 'certificate-authority': '', 'insecure-skip-tls-verify': true } }, 'insecure');
    expect(await call(await connect({ kubeconfigPath: insecure }))).toBe(403);
    const wrong = { 'certificate-authority-data': base64(cluster.ca), 'tls-server-name': 'somewhere.example.com' };
    expect(await failure(call(await connect({ kubeconfigPath: await kubeconfig({ cluster: wrong }, 'wrong') })))).toContain(
      'its certificate is for other names than the address in the kubeconfig',
    );
    const right = { 'certificate-authority-data': base64(cluster.ca), 'tls-server-name': 'kubernetes.default.svc' };
    expect(await call(await connect({ kubeconfigPath: await kubeconfig({ cluster: right }, 'right') }))).toBe(403);
  });

  it('may say null for nothing, and merge what it has said before', async () => {
    const token = cluster.clientFor({ user, groups: masters, with: 'token' }).token ?? '';
    const text = `
x-common: &common { token: ${token}, tokenFile: null, username: ~ }
current-context: test
clusters: [{ name: here, cluster: { server: ${cluster.url}, certificate-authority-data: ${base64(cluster.ca)}, proxy-url: null, insecure-skip-tls-verify: null } }]
users: [{ name: me, user: { <<: *common, as: null, as-groups: null, as-user-extra: null, exec: null, auth-provider: null } }]
contexts: [{ name: test, context: { cluster: here, user: me, namespace: null } }, { name: other, context: null }]
`;
    expect(await call(await connect({ kubeconfigPath: await file('config', text) }))).toBe(200);
  });

  it('that names a file which is not there says which', async () => {
    const path = await kubeconfig();
    expect(await failure(call(await connect({ kubeconfigPath: path })))).toContain(`the kubeconfig ${path} gives no credentials: ENOENT`);
  });

  it('names a proxy, which counts more than that of the environment', async () => {
    const env = { HTTPS_PROXY: 'http://everybody:3128' };
    const plain = await findAccess(partsOf({ env, kubeconfigPath: await kubeconfig() }));
    expect(plain.proxy).toBe('');
    const own = await findAccess(partsOf({ env, kubeconfigPath: await kubeconfig({ cluster: { 'proxy-url': 'http://ours:3128' } }) }));
    expect(own.proxy).toBe('http://ours:3128');
    const pod = await findAccess(partsOf({ env: { ...env, KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' } }));
    expect(pod.proxy).toBe('http://everybody:3128');
  });

  it.each([
    ['no file', undefined, /the kubeconfig cannot be read: ENOENT.*named by kubernetes_kubeconfig_path/],
    ['no YAML', 'users: [\n  token: "hunter2', /is not valid YAML: \w+ at character \d+$/],
    ['no context', 'clusters: []', /has no current-context; set one: kubectl config use-context NAME/],
    ['an unknown context', 'current-context: a\ncontexts: [{name: b}, {name: c}]', /has no context "a"; it has b, c$/],
    ['an unknown cluster', 'current-context: a\ncontexts: [{name: a, context: {cluster: x}}]', /has no cluster "x"; it has none$/],
    [
      'a cluster without a server',
      'current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\nclusters: [{name: x, cluster: {}}]',
      /cluster "x" cannot be used: server: /,
    ],
    [
      'a proxy that we cannot use',
      'current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\nclusters: [{name: x, cluster: {server: "https://x", proxy-url: "socks5://me:hunter2@x"}}]',
      /cluster "x" cannot be used: proxy-url: only proxies of http and https can be used$/,
    ],
  ])('with %s says what is wrong, and never what is in it', async (_, text, message) => {
    const path = text === undefined ? join(folder, 'missing') : await file('config', text);
    const error = await failure(findAccess(partsOf({ kubeconfigPath: path })));
    expect(error).toMatch(message);
    expect(error).not.toContain('hunter2');
  });

  it('with an old auth provider is left to @kubernetes/client-node', { timeout: 30_000 }, async () => {
    await file('ca.crt', cluster.ca);
    const claims = base64(JSON.stringify({ exp: 4_102_444_800 }));
    const provider = { name: 'oidc', config: { 'id-token': `${base64('{}')}.${claims}.signature`, 'client-id': 'us' } };
    const access = await findAccess(partsOf({ kubeconfigPath: await kubeconfig({ user: { 'auth-provider': provider } }) }));
    expect((await access.credentials()).headers['Authorization']).toBe(`Bearer ${provider.config['id-token']}`);
  });
});

describe('a credential plugin', { timeout: 30_000 }, () => {
  const apiVersion = 'client.authentication.k8s.io/v1';
  /** A plugin that notes each run and what it was told, and prints what `answer` gives. */
  const plugin = async (answer: string, rest: object = {}): Promise<string> => {
    await file('ca.crt', cluster.ca);
    await mkdir(join(folder, 'bin'), { recursive: true });
    const runs = join(folder, 'runs');
    const script = `#!${process.execPath}\nrequire('fs').appendFileSync(${JSON.stringify(runs)}, process.env.KUBERNETES_EXEC_INFO + '\\n');\n${answer}`;
    await file('bin/plugin.cjs', script, 0o700);
    return kubeconfig({ user: { exec: { apiVersion, command: './bin/plugin.cjs', ...rest } } });
  };
  const printing = (status: object, more: object = {}): string =>
    `console.log(${JSON.stringify(JSON.stringify({ kind: 'ExecCredential', apiVersion, status, ...more }))})`;
  const runs = async (): Promise<string[]> => {
    return (await readFile(join(folder, 'runs'), 'utf8')).trim().split('\n');
  };
  const tokenOf = (name: string): string => cluster.clientFor({ user: name, groups: masters, with: 'token' }).token ?? '';

  it('gives a token, is told of the cluster, and runs once until that expires', async () => {
    const expirationTimestamp = new Date(600_000).toISOString();
    const path = await plugin(printing({ token: tokenOf(user), expirationTimestamp }), { provideClusterInfo: true });
    const transport = await connect({ kubeconfigPath: path });
    expect(await Promise.all([call(transport), call(transport)])).toEqual([200, 200]);
    await clock.advance(569_000);
    await call(transport);
    const told = await runs();
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? '')).toEqual({
      kind: 'ExecCredential',
      apiVersion,
      spec: {
        interactive: false,
        cluster: { server: cluster.url, 'certificate-authority-data': Buffer.from(cluster.ca).toString('base64') },
      },
    });
    await clock.advance(1000);
    await call(transport);
    expect(await runs()).toHaveLength(2);
  });

  it('that gives what has expired already is not run for each request', async () => {
    const expirationTimestamp = new Date(-1000).toISOString();
    const transport = await connect({ kubeconfigPath: await plugin(printing({ token: tokenOf(user), expirationTimestamp })) });
    for (let time = 0; time < 3; time += 1) await call(transport);
    expect(await runs()).toHaveLength(1);
    await clock.advance(5000);
    await call(transport);
    expect(await runs()).toHaveLength(2);
  });

  it('gives a certificate', async () => {
    const { certificate: clientCertificateData, key: clientKeyData } = cluster.clientFor({ user, groups: masters });
    const transport = await connect({ kubeconfigPath: await plugin(printing({ clientCertificateData, clientKeyData })) });
    expect(await call(transport)).toBe(200);
    expect(cluster.traffic(user).requests).toBe(1);
  });

  it('may say null, or an empty text, for nothing', async () => {
    const { certificate: clientCertificateData, key: clientKeyData } = cluster.clientFor({ user, groups: masters });
    const nothing = { args: null, env: null, installHint: null, provideClusterInfo: null, interactiveMode: null };
    const path = await plugin(printing({ token: '', clientCertificateData, clientKeyData, expirationTimestamp: null }), nothing);
    const access = await findAccess(partsOf({ kubeconfigPath: path }));
    expect((await access.credentials()).headers).toEqual({});
    expect(await call(await connect({ kubeconfigPath: path }))).toBe(200);
  });

  it('runs again when its token is refused, but not for every refusal', async () => {
    const transport = await connect({ kubeconfigPath: await plugin(printing({ token: 'refused' })) });
    expect(await call(transport)).toBe(401);
    expect(await call(transport)).toBe(401);
    expect(await runs()).toHaveLength(1);
    await plugin(printing({ token: tokenOf(user) }));
    await clock.advance(10_000);
    expect(await call(transport)).toBe(200);
    expect(await runs()).toHaveLength(2);
  });

  it.each([
    ['fails', 'console.error("log in first"); process.exit(3)', {}, /it failed \(3\): log in first\nbrew install it/],
    ['is missing', '', { command: 'no-such-program-anywhere' }, /there is no such program in the PATH/],
    ['prints no JSON', 'console.log("hunter2")', {}, /printed something else than JSON/],
    ['prints nothing useful', printing({}), {}, /neither a token nor a certificate with its key/],
    ['prints something else', 'console.log("{}")', {}, /its ExecCredential lacks kind/],
    ['speaks another version', printing({ token: 'x' }, { apiVersion: 'v0' }), {}, /it speaks v0, and the kubeconfig asks for client/],
    ['needs a person', '', { interactiveMode: 'Always' }, /it wants to ask a person/],
  ] as const)('that %s is named, with its hint', async (...[, answer, rest, message]) => {
    const transport = await connect({ kubeconfigPath: await plugin(answer, { installHint: 'brew install it', ...rest }) });
    const error = await failure(call(transport));
    expect(error).toMatch(message);
    expect(error).toMatch(/credential plugin \S+ gave no credentials[\s\S]*brew install it/);
    expect(error).not.toContain('hunter2');
  });

  it('that hangs ends with the app, and a call with its own signal', async () => {
    const controller = new AbortController();
    const path = await plugin('setInterval(() => {}, 1000)');
    const transport = await connect({ kubeconfigPath: path, signal: controller.signal });
    const own = new AbortController();
    const calling = failure(transport.open({ method: 'GET', path: '/version', signal: own.signal }));
    own.abort(new Error('no patience'));
    expect(await calling).toContain('no patience');
    const stopping = failure(call(transport));
    controller.abort();
    expect(await stopping).toContain('gave no credentials');
  });
});

it('works from settings to answers, tells each warning once, leaves nothing open, and starts again', async () => {
  const path = await file('config', cluster.kubeconfig);
  const callers = component({
    name: 'callers',
    requires: { kubernetes: Kubernetes, lifecycle: Lifecycle },
    create: ({ kubernetes, lifecycle }) => {
      const where = { resource: { group: '', version: 'v1', plural: 'configmaps', namespaced: true }, namespace: 'default' };
      const start = async (): Promise<void> => {
        for (const generateName of ['a-', 'b-']) await kubernetes.create(where, { metadata: { generateName }, noSuchField: 1 });
      };
      lifecycle.append({ name: 'call', start });
    },
  });
  const tested = await testApp([...kubernetesAs(cluster.clientFor({ user }), { logged }), callers], {
    replace: [agentTransport, fakeConfig({ kubernetes_kubeconfig_path: path })],
    requires: { kubernetes: Kubernetes },
  });
  const { app, needs } = tested;
  expect(logged).toEqual([
    { level: 'warn', message: 'the Kubernetes API server warns', fields: { warning: expect.stringContaining('noSuchField') } },
  ]);
  await app.stop();
  await expect(needs.kubernetes.raw('/version')).rejects.toMatchObject({ code: 'stopped' });
  await app.start();
  expect(cluster.traffic('admin')).toEqual({ connections: 2, requests: 4 });
  await tested.stop();
});
