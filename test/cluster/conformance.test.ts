import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Json, type JsonObject, arrayAt, at, objectAt, textAt } from '../../src/testkit/cluster/json.ts';
import type { Answer, OpenWatch, TestClient } from './support/client.ts';
import { type Server, subjects } from './support/servers.ts';

const found = subjects();
process.stdout.write(`conformance suite runs against ${found.map(({ name }) => name).join(' and ')}\n`);

const APPLY = 'application/apply-patch+yaml';
const STRATEGIC = 'application/strategic-merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';

function configMap(name: string, rest: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...rest };
}

function deployment(name: string): JsonObject {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'nginx:1.25', ports: [{ containerPort: 80 }] }] } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { selector: { matchLabels: labels }, template } };
}

function namesOf(list: JsonObject): string[] {
  return arrayAt(list, 'items').map((item) => textAt(item, 'metadata', 'name'));
}

function versionOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'resourceVersion');
}

async function eventually(check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await check())) if (Date.now() > deadline) throw new Error('it never came true');
}

/** The next event that is no bookmark. */
async function event(watch: OpenWatch): Promise<JsonObject> {
  for (let next = await watch.next(); next !== undefined; next = await watch.next()) if (next['type'] !== 'BOOKMARK') return next;
  return {};
}

describe.each(found)('$name', (subject) => {
  let server: Server;
  let admin: TestClient;
  let namespace = '';
  let maps = '';

  beforeAll(async () => {
    server = await subject.start();
    ({ admin } = server);
  }, 90_000);

  afterAll(() => server.stop(), 30_000);

  beforeEach(async () => {
    namespace = `suite-${randomBytes(5).toString('hex')}`;
    maps = `/api/v1/namespaces/${namespace}/configmaps`;
    expect((await admin.post('/api/v1/namespaces', { metadata: { name: namespace } })).status).toBe(201);
  });

  const deployments = (): string => `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const own = (list: JsonObject): string[] => namesOf(list).filter((name) => name !== 'kube-root-ca.crt');

  describe('create', () => {
    it('gives an object its identity', async () => {
      const { status, body } = await admin.post(maps, configMap('a', { data: { x: '1' } }));
      expect(status).toBe(201);
      expect(body).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', namespace }, data: { x: '1' } });
      expect(textAt(body, 'metadata', 'uid')).toMatch(/^[0-9a-f-]{36}$/);
      expect(textAt(body, 'metadata', 'creationTimestamp')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(Number(versionOf(body))).toBeGreaterThan(0);
    });

    it('makes names from generateName', async () => {
      const { body } = await admin.post(maps, { metadata: { generateName: 'gen-' } });
      expect(textAt(body, 'metadata', 'name')).toMatch(/^gen-[a-z0-9]{5}$/);
    });

    it('refuses a name that is taken', async () => {
      await admin.post(maps, configMap('a'));
      const { status, body } = await admin.post(maps, configMap('a'));
      expect(status).toBe(409);
      expect(body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'configmaps "a" already exists',
        reason: 'AlreadyExists',
        details: { name: 'a', kind: 'configmaps' },
        code: 409,
      });
    });

    it('refuses a bad name, and one that is missing', async () => {
      const bad = await admin.post(maps, configMap('No_Good'));
      expect(bad.status).toBe(422);
      expect(bad.body).toMatchObject({
        reason: 'Invalid',
        details: { kind: 'ConfigMap', causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }] },
      });
      const missing = await admin.post(maps, { metadata: {} });
      expect(missing.body).toMatchObject({
        code: 422,
        message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      });
    });

    it('refuses a namespace that is not there, or is not the one of the URL', async () => {
      const { body } = await admin.post('/api/v1/namespaces/nowhere/configmaps', configMap('a'));
      expect(body).toMatchObject({ code: 404, reason: 'NotFound', message: 'namespaces "nowhere" not found' });
      const other = await admin.post(maps, { metadata: { name: 'a', namespace: 'default' } });
      expect(other.body).toMatchObject({
        code: 400,
        message: 'the namespace of the provided object does not match the namespace sent on the request',
      });
    });

    it('stores nothing in a dry run', async () => {
      const { status, body } = await admin.post(`${maps}?dryRun=All`, configMap('dry'));
      expect(status).toBe(201);
      expect(textAt(body, 'metadata', 'uid')).not.toBe('');
      expect((await admin.get(`${maps}/dry`)).status).toBe(404);
    });

    it('drops unknown fields of built-in kinds and fills in defaults', async () => {
      const { body } = await admin.post(deployments(), { ...deployment('web'), bogus: 1 });
      expect(body['bogus']).toBeUndefined();
      expect(body).toMatchObject({
        metadata: { generation: 1 },
        spec: {
          replicas: 1,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          template: {
            spec: {
              restartPolicy: 'Always',
              dnsPolicy: 'ClusterFirst',
              containers: [{ imagePullPolicy: 'IfNotPresent', ports: [{ protocol: 'TCP' }] }],
            },
          },
        },
        status: {},
      });
    });

    it('writes quantities in their canonical form', async () => {
      const limits = { cpu: '0.5', memory: '1024Mi' };
      const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i', resources: { limits } }] } };
      const { body } = await admin.post(`/api/v1/namespaces/${namespace}/pods`, pod);
      expect(at(arrayAt(body, 'spec', 'containers')[0], 'resources')).toEqual({
        limits: { cpu: '500m', memory: '1Gi' },
        requests: { cpu: '500m', memory: '1Gi' },
      });
      expect(body).toMatchObject({ status: { phase: 'Pending', qosClass: 'Guaranteed' } });
    });

    it('encodes the stringData of secrets, and never shows it', async () => {
      const { body } = await admin.post(`/api/v1/namespaces/${namespace}/secrets`, { metadata: { name: 's' }, stringData: { k: 'v' } });
      expect(body).toMatchObject({ type: 'Opaque', data: { k: 'dg==' } });
      expect(body['stringData']).toBeUndefined();
    });

    it('refuses a deployment whose selector does not match', async () => {
      const wrong = deployment('web');
      objectAt(wrong, 'spec')['selector'] = { matchLabels: { app: 'other' } };
      const { status, body } = await admin.post(deployments(), wrong);
      expect(status).toBe(422);
      expect(body).toMatchObject({
        details: { name: 'web', group: 'apps', kind: 'Deployment', causes: [{ field: 'spec.template.metadata.labels' }] },
      });
    });

    it('refuses a value of the wrong type', async () => {
      const wrong = deployment('web');
      objectAt(wrong, 'spec')['replicas'] = 'many';
      expect((await admin.post(deployments(), wrong)).body).toMatchObject({ code: 400, reason: 'BadRequest' });
    });
  });

  describe('namespaces', () => {
    it('are read, changed and refused as if they were in themselves', async () => {
      const path = `/api/v1/namespaces/${namespace}`;
      expect((await admin.get(path)).body).toMatchObject({
        kind: 'Namespace',
        metadata: { name: namespace },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
      expect((await admin.patch(path, { metadata: { labels: { a: 'b' } } })).body).toMatchObject({ metadata: { labels: { a: 'b' } } });
      const { body } = await server.clientFor('nobody').get(path);
      expect(body).toMatchObject({
        message: `namespaces "${namespace}" is forbidden: User "nobody" cannot get resource "namespaces" in API group "" in the namespace "${namespace}"`,
      });
    });

    it('take nothing new once they are being deleted', async () => {
      await admin.post(maps, configMap('held', { metadata: { name: 'held', finalizers: ['example.com/wait'] } }));
      const deleted = await admin.delete(`/api/v1/namespaces/${namespace}`);
      expect(deleted.body).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
      const refused = await admin.post(maps, configMap('late'));
      expect(refused.body).toMatchObject({
        code: 403,
        reason: 'Forbidden',
        message: `configmaps "late" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      });
      await admin.patch(`${maps}/held`, { metadata: { finalizers: null } });
    });
  });

  describe('requests that make no sense', () => {
    it('are not allowed', async () => {
      const message = 'the server does not allow this method on the requested resource';
      for (const answer of [await admin.post('/api/v1/pods', {}), await admin.delete('/api/v1/pods'), await admin.put(maps, {})]) {
        expect(answer.body).toMatchObject({ code: 405, reason: 'MethodNotAllowed', message });
      }
    });

    it('are bad', async () => {
      expect((await admin.get(`${maps}?limit=abc`)).body).toMatchObject({
        code: 400,
        message: 'strconv.ParseInt: parsing "abc": invalid syntax',
      });
      const empty = await admin.post(`/api/v1/namespaces/${namespace}/pods`, { metadata: { name: 'p' }, spec: { containers: [] } });
      expect(empty.body).toMatchObject({ code: 422, details: { causes: [{ reason: 'FieldValueRequired', field: 'spec.containers' }] } });
    });
  });

  describe('get', () => {
    it('says what is missing', async () => {
      const { body } = await admin.get(`${deployments()}/nope`);
      expect(body).toMatchObject({
        code: 404,
        message: 'deployments.apps "nope" not found',
        details: { name: 'nope', group: 'apps', kind: 'deployments' },
      });
      expect((await admin.get('/api/v1/nothings')).body).toMatchObject({
        code: 404,
        message: 'the server could not find the requested resource',
      });
    });
  });

  describe('update', () => {
    it('refuses an old version', async () => {
      const first = await admin.post(maps, configMap('a'));
      const second = await admin.put(`${maps}/a`, { ...first.body, data: { x: '1' } });
      expect(second.status).toBe(200);
      const third = await admin.put(`${maps}/a`, { ...first.body, data: { x: '2' } });
      expect(third.body).toMatchObject({
        code: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
        details: { name: 'a', kind: 'configmaps' },
      });
    });

    it('takes one without a version, and leaves the version alone where nothing changes', async () => {
      const first = await admin.post(maps, configMap('a', { data: { x: '1' } }));
      const changed = await admin.put(`${maps}/a`, configMap('a', { data: { x: '2' } }));
      expect(changed.body).toMatchObject({ data: { x: '2' }, metadata: { uid: at(first.body, 'metadata', 'uid') } });
      const same = await admin.put(`${maps}/a`, configMap('a', { data: { x: '2' } }));
      expect(versionOf(same.body)).toBe(versionOf(changed.body));
    });

    it('counts the generation when the spec changes, and only then', async () => {
      const { body } = await admin.post(deployments(), deployment('web'));
      const labelled = await admin.patch(`${deployments()}/web`, { metadata: { labels: { a: 'b' } } });
      expect(at(labelled.body, 'metadata', 'generation')).toBe(1);
      const scaled = await admin.patch(`${deployments()}/web`, { spec: { replicas: 3 } });
      expect(at(scaled.body, 'metadata', 'generation')).toBe(2);
      expect(versionOf(scaled.body)).not.toBe(versionOf(body));
    });

    it('refuses another name, another object, and a frozen field', async () => {
      await admin.post(maps, configMap('a'));
      expect((await admin.put(`${maps}/a`, configMap('b'))).body).toMatchObject({
        code: 400,
        message: 'the name of the object (b) does not match the name on the URL (a)',
      });
      const other = await admin.put(`${maps}/a`, { metadata: { name: 'a', uid: '00000000-0000-0000-0000-000000000000' } });
      expect(other.body).toMatchObject({ code: 409, reason: 'Conflict' });
      await admin.post(deployments(), deployment('web'));
      const frozen = await admin.patch(
        `${deployments()}/web`,
        [{ op: 'replace', path: '/spec/selector/matchLabels', value: { a: 'b' } }],
        JSON_PATCH,
      );
      expect(frozen.status).toBe(422);
    });

    it('refuses an immutable config map', async () => {
      await admin.post(maps, configMap('a', { data: { x: '1' }, immutable: true }));
      expect((await admin.patch(`${maps}/a`, { data: { x: '2' } })).status).toBe(422);
      expect((await admin.patch(`${maps}/a`, { metadata: { labels: { l: 'v' } } })).status).toBe(200);
    });
  });

  describe('patch', () => {
    it('merges', async () => {
      await admin.post(maps, configMap('a', { data: { x: '1', y: '2' } }));
      expect((await admin.patch(`${maps}/a`, { data: { x: null, z: '3' } })).body).toMatchObject({ data: { y: '2', z: '3' } });
    });

    it('follows JSON patches, and refuses one whose test fails', async () => {
      await admin.post(maps, configMap('a', { data: { x: '1' } }));
      const done = await admin.patch(
        `${maps}/a`,
        [
          { op: 'test', path: '/data/x', value: '1' },
          { op: 'add', path: '/data/y', value: '2' },
        ],
        JSON_PATCH,
      );
      expect(done.body).toMatchObject({ data: { x: '1', y: '2' } });
      expect((await admin.patch(`${maps}/a`, [{ op: 'test', path: '/data/x', value: '2' }], JSON_PATCH)).status).toBe(422);
      expect((await admin.patch(`${maps}/a`, [{ op: 'remove', path: '/data/nope' }], JSON_PATCH)).status).toBe(422);
    });

    it('merges lists strategically by their keys', async () => {
      await admin.post(deployments(), deployment('web'));
      const spec = { template: { spec: { containers: [{ name: 'side', image: 'busybox:1' }] } } };
      const added = await admin.patch(`${deployments()}/web`, { spec }, STRATEGIC);
      const containers = (body: JsonObject): string[] =>
        arrayAt(body, 'spec', 'template', 'spec', 'containers').map((item) => `${textAt(item, 'name')}=${textAt(item, 'image')}`);
      expect(containers(added.body).toSorted()).toEqual(['main=nginx:1.25', 'side=busybox:1']);
      const removed = await admin.patch(
        `${deployments()}/web`,
        { spec: { template: { spec: { containers: [{ name: 'side', $patch: 'delete' }] } } } },
        STRATEGIC,
      );
      expect(containers(removed.body)).toEqual(['main=nginx:1.25']);
      const replaced = await admin.patch(
        `${deployments()}/web`,
        { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
        STRATEGIC,
      );
      expect(at(replaced.body, 'spec', 'strategy')).toEqual({ type: 'Recreate' });
    });

    it('refuses a media type that it does not know', async () => {
      await admin.post(maps, configMap('a'));
      expect((await admin.patch(`${maps}/a`, {}, 'application/json')).status).toBe(415);
    });

    it('honours the version that a patch names', async () => {
      await admin.post(maps, configMap('a'));
      const stale = await admin.patch(`${maps}/a`, { metadata: { resourceVersion: '1' }, data: { x: '1' } });
      expect(stale.body).toMatchObject({ code: 409, reason: 'Conflict' });
    });
  });

  describe('server-side apply', () => {
    const apply = (manager: string, data: JsonObject, more = ''): ReturnType<TestClient['patch']> =>
      admin.patch(`${maps}/a?fieldManager=${manager}${more}`, configMap('a', { data }), APPLY);

    it('creates, owns and prunes', async () => {
      const created = await apply('one', { x: '1', y: '2' });
      expect(created.status).toBe(201);
      const [entry] = arrayAt(created.body, 'metadata', 'managedFields');
      expect(entry).toMatchObject({
        manager: 'one',
        operation: 'Apply',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:x': {}, 'f:y': {} } },
      });
      const pruned = await apply('one', { x: '1' });
      expect(pruned.status).toBe(200);
      expect(pruned.body['data']).toEqual({ x: '1' });
    });

    it('leaves the fields of others alone, and refuses to change them', async () => {
      await apply('one', { x: '1' });
      const second = await apply('two', { y: '2' });
      expect(second.body['data']).toEqual({ x: '1', y: '2' });
      const refused = await apply('two', { x: '3', y: '2' });
      expect(refused.body).toMatchObject({
        code: 409,
        reason: 'Conflict',
        message: 'Apply failed with 1 conflict: conflict with "one": .data.x',
        details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.x' }] },
      });
      const forced = await apply('two', { x: '3', y: '2' }, '&force=true');
      expect(forced.body['data']).toEqual({ x: '3', y: '2' });
      const emptied = await apply('one', {});
      expect(emptied.body['data']).toEqual({ x: '3', y: '2' });
    });

    it('needs a manager', async () => {
      const { status } = await admin.patch(`${maps}/a`, configMap('a'), APPLY);
      expect([400, 422]).toContain(status);
    });

    it('merges lists by their keys', async () => {
      const spec = (image: string, name: string): JsonObject => ({
        ...deployment('web'),
        spec: {
          ...objectAt(deployment('web'), 'spec'),
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name, image }] } },
        },
      });
      await admin.patch(`${deployments()}/web?fieldManager=one`, spec('a:1', 'main'), APPLY);
      const both = await admin.patch(`${deployments()}/web?fieldManager=two`, spec('b:1', 'side'), APPLY);
      expect(
        arrayAt(both.body, 'spec', 'template', 'spec', 'containers')
          .map((item) => textAt(item, 'name'))
          .toSorted(),
      ).toEqual(['main', 'side']);
    });
  });

  describe('list', () => {
    const fill = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1)
        await admin.post(
          maps,
          configMap(`m${index}`, { metadata: { name: `m${index}`, labels: { parity: index % 2 === 0 ? 'even' : 'odd' } } }),
        );
    };

    it('pages through one consistent snapshot', async () => {
      await fill(5);
      const query = 'labelSelector=parity';
      const first = await admin.get(`${maps}?limit=2&${query}`);
      expect(first.body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
      expect(namesOf(first.body)).toEqual(['m0', 'm1']);
      await admin.post(maps, configMap('m15', { metadata: { name: 'm15', labels: { parity: 'odd' } } }));
      await admin.delete(`${maps}/m3`);
      const token = textAt(first.body, 'metadata', 'continue');
      const second = await admin.get(`${maps}?limit=2&${query}&continue=${token}`);
      expect(namesOf(second.body)).toEqual(['m2', 'm3']);
      expect(versionOf(second.body)).toBe(versionOf(first.body));
      const third = await admin.get(`${maps}?limit=2&${query}&continue=${textAt(second.body, 'metadata', 'continue')}`);
      expect(namesOf(third.body)).toEqual(['m4']);
      expect(at(third.body, 'metadata', 'continue') ?? '').toBe('');
    });

    it('says how many remain, where nothing is selected', async () => {
      await fill(4);
      const all = own((await admin.get(maps)).body).length;
      const { body } = await admin.get(`${maps}?limit=1`);
      expect(Number(at(body, 'metadata', 'remainingItemCount'))).toBeGreaterThanOrEqual(all - 1);
    });

    it('refuses a token that is none', async () => {
      expect((await admin.get(`${maps}?limit=1&continue=nonsense`)).status).toBe(400);
    });

    it('selects by labels', async () => {
      await fill(4);
      const select = async (selector: string): Promise<string[]> =>
        own((await admin.get(`${maps}?labelSelector=${encodeURIComponent(selector)}`)).body);
      expect(await select('parity=even')).toEqual(['m0', 'm2']);
      expect(await select('parity!=even,parity')).toEqual(['m1', 'm3']);
      expect(await select('parity in (odd, none)')).toEqual(['m1', 'm3']);
      expect(await select('parity notin (odd),parity')).toEqual(['m0', 'm2']);
      expect(await select('!parity')).toEqual([]);
      expect((await admin.get(`${maps}?labelSelector=${encodeURIComponent('a b')}`)).status).toBe(400);
    });

    it('selects by fields, and refuses those it cannot select by', async () => {
      await fill(2);
      expect(namesOf((await admin.get(`${maps}?fieldSelector=metadata.name%3Dm1`)).body)).toEqual(['m1']);
      expect((await admin.get(`${maps}?fieldSelector=data.x%3D1`)).body).toMatchObject({ code: 400, reason: 'BadRequest' });
      const pod = (name: string, nodeName: string): JsonObject => ({
        metadata: { name },
        spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
      });
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      await admin.post(pods, pod('a', 'one'));
      await admin.post(pods, pod('b', 'two'));
      expect(namesOf((await admin.get(`${pods}?fieldSelector=spec.nodeName%3Dtwo,status.phase%3DPending`)).body)).toEqual(['b']);
    });

    it('reads at a version', async () => {
      await fill(1);
      const before = await admin.get(`${maps}?labelSelector=parity`);
      await admin.post(maps, configMap('later', { metadata: { name: 'later', labels: { parity: 'odd' } } }));
      const exact = await admin.get(
        `${maps}?labelSelector=parity&limit=9&resourceVersion=${versionOf(before.body)}&resourceVersionMatch=Exact`,
      );
      expect(namesOf(exact.body)).toEqual(['m0']);
      const newer = await admin.get(
        `${maps}?labelSelector=parity&resourceVersion=${versionOf(before.body)}&resourceVersionMatch=NotOlderThan`,
      );
      expect(Number(versionOf(newer.body))).toBeGreaterThanOrEqual(Number(versionOf(before.body)));
      expect((await admin.get(`${maps}?resourceVersion=abc`)).status).toBe(500);
      expect((await admin.get(`${maps}?resourceVersionMatch=Exact`)).status).toBe(422);
    });
  });

  describe('watch', () => {
    it('goes on from a version', async () => {
      const { body } = await admin.get(maps);
      await admin.post(maps, configMap('a', { data: { x: '1' } }));
      const watch = await admin.watch(`${maps}?watch=true&resourceVersion=${versionOf(body)}&fieldSelector=metadata.name%3Da`);
      expect(await event(watch)).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } } });
      await admin.patch(`${maps}/a`, { data: { x: '2' } });
      expect(await event(watch)).toMatchObject({ type: 'MODIFIED', object: { data: { x: '2' } } });
      await admin.delete(`${maps}/a`);
      const last = await event(watch);
      expect(last).toMatchObject({ type: 'DELETED', object: { data: { x: '2' } } });
      const again = await admin.get(`${maps}?limit=1`);
      expect(Number(versionOf(objectAt(last, 'object')))).toBeLessThanOrEqual(Number(versionOf(again.body)));
      watch.close();
    });

    it('begins with what exists where no version is named', async () => {
      await admin.post(maps, configMap('a'));
      const watch = await admin.watch(`${maps}?watch=1&fieldSelector=metadata.name%3Da`);
      expect(await event(watch)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
      watch.close();
    });

    it('shows an object that leaves the selection as deleted', async () => {
      await admin.post(maps, configMap('a', { metadata: { name: 'a', labels: { in: 'yes' } } }));
      const watch = await admin.watch(`${maps}?watch=true&labelSelector=in%3Dyes`);
      expect(await event(watch)).toMatchObject({ type: 'ADDED' });
      await admin.patch(`${maps}/a`, { metadata: { labels: { in: 'no' } } });
      expect(await event(watch)).toMatchObject({ type: 'DELETED', object: { metadata: { labels: { in: 'yes' } } } });
      await admin.patch(`${maps}/a`, { metadata: { labels: { in: 'yes' } } });
      expect(await event(watch)).toMatchObject({ type: 'ADDED', object: { metadata: { labels: { in: 'yes' } } } });
      watch.close();
    });

    it('ends at its timeout, after a bookmark', async (): Promise<void> => {
      const { body } = await admin.get(maps);
      const created = await admin.post(maps, configMap('a'));
      const watch = await admin.watch(
        `${maps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=4&resourceVersion=${versionOf(body)}&fieldSelector=metadata.name%3Da`,
      );
      const events: JsonObject[] = [];
      for (let next = await watch.next(); next !== undefined; next = await watch.next()) events.push(next);
      expect(events[0]).toMatchObject({ type: 'ADDED' });
      const bookmark = events.find((each) => each['type'] === 'BOOKMARK');
      // A bookmark is never promised; ours come for certain, so that tests can rely on them.
      if (bookmark === undefined) return expect(subject.inProcess).toBe(false);
      expect(bookmark).toMatchObject({ object: { kind: 'ConfigMap', apiVersion: 'v1' } });
      expect(Number(versionOf(objectAt(bookmark, 'object')))).toBeGreaterThanOrEqual(Number(versionOf(created.body)));
    }, 15_000);

    it('refuses a version that is no number', async () => {
      const { status, body } = await admin.get(`${maps}?watch=true&resourceVersion=abc`);
      expect(status).toBe(500);
      expect(textAt(body, 'message')).toContain('resourceVersion: Invalid value: "abc"');
    });
  });

  describe('delete', () => {
    it('says what it deleted', async () => {
      const created = await admin.post(maps, configMap('a'));
      const { status, body } = await admin.delete(`${maps}/a`);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        kind: 'Status',
        status: 'Success',
        details: { name: 'a', kind: 'configmaps', uid: at(created.body, 'metadata', 'uid') },
      });
      expect((await admin.delete(`${maps}/a`)).status).toBe(404);
    });

    it('checks its preconditions', async () => {
      await admin.post(maps, configMap('a'));
      const { body } = await admin.delete(`${maps}/a`, { preconditions: { uid: 'other' } });
      expect(body).toMatchObject({ code: 409, reason: 'Conflict' });
      expect(textAt(body, 'message')).toContain('the UID in the precondition (other) does not match the UID in record');
    });

    it('waits for finalizers', async () => {
      await admin.post(maps, configMap('a', { metadata: { name: 'a', finalizers: ['example.com/wait'] } }));
      const { body } = await admin.delete(`${maps}/a`);
      expect(body).toMatchObject({ kind: 'ConfigMap', metadata: { deletionGracePeriodSeconds: 0, finalizers: ['example.com/wait'] } });
      expect(textAt(body, 'metadata', 'deletionTimestamp')).not.toBe('');
      await admin.patch(`${maps}/a`, { metadata: { finalizers: null } });
      expect((await admin.get(`${maps}/a`)).status).toBe(404);
    });

    it('gives a pod on a node its time', async () => {
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const pod = (name: string, spec: JsonObject): JsonObject => ({
        metadata: { name },
        spec: { ...spec, containers: [{ name: 'c', image: 'i' }] },
      });
      await admin.post(pods, pod('placed', { nodeName: 'n1' }));
      await admin.post(pods, pod('free', {}));
      const placed = await admin.delete(`${pods}/placed`);
      expect(placed.body).toMatchObject({ kind: 'Pod', metadata: { deletionGracePeriodSeconds: 30 } });
      expect((await admin.delete(`${pods}/free`)).status).toBe(200);
      expect(namesOf((await admin.get(pods)).body)).toEqual(['placed']);
      await admin.delete(`${pods}/placed`, { gracePeriodSeconds: 0 });
      expect((await admin.get(`${pods}/placed`)).status).toBe(404);
    });

    it('deletes a collection by its selector', async () => {
      for (const name of ['a', 'b', 'c'])
        await admin.post(maps, configMap(name, { metadata: { name, labels: { keep: name === 'c' ? 'yes' : 'no' } } }));
      const { status } = await admin.delete(`${maps}?labelSelector=keep%3Dno`);
      expect(status).toBe(200);
      expect(own((await admin.get(maps)).body)).toEqual(['c']);
    });
  });

  describe('subresources', () => {
    it('keeps status and spec apart', async () => {
      await admin.post(deployments(), deployment('web'));
      const status = await admin.patch(`${deployments()}/web/status`, {
        status: { replicas: 2, observedGeneration: 1 },
        spec: { replicas: 9 },
      });
      expect(status.body).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 2 }, metadata: { generation: 1 } });
      const spec = await admin.patch(`${deployments()}/web`, { status: { replicas: 7 }, spec: { replicas: 4 } });
      expect(spec.body).toMatchObject({ spec: { replicas: 4 }, status: { replicas: 2 } });
    });

    it('leaves the labels of a deployment alone when its status is replaced', async () => {
      await admin.post(deployments(), { ...deployment('web'), metadata: { name: 'web', labels: { a: 'b' } } });
      const { body } = await admin.put(`${deployments()}/web/status`, { metadata: { name: 'web' }, status: { replicas: 1 } });
      expect(body).toMatchObject({ metadata: { labels: { a: 'b' } }, status: { replicas: 1 } });
    });

    it('scales', async () => {
      await admin.post(deployments(), deployment('web'));
      const { body } = await admin.get(`${deployments()}/web/scale`);
      expect(body).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name: 'web', namespace },
        spec: { replicas: 1 },
        status: { replicas: 0, selector: 'app=web' },
      });
      const put = await admin.put(`${deployments()}/web/scale`, { ...body, spec: { replicas: 5 } });
      expect(put.body).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
      const patched = await admin.patch(`${deployments()}/web/scale`, { spec: { replicas: 6 } });
      expect(patched.body).toMatchObject({ spec: { replicas: 6 } });
      expect((await admin.put(`${deployments()}/web/scale`, { ...body, spec: { replicas: 2 } })).status).toBe(409);
      expect((await admin.get(`${deployments()}/web`)).body).toMatchObject({ spec: { replicas: 6 }, metadata: { generation: 3 } });
    });

    it('leave an object that is taken back as it was given, by the strictest too', async () => {
      await admin.post(deployments(), deployment('web'));
      await admin.patch(`${deployments()}/web/status`, { status: { replicas: 2 } });
      await admin.patch(`${deployments()}/web/scale`, { spec: { replicas: 6 } });
      const { body } = await admin.get(`${deployments()}/web`);
      const put = await admin.put(`${deployments()}/web?fieldValidation=Strict`, body);
      expect(put.body).toEqual(body);
    });
  });

  describe('custom resources', () => {
    let group = '';
    let widgets = '';
    let definition: JsonObject = {};

    beforeEach(async () => {
      group = `g${randomBytes(4).toString('hex')}.example.com`;
      widgets = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
      const spec = {
        type: 'object',
        required: ['size'],
        properties: {
          size: { type: 'integer', minimum: 1, maximum: 10 },
          mode: { type: 'string', enum: ['fast', 'slow'], default: 'slow' },
          name: { type: 'string', pattern: '^[a-z]+$', maxLength: 5 },
          port: { 'x-kubernetes-int-or-string': true },
          replicas: { type: 'integer' },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          parts: {
            type: 'array',
            items: { type: 'object', properties: { id: { type: 'string' }, weight: { type: 'integer', default: 3 } } },
          },
        },
      };
      const status = { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } };
      definition = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `widgets.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
              subresources: {
                status: {},
                scale: {
                  specReplicasPath: '.spec.replicas',
                  statusReplicasPath: '.status.replicas',
                  labelSelectorPath: '.status.selector',
                },
              },
              additionalPrinterColumns: [
                { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
                { name: 'Mode', type: 'string', jsonPath: '.spec.mode', priority: 1 },
              ],
            },
          ],
        },
      };
      expect((await admin.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)).status).toBe(201);
      await eventually(async () => (await admin.get(widgets)).status === 200);
    });

    const widget = (spec: JsonObject): JsonObject => ({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w' }, spec });

    it('have a definition that is established', async () => {
      const read = (): Promise<Answer> => admin.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`);
      // A real server serves them a moment before it says so.
      await eventually(async () => {
        const conditions = arrayAt((await read()).body, 'status', 'conditions');
        return (
          textAt(
            conditions.find((item) => textAt(item, 'type') === 'Established'),
            'status',
          ) === 'True'
        );
      });
      expect((await read()).body).toMatchObject({
        spec: { names: { singular: 'widget', listKind: 'WidgetList' }, conversion: { strategy: 'None' } },
        status: { acceptedNames: { plural: 'widgets' }, storedVersions: ['v1'] },
      });
    });

    it('get defaults and lose unknown fields', async () => {
      const { status, body } = await admin.post(widgets, {
        ...widget({ size: 2, bogus: 1, port: 'http', free: { any: { thing: 1 } }, parts: [{ id: 'a', junk: 2 }] }),
        junk: true,
      });
      expect(status).toBe(201);
      expect(body['spec']).toEqual({ size: 2, mode: 'slow', port: 'http', free: { any: { thing: 1 } }, parts: [{ id: 'a', weight: 3 }] });
      expect(body['junk']).toBeUndefined();
      expect(body).toMatchObject({ metadata: { generation: 1 } });
    });

    it('are validated, with one cause for each fault', async () => {
      const { body } = await admin.post(widgets, widget({ mode: 'odd', size: 11, name: 'ABC' }));
      expect(body).toMatchObject({ code: 422, reason: 'Invalid', details: { name: 'w', group, kind: 'Widget' } });
      const causes = arrayAt(body, 'details', 'causes').map((cause) => `${textAt(cause, 'field')} ${textAt(cause, 'message')}`);
      expect(causes.toSorted()).toEqual([
        'spec.mode Unsupported value: "odd": supported values: "fast", "slow"',
        'spec.name Invalid value: "ABC": spec.name in body should match \'^[a-z]+$\'',
        'spec.size Invalid value: 11: spec.size in body should be less than or equal to 10',
      ]);
      const missing = await admin.post(widgets, widget({}));
      expect(missing.body).toMatchObject({ code: 422, message: `Widget.${group} "w" is invalid: spec.size: Required value` });
      const typed = await admin.post(widgets, widget({ size: 'big' }));
      expect(typed.body).toMatchObject({
        code: 422,
        message: `Widget.${group} "w" is invalid: spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"`,
      });
    });

    it('keep status to its subresource', async () => {
      const { body } = await admin.post(widgets, { ...widget({ size: 1 }), status: { replicas: 9 } });
      expect(body['status']).toBeUndefined();
      const written = await admin.put(`${widgets}/w/status`, { ...body, spec: { size: 7 }, status: { replicas: 2 } });
      expect(written.body).toMatchObject({ spec: { size: 1 }, status: { replicas: 2 }, metadata: { generation: 1 } });
      const changed = await admin.patch(`${widgets}/w`, { spec: { size: 3 }, status: { replicas: 8 } });
      expect(changed.body).toMatchObject({ spec: { size: 3 }, status: { replicas: 2 }, metadata: { generation: 2 } });
    });

    it('scale', async () => {
      await admin.post(widgets, widget({ size: 1, replicas: 2 }));
      await admin.patch(`${widgets}/w/status`, { status: { replicas: 1, selector: 'app=w' } });
      expect((await admin.get(`${widgets}/w/scale`)).body).toMatchObject({
        kind: 'Scale',
        spec: { replicas: 2 },
        status: { replicas: 1, selector: 'app=w' },
      });
      await admin.patch(`${widgets}/w/scale`, { spec: { replicas: 4 } });
      expect((await admin.get(`${widgets}/w`)).body).toMatchObject({ spec: { replicas: 4 } });
    });

    it('must name the version that an update is based on, and take no strategic patch', async () => {
      await admin.post(widgets, widget({ size: 1 }));
      expect((await admin.put(`${widgets}/w`, widget({ size: 2 }))).body).toMatchObject({
        code: 422,
        details: { causes: [{ field: 'metadata.resourceVersion' }] },
      });
      expect((await admin.patch(`${widgets}/w`, { spec: { size: 2 } }, STRATEGIC)).status).toBe(415);
      expect((await admin.patch(`${widgets}/w`, { spec: { size: 2 } })).body).toMatchObject({ spec: { size: 2 } });
    });

    it('can be applied', async () => {
      const applied = await admin.patch(`${widgets}/w?fieldManager=one`, widget({ size: 1, name: 'ab' }), APPLY);
      expect(applied.status).toBe(201);
      const again = await admin.patch(`${widgets}/w?fieldManager=one`, widget({ size: 2 }), APPLY);
      expect(again.body['spec']).toEqual({ size: 2, mode: 'slow' });
    });

    it('have their columns', async () => {
      await admin.post(widgets, widget({ size: 1 }));
      const { body } = await admin.get(widgets, { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' });
      expect(body['kind']).toBe('Table');
      expect(arrayAt(body, 'columnDefinitions').map((column) => textAt(column, 'name'))).toEqual(['Name', 'Size', 'Mode']);
      expect(at(arrayAt(body, 'rows')[0], 'cells')).toEqual(['w', 1, 'slow']);
    });

    it('answer a watch from before their definition with an ERROR event', async () => {
      const watch = await admin.watch(`${widgets}?watch=true&resourceVersion=1`);
      expect(watch.status).toBe(200);
      expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
      expect(await watch.next()).toBeUndefined();
    });

    it('are watched and end with their definition', async () => {
      const watch = await admin.watch(`${widgets}?watch=true&resourceVersion=0`);
      await admin.post(widgets, widget({ size: 1 }));
      expect(await event(watch)).toMatchObject({ type: 'ADDED', object: { apiVersion: `${group}/v1`, kind: 'Widget' } });
      watch.close();
      await admin.delete(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`);
      await eventually(async () => (await admin.get(widgets)).status === 404);
    }, 30_000);

    it('refuse a definition without structure', async () => {
      const bad = structuredClone(definition);
      const version: JsonObject = objectAt(arrayAt(bad, 'spec', 'versions')[0]);
      version['schema'] = { openAPIV3Schema: { type: 'object', properties: { spec: {} } } };
      objectAt(bad, 'spec')['group'] = `x${group}`;
      bad['metadata'] = { name: `widgets.x${group}` };
      expect((await admin.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', bad)).status).toBe(422);
    });
  });

  describe('access', () => {
    const bind = async (user: string, rules: Json): Promise<void> => {
      const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
      await admin.post(`${roles}/roles`, { metadata: { name: user }, rules });
      const bound = [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }];
      await admin.post(`${roles}/rolebindings`, {
        metadata: { name: user },
        subjects: bound,
        roleRef: { kind: 'Role', name: user, apiGroup: 'rbac.authorization.k8s.io' },
      });
    };

    it('is refused in so many words', async () => {
      const nobody = server.clientFor('nobody');
      expect((await nobody.get(`${maps}/a`)).body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `configmaps "a" is forbidden: User "nobody" cannot get resource "configmaps" in API group "" in the namespace "${namespace}"`,
        reason: 'Forbidden',
        details: { name: 'a', kind: 'configmaps' },
        code: 403,
      });
      expect((await nobody.get('/api/v1/nodes')).body).toMatchObject({
        message: 'nodes is forbidden: User "nobody" cannot list resource "nodes" in API group "" at the cluster scope',
      });
      expect((await nobody.patch(`${deployments()}/web/status`, {})).body).toMatchObject({
        message: `deployments.apps "web" is forbidden: User "nobody" cannot patch resource "deployments/status" in API group "apps" in the namespace "${namespace}"`,
        details: { name: 'web', group: 'apps', kind: 'deployments' },
      });
      expect((await nobody.get('/metrics')).body).toMatchObject({
        code: 403,
        message: 'forbidden: User "nobody" cannot get path "/metrics"',
      });
    });

    it('is granted by name', async () => {
      await bind('named', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'], resourceNames: ['a'] }]);
      await admin.post(maps, configMap('a'));
      const client = server.clientFor('named');
      await eventually(async () => (await client.get(`${maps}/a`)).status === 200);
      expect((await client.get(`${maps}/b`)).status).toBe(403);
      expect((await client.get(maps)).status).toBe(403);
      expect((await client.get(`${maps}?fieldSelector=metadata.name%3Da`)).status).toBe(200);
    });

    it('is granted for a subresource alone', async () => {
      await bind('scaler', [{ apiGroups: ['apps'], resources: ['*/scale'], verbs: ['get', 'update'] }]);
      await admin.post(deployments(), deployment('web'));
      const client = server.clientFor('scaler');
      await eventually(async () => (await client.get(`${deployments()}/web/scale`)).status === 200);
      expect((await client.get(`${deployments()}/web`)).status).toBe(403);
    });

    it('is answered by reviews', async () => {
      await bind('reviewed', [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
      const client = server.clientFor('reviewed');
      const self = (verb: string): ReturnType<TestClient['post']> =>
        client.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { namespace, verb, resource: 'pods' } },
        });
      await eventually(async () => at((await self('list')).body, 'status', 'allowed') === true);
      expect(at((await self('delete')).body, 'status', 'allowed')).toBe(false);
      const other = await admin.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        spec: { user: 'reviewed', resourceAttributes: { namespace, verb: 'list', resource: 'pods' } },
      });
      expect(other.status).toBe(201);
      expect(at(other.body, 'status', 'allowed')).toBe(true);
      const rules = await client.post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace } });
      expect(arrayAt(rules.body, 'status', 'resourceRules')).toContainEqual({ verbs: ['list'], apiGroups: [''], resources: ['pods'] });
    });

    it('is proved by the token of a service account', async () => {
      const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      await admin.post(accounts, { metadata: { name: 'robot' } });
      const issued = await admin.post(`${accounts}/robot/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 3600 },
      });
      expect(issued.status).toBe(201);
      const token = textAt(issued.body, 'status', 'token');
      const review = await admin.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } });
      expect(review.body).toMatchObject({
        status: {
          authenticated: true,
          user: {
            username: `system:serviceaccount:${namespace}:robot`,
            groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
          },
        },
      });
      const bad = await admin.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'nonsense' } });
      expect(at(bad.body, 'status', 'authenticated') ?? false).toBe(false);
    });
  });

  describe('discovery', () => {
    it('lists groups, versions and resources', async () => {
      expect((await admin.get('/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
      const groups = (await admin.get('/apis')).body;
      expect(groups['kind']).toBe('APIGroupList');
      expect(arrayAt(groups, 'groups').map((item) => textAt(item, 'name'))).toEqual(
        expect.arrayContaining([
          'apps',
          'autoscaling',
          'batch',
          'rbac.authorization.k8s.io',
          'apiextensions.k8s.io',
          'coordination.k8s.io',
        ]),
      );
      const core = (await admin.get('/api/v1')).body;
      const pods = arrayAt(core, 'resources').find((item) => textAt(item, 'name') === 'pods');
      expect(pods).toMatchObject({
        namespaced: true,
        kind: 'Pod',
        shortNames: ['po'],
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      });
      const apps = (await admin.get('/apis/apps/v1')).body;
      expect(apps).toMatchObject({ kind: 'APIResourceList', groupVersion: 'apps/v1' });
      expect(arrayAt(apps, 'resources').find((item) => textAt(item, 'name') === 'deployments/scale')).toMatchObject({
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
      });
      expect((await admin.get('/apis/nothing.example.com/v1')).status).toBe(404);
    });

    it.each(['v2', 'v2beta1'])('answers apidiscovery %s, or the plain document where the server is too old', async (version) => {
      const { headers, body } = await admin.get('/apis', {
        Accept: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json`,
      });
      if (body['kind'] === 'APIGroupList') {
        expect(subject.inProcess).toBe(false);
        return;
      }
      expect(headers['content-type']).toBe(`application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
      expect(body).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}` });
      const apps = arrayAt(body, 'items').find((item) => textAt(item, 'metadata', 'name') === 'apps');
      const deploymentsEntry = arrayAt(arrayAt(apps, 'versions')[0], 'resources').find(
        (item) => textAt(item, 'resource') === 'deployments',
      );
      expect(deploymentsEntry).toMatchObject({
        scope: 'Namespaced',
        responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
        shortNames: ['deploy'],
        singularResource: 'deployment',
      });
    });

    it('shows tables and bare metadata', async () => {
      await admin.post(maps, configMap('a', { data: { x: '1' } }));
      const asTable = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
      const list = (await admin.get(`${maps}?fieldSelector=metadata.name%3Da`, asTable)).body;
      expect(list).toMatchObject({
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        rows: [{ cells: ['a', 1, expect.any(String)], object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }],
      });
      expect(arrayAt(list, 'columnDefinitions').map((column) => textAt(column, 'name'))).toEqual(['Name', 'Data', 'Age']);
      const partial = (await admin.get(maps, { Accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' })).body;
      expect(partial).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    });

    it('answers what probes ask', async () => {
      for (const path of ['/healthz', '/livez', '/readyz']) expect((await admin.get(path)).text).toBe('ok');
      expect(textAt((await admin.get('/version')).body, 'major')).toBe('1');
      expect((await admin.get('/openapi/v2')).body).toMatchObject({ swagger: '2.0' });
    });
  });

  describe('versions of one resource', () => {
    it('show a horizontal pod autoscaler as v1 and v2', async () => {
      const path = (version: string): string => `/apis/autoscaling/${version}/namespaces/${namespace}/horizontalpodautoscalers`;
      const spec = {
        scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' },
        maxReplicas: 5,
        targetCPUUtilizationPercentage: 70,
      };
      const { body } = await admin.post(path('v1'), { metadata: { name: 'h' }, spec });
      expect(body).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { minReplicas: 1, targetCPUUtilizationPercentage: 70 } });
      expect(body['status']).toEqual({ currentReplicas: 0, desiredReplicas: 0 });
      const newer = await admin.get(`${path('v2')}/h`);
      expect(newer.body).toMatchObject({
        apiVersion: 'autoscaling/v2',
        spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }] },
      });
      const nothing = { currentReplicas: 0, desiredReplicas: 0, currentMetrics: null, conditions: null };
      expect(newer.body['status']).toEqual(nothing);
      const conditions = [{ type: 'AbleToScale', status: 'True' }];
      const seen = await admin.put(`${path('v2')}/h/status`, {
        ...newer.body,
        status: { currentReplicas: 1, desiredReplicas: 2, conditions },
      });
      expect(seen.body['status']).toEqual({
        ...nothing,
        currentReplicas: 1,
        desiredReplicas: 2,
        conditions: [{ ...conditions[0], lastTransitionTime: null }],
      });
      const bad = await admin.post(path('v2'), { metadata: { name: 'i' }, spec: { ...spec, maxReplicas: 0 } });
      expect(bad.status).toBe(422);
    });

    it('show an event in both groups', async () => {
      const involvedObject = { kind: 'Pod', namespace, name: 'p' };
      await admin.post(`/api/v1/namespaces/${namespace}/events`, {
        metadata: { name: 'e' },
        involvedObject,
        reason: 'Why',
        message: 'text',
        type: 'Normal',
        count: 2,
      });
      const plain = await admin.get(`/api/v1/namespaces/${namespace}/events/e`);
      expect(plain.body).toMatchObject({ eventTime: null, reportingInstance: '' });
      const { body } = await admin.get(`/apis/events.k8s.io/v1/namespaces/${namespace}/events/e`);
      expect(body).toMatchObject({
        apiVersion: 'events.k8s.io/v1',
        regarding: involvedObject,
        note: 'text',
        reason: 'Why',
        deprecatedCount: 2,
      });
      expect(
        namesOf((await admin.get(`/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name%3Dp,type%3DNormal`)).body),
      ).toEqual(['e']);
    });

    it('keep the exact text of a lease', async () => {
      const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
      const renewTime = '2024-07-29T17:25:39.000000Z';
      const { body } = await admin.post(leases, {
        metadata: { name: 'l' },
        spec: { holderIdentity: '', leaseDurationSeconds: 1, renewTime, acquireTime: renewTime, leaseTransitions: 3 },
      });
      expect(body['spec']).toEqual({ holderIdentity: '', leaseDurationSeconds: 1, renewTime, acquireTime: renewTime, leaseTransitions: 3 });
      expect((await admin.put(`${leases}/l`, body)).status).toBe(200);
    });
  });
});
