import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExternalMetricsServer } from '../../components/external-metrics/index.ts';
import { fakeElection } from '../../components/leader-election/fake.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import { CertificateAuthority, type KeyPair } from '../../src/certificates/index.ts';
import { supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { arrayAt, textAt, type Json } from '../../src/testkit/cluster/json.ts';
import { kubeconfigText } from '../../src/testkit/cluster/security/kubeconfig.ts';
import { TestClient, type Access } from '../cluster/support/client.ts';
import { subjects, type Server } from '../cluster/support/servers.ts';
import { kubernetesAs } from '../kubernetes/support.ts';
import { externalMetrics, settingsFor } from './agent.ts';
import { account, agentRoles, readerRoles, user } from './roles.ts';
import { always, availability, defineMetric, defineMetrics, grant, groupVersion, pathOf, publish, soon, until, valueIn } from './world.ts';

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
process.stdout.write(hasKubectl ? 'external metrics are read with kubectl\n' : 'there is no kubectl in the PATH: plain HTTPS instead\n');

const metric = 'datadogmetric@default:queue';
const path = pathOf(metric);
const query = 'avg:queue.length{*}';
const forbidden = (who: string): string =>
  `${metric}.external.metrics.k8s.io is forbidden: User "${who}" cannot list resource "${metric}" in API group "external.metrics.k8s.io" in the namespace "default"`;
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

describe.each(subjects().filter(({ reachesUs }) => reachesUs))('the external metrics API behind $name', (subject) => {
  let server: Server;
  let datadog: Datadog;
  let folder: string;
  let agent: Awaited<ReturnType<typeof startAgent>>;
  const opened = new AsyncDisposableStack();

  const startAgent = (port = 0) => {
    const settings = settingsFor(datadog, { port, certDir: folder });
    const list = [
      ...kubernetesAs(server.accessFor('agent'), { config: settings }),
      supply(LeaderElection, fakeElection()),
      ...externalMetrics(),
    ] as const;
    return testApp(list, { requires: { server: ExternalMetricsServer }, settings: (key) => settings[key] });
  };

  beforeAll(async () => {
    server = opened.adopt(await subject.start(), (each) => each.stop());
    datadog = opened.adopt(await startDatadog(), (each) => each.stop());
    folder = opened.adopt(await mkdtemp(join(tmpdir(), 'external-metrics-')), (each) => rm(each, { recursive: true }));
    datadog.set(query, (_, to) => [
      [to - 20_000, 2.5],
      [to, 9],
    ]);
    await defineMetrics(server.admin);
    await grant(server.admin, [...agentRoles(['agent']), ...readerRoles(user('jane'), account('default', 'reader'))]);
    agent = opened.use(await startAgent());
    await until(() => agent.needs.server.port > 0, true);
    await publish(server.admin, agent.needs.server.port);
    await defineMetric(server.admin, { name: 'queue', query, annotations: always });
    await until(() => availability(server.admin), 'True: Passed');
    await until(async () => valueIn((await server.admin.get(path)).body), '2500m');
  });
  afterAll(() => opened.disposeAsync());

  /** A client of the agent itself, past the API server. */
  const direct = async (credentials: Omit<Access, 'url' | 'ca'> = {}): Promise<TestClient> => {
    const ca = await readFile(join(folder, 'apiserver.crt'), 'utf8');
    const url = `https://localhost:${agent.needs.server.port}`;
    return opened.adopt(new TestClient({ url, ca, ...credentials }), (each) => each.close());
  };
  const certified = (name: string): Omit<Access, 'url' | 'ca'> => {
    const { cert = '', key = '' } = server.accessFor(name);
    return { cert, key };
  };
  const pairOf = ({ certificate, key }: KeyPair): Omit<Access, 'url' | 'ca'> => ({ cert: certificate, key });
  const tokenOf = async (name: string): Promise<string> => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await server.admin.post(accounts, { metadata: { name } });
    const { body } = await server.admin.post(`${accounts}/${name}/token`, { spec: { audiences: [] } });
    return textAt(body, 'status', 'token');
  };
  /** What a user reads through the API server as people do: with kubectl where there is one. */
  const raw = async (who: string, what: string): Promise<string> => {
    if (!hasKubectl) return (await server.clientFor(who).get(what)).text;
    const { url, ca, cert = '', key = '' } = server.accessFor(who);
    const kubeconfig = join(folder, who);
    await writeFile(kubeconfig, kubeconfigText({ url, authority: ca, user: who, credentials: { certificate: cert, key } }));
    const { stdout, stderr } = await promisify(execFile)('kubectl', ['--kubeconfig', kubeconfig, 'get', '--raw', what]).catch(
      (error: unknown) => error as { readonly stdout: string; readonly stderr: string },
    );
    return stdout + stderr;
  };

  it('is read by whom the role lets, with the bytes that the agent sends, and by nobody else', async () => {
    const list: Json = JSON.parse(await raw('jane', path));
    expect(list).toEqual({
      kind: 'ExternalMetricValueList',
      apiVersion: groupVersion,
      metadata: {},
      items: [{ metricName: metric, metricLabels: null, timestamp: expect.stringMatching(/^\d{4}-.*:\d\dZ$/), value: '2500m' }],
    });
    expect(await raw('bob', path)).toContain(forbidden('bob'));
  });

  it('says to whom it refuses exactly what the API server itself says', async () => {
    const [theirs, ours] = [await server.clientFor('bob').get(path), await (await direct(certified('bob'))).get(path)];
    expect(ours.status).toBe(403);
    expect(ours.body).toEqual(theirs.body);
    expect(textAt(ours.body, 'message')).toBe(forbidden('bob'));
  });

  it('is found by clients that look around, in each way of looking', async () => {
    const { admin } = server;
    expect((await admin.get(`/apis/${groupVersion}`)).body).toMatchObject({
      kind: 'APIResourceList',
      groupVersion,
      resources: [{ name: 'externalmetrics', namespaced: true, kind: 'ExternalMetricValueList', verbs: ['get'] }],
    });
    const groups = (await admin.get('/apis')).body;
    expect(arrayAt(groups, 'groups').map((each) => textAt(each, 'name'))).toContain('external.metrics.k8s.io');
    expect((await admin.get('/apis', { Accept: aggregated })).text).toContain('"external.metrics.k8s.io"');
    const ours = await (await direct(certified('jane'))).get('/apis', { Accept: aggregated });
    expect(ours.headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    expect(ours.body).toMatchObject({ kind: 'APIGroupDiscoveryList', items: [{ metadata: { name: 'external.metrics.k8s.io' } }] });
  });

  it('is written as its reader likes it', async () => {
    const { admin } = server;
    const read = async (accept: string): Promise<readonly [string | undefined, string]> => {
      const { headers, text } = await admin.get(path, { Accept: accept });
      return [headers['content-type'], text];
    };
    expect(await read('application/json')).toEqual([
      'application/json',
      expect.stringMatching(/^\{"kind":"ExternalMetricValueList".*\}\n$/),
    ]);
    expect(await read('application/yaml')).toEqual(['application/yaml', expect.stringContaining('value: 2500m\n')]);
    const [type, bytes] = await read('application/vnd.kubernetes.protobuf, */*');
    expect([type, bytes.slice(0, 4)]).toEqual(['application/vnd.kubernetes.protobuf', 'k8s\0']);
    expect(bytes).toContain('ExternalMetricValueList');
    expect(bytes).toContain('2500m');
    expect((await admin.get(path, { Accept: 'text/html' })).status).toBe(406);
  });

  it('tells what is wrong with a metric through the API server', async () => {
    const { body } = await server.admin.get(pathOf('datadogmetric@default:none'));
    const why = `DatadogMetric not found for metric name: datadogmetric@default:none, datadogmetricid: default/none`;
    expect(body).toMatchObject({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${why}` });
  });

  it('takes client certificates and tokens of the cluster, over HTTP/1.1 and HTTP/2', async () => {
    const jane = await direct(certified('jane'));
    expect(valueIn((await jane.get(path)).body)).toBe('2500m');
    const reader = await direct({ token: await tokenOf('reader') });
    expect(valueIn((await reader.get(path)).body)).toBe('2500m');
    const stranger = await direct({ token: await tokenOf('stranger') });
    expect(textAt((await stranger.get(path)).body, 'message')).toBe(forbidden('system:serviceaccount:default:stranger'));
    expect(await overHttp2(agent.needs.server.port, certified('jane'))).toContain('"value":"2500m"');
  });

  it('takes nobody else for somebody', async () => {
    const read = async (credentials: Omit<Access, 'url' | 'ca'>): Promise<readonly [number, string]> => {
      const { status, body } = await (await direct(credentials)).get(path);
      return [status, textAt(body, 'message')];
    };
    const unauthorized = [401, 'Unauthorized'];
    expect(await read({})).toEqual([403, forbidden('system:anonymous')]);
    expect(await read({ token: 'made.up.token' })).toEqual(unauthorized);
    const elsewhere = new CertificateAuthority('elsewhere');
    expect(await read(pairOf(elsewhere.issue({ commonName: 'jane', organizations: ['system:masters'] })))).toEqual(unauthorized);
    // Who says in headers that it is somebody must be the front proxy, by certificate.
    const headers = { 'X-Remote-User': 'jane', 'X-Remote-Group': 'system:masters' };
    expect(await read({ headers })).toEqual([403, forbidden('system:anonymous')]);
    expect(await read({ headers, ...certified('bob') })).toEqual([403, forbidden('bob')]);
    expect(await read({ headers, ...certified('front-proxy-client') })).toEqual([403, forbidden('front-proxy-client')]);
    expect(await read({ headers, ...pairOf(elsewhere.issue({ commonName: 'front-proxy-client' })) })).toEqual(unauthorized);
    expect((await (await direct()).get('/healthz')).text).toBe('ok');
  });

  it('follows the authorities of the front proxy while it runs', async () => {
    const next = new CertificateAuthority('next-front-proxy-ca');
    const headers = { 'X-Remote-User': 'jane' };
    const asProxy = await direct({ headers, ...pairOf(next.issue({ commonName: 'front-proxy-client' })) });
    const asOther = await direct({ headers, ...pairOf(next.issue({ commonName: 'somebody' })) });
    expect((await asProxy.get(path)).status).toBe(401);
    const published = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
    const key = 'requestheader-client-ca-file';
    const before = textAt((await server.admin.get(published)).body, 'data', key);
    await server.admin.patch(published, { data: { [key]: `${before.trim()}\n${next.certificate}` } });
    await expect.poll(async () => valueIn((await asProxy.get(path)).body), soon).toBe('2500m');
    expect((await asOther.get(path)).status).toBe(401);
    expect(valueIn((await server.clientFor('jane').get(path)).body)).toBe('2500m');
    await server.admin.patch(published, { data: { [key]: before } });
    // On the connection that was trusted a moment ago.
    await expect.poll(async () => (await asProxy.get(path)).status, soon).toBe(401);
    expect(valueIn((await server.clientFor('jane').get(path)).body)).toBe('2500m');
  });

  it('is unavailable while the agent is away, and comes back by itself', async () => {
    const { port } = agent.needs.server;
    await agent.stop();
    await expect.poll(async () => (await server.admin.get(path)).status, soon).toBe(503);
    agent = opened.use(await startAgent(port));
    await expect.poll(async () => valueIn((await server.admin.get(path)).body), soon).toBe('2500m');
    await expect.poll(() => availability(server.admin), soon).toBe('True: Passed');
  });
});

async function overHttp2(port: number, { cert = '', key = '' }: Omit<Access, 'url' | 'ca'>): Promise<string> {
  const session = connect(`https://localhost:${port}`, { rejectUnauthorized: false, cert, key });
  try {
    const stream = session.request({ ':path': path });
    return Buffer.concat(await stream.toArray()).toString();
  } finally {
    session.close();
  }
}
