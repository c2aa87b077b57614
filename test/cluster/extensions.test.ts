import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../src/testkit/cluster/index.ts';
import { type Json, type JsonObject, arrayAt, at, textAt } from '../../src/testkit/cluster/json.ts';
import { CertificateAuthority } from '../../src/certificates/index.ts';
import { TestClient } from './support/client.ts';
import { portOf } from './support/real-server.ts';

const authority = new CertificateAuthority('extension-ca');
const caBundle = Buffer.from(authority.certificate).toString('base64');

let cluster: Cluster;
let admin: TestClient;
let server: Server;
let url = '';
let answer: (request: IncomingMessage, body: Json) => Json = () => ({});

beforeEach(async () => {
  cluster = await startCluster();
  const { certificate = '', key = '' } = cluster.clientFor({ user: 'admin', groups: ['system:masters'] });
  admin = new TestClient({ url: cluster.url, ca: cluster.ca, cert: certificate, key });
  const identity = authority.issue({ commonName: 'extension', hosts: ['127.0.0.1', 'metrics.default.svc'] });
  server = createServer(
    { cert: identity.certificate, key: identity.key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      void (async () => {
        const chunks = await request.toArray();
        const text = Buffer.concat(chunks).toString();
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(answer(request, text === '' ? null : JSON.parse(text))));
      })();
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `https://127.0.0.1:${portOf(server)}`;
});

afterEach(async () => {
  admin.close();
  await cluster.stop();
  server.closeAllConnections();
  await once(server.close(), 'close');
});

function webhook(kind: 'Mutating' | 'Validating'): Promise<{ status: number }> {
  const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];
  const clientConfig = { url: `${url}/hook`, caBundle };
  const webhooks = [{ name: 'hook.example.com', clientConfig, rules, sideEffects: 'None', admissionReviewVersions: ['v1'] }];
  return admin.post(`/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`, {
    metadata: { name: 'hook' },
    webhooks,
  });
}

const respond = (review: Json, response: JsonObject): Json => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: textAt(review, 'request', 'uid'), ...response },
});

it('lets a webhook change what is created', async () => {
  const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/data', value: { seen: 'yes' } }])).toString('base64');
  answer = (_, review) => respond(review, { allowed: true, patchType: 'JSONPatch', patch });
  expect((await webhook('Mutating')).status).toBe(201);
  expect((await admin.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })).body).toMatchObject({
    data: { seen: 'yes' },
  });
});

it('lets a webhook refuse, and fails with one that fails', async () => {
  answer = (_, review) => respond(review, { allowed: false, status: { message: 'not today' } });
  await webhook('Validating');
  const create = (): ReturnType<TestClient['post']> => admin.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } });
  expect((await create()).body).toMatchObject({ code: 403, message: 'admission webhook "hook.example.com" denied the request: not today' });
  answer = () => ({});
  expect((await create()).body).toMatchObject({
    code: 500,
    reason: 'InternalError',
    message: expect.stringContaining('failed calling webhook "hook.example.com"'),
  });
});

it('passes requests on to the server behind an API service, in the name of their user', async () => {
  const seen: IncomingMessage['headers'][] = [];
  answer = ({ headers, url: path }) => {
    seen.push(headers);
    const resources = [{ name: 'queues', namespaced: true, kind: 'Queue', verbs: ['get'] }];
    return { kind: 'APIResourceList', groupVersion: 'external.metrics.k8s.io/v1beta1', resources, path: path ?? '' };
  };
  cluster.routeService('default/metrics', url);
  const services = '/apis/apiregistration.k8s.io/v1/apiservices';
  const spec = {
    service: { namespace: 'default', name: 'metrics' },
    group: 'external.metrics.k8s.io',
    version: 'v1beta1',
    caBundle,
    groupPriorityMinimum: 100,
    versionPriority: 100,
  };
  const watch = await admin.watch(`${services}?watch=true`);
  await admin.post(services, { metadata: { name: 'v1beta1.external.metrics.k8s.io' }, spec });
  expect(await watch.next()).toMatchObject({ type: 'ADDED' });
  const available = await watch.next();
  expect(at(arrayAt(available, 'object', 'status', 'conditions')[0], 'status')).toBe('True');
  watch.close();
  const path = '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue?labelSelector=a';
  expect((await admin.get(path)).body).toMatchObject({ path });
  expect(seen.at(-1)).toMatchObject({ 'x-remote-user': 'admin', 'x-remote-group': expect.stringContaining('system:masters') });
  const groups = (await admin.get('/apis')).body;
  expect(arrayAt(groups, 'groups').map((item) => textAt(item, 'name'))).toContain('external.metrics.k8s.io');
  expect((await admin.get('/apis/external.metrics.k8s.io/v1beta1')).body).toMatchObject({ kind: 'APIResourceList' });
});
