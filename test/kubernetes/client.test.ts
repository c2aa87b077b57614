import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasReason, type JsonObject, Kubernetes, type Resource } from '../../components/kubernetes/index.ts';
import { component, Lifecycle } from '../../src/fx/index.ts';
import { testApp, type TestedApp } from '../../src/fx/testing.ts';
import { type Server, subjects } from '../cluster/support/servers.ts';
import { kubernetesAs } from './support.ts';

const found = subjects();
process.stdout.write(`client suite runs against ${found.map(({ name }) => name).join(' and ')}\n`);

const core = (plural: string, namespaced = true): Resource => ({ group: '', version: 'v1', plural, namespaced });
const configMaps = core('configmaps');
const deployments: Resource = { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true };
const masters = ['system:masters'];

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

function deployment(name: string): JsonObject {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'nginx:1.25' }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  };
}

/** A kind whose objects carry what no model knows. */
function definition(group: string): JsonObject {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = ['v1', 'v1alpha1'].map((name) => ({ name, served: true, storage: name === 'v1', schema, subresources: { status: {} } }));
  const names = { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gadgets.${group}` },
    spec: { group, scope: 'Namespaced', names, versions },
  };
}

describe.each(found)('$name', { timeout: 60_000 }, (subject) => {
  let server: Server;
  let app: TestedApp<{ kubernetes: typeof Kubernetes }>;
  let kubernetes: Kubernetes;
  let namespace: string;
  const map = (name: string) => ({ resource: configMaps, namespace, name });

  beforeAll(async () => {
    server = await subject.start();
  }, 90_000);
  afterAll(() => server.stop(), 30_000);
  beforeEach(async () => {
    app = await testApp(kubernetesAs(server.accessFor('admin', masters)), { requires: { kubernetes: Kubernetes } });
    ({ kubernetes } = app.needs);
    namespace = `client-${randomBytes(5).toString('hex')}`;
    await kubernetes.create({ resource: core('namespaces', false) }, { metadata: { name: namespace } });
  });
  afterEach(() => app.stop());

  it('creates, reads, replaces and deletes', async () => {
    const made = await kubernetes.create({ resource: configMaps, namespace }, { metadata: { name: 'one' }, data: { a: '1' } });
    expect(await kubernetes.get(map('one'))).toEqual(made);
    const replaced = await kubernetes.replace(map('one'), { ...made, data: { a: '2' } });
    expect(replaced['data']).toEqual({ a: '2' });
    await kubernetes.delete(map('one'));
    expect(hasReason(await failure(kubernetes.get(map('one'))), 'NotFound')).toBe(true);
  });

  it('says what the server refuses in its own words, with verb and path', async () => {
    const missing = await failure(kubernetes.get(map('nobody')));
    expect(missing).toMatchObject({ code: 404, reason: 'NotFound' });
    expect(String(missing)).toContain(`GET /api/v1/namespaces/${namespace}/configmaps/nobody: configmaps "nobody" not found`);
    const made = await kubernetes.create({ resource: configMaps, namespace }, { metadata: { name: 'one' } });
    const again = failure(kubernetes.create({ resource: configMaps, namespace }, { metadata: { name: 'one' } }));
    expect(await again).toMatchObject({ code: 409, reason: 'AlreadyExists' });
    await kubernetes.replace(map('one'), { ...made, data: { a: '1' } });
    expect(await failure(kubernetes.replace(map('one'), { ...made, data: { a: '2' } }))).toMatchObject({ code: 409, reason: 'Conflict' });
    const nameless = failure(kubernetes.create({ resource: configMaps, namespace }, { metadata: { name: 'No Such Name' } }));
    expect(await nameless).toMatchObject({ code: 422, reason: 'Invalid' });
  });

  it('keeps to what its caller has seen when it deletes', async () => {
    const { metadata } = await kubernetes.create({ resource: configMaps, namespace }, { metadata: { name: 'one' } });
    expect(await failure(kubernetes.delete(map('one'), { preconditions: { uid: 'another' } }))).toMatchObject({ reason: 'Conflict' });
    await kubernetes.delete(map('one'), {
      preconditions: { uid: String(metadata.uid), resourceVersion: String(metadata.resourceVersion) },
    });
    expect(hasReason(await failure(kubernetes.get(map('one'))), 'NotFound')).toBe(true);
  });

  it('lists in pages, by labels, by fields, in all namespaces', async () => {
    for (let index = 0; index < 5; index += 1)
      await kubernetes.create(
        { resource: configMaps, namespace },
        { metadata: { name: `map-${index}`, labels: { odd: String(index % 2) } } },
      );
    const names: string[] = [];
    let next: string | undefined;
    do {
      const page = await kubernetes.list(configMaps, {
        namespace,
        limit: 2,
        labelSelector: 'odd',
        ...(next === undefined ? {} : { continue: next }),
      });
      expect(page.items.length).toBeLessThanOrEqual(2);
      names.push(...page.items.map(({ metadata }) => String(metadata.name)));
      next = page.metadata.continue;
    } while (next !== undefined && next !== '');
    expect(names).toEqual(['map-0', 'map-1', 'map-2', 'map-3', 'map-4']);
    const odd = await kubernetes.list(configMaps, { namespace, labelSelector: 'odd=1' });
    expect(odd.items.map(({ metadata }) => metadata.name)).toEqual(['map-1', 'map-3']);
    const one = await kubernetes.list(configMaps, { fieldSelector: `metadata.name=map-4,metadata.namespace=${namespace}` });
    expect(one.items).toHaveLength(1);
    expect(odd.metadata.resourceVersion).toMatch(/^\d+$/);
  });

  it('patches in every way', async () => {
    await kubernetes.create({ resource: deployments, namespace }, deployment('web'));
    const web = { resource: deployments, namespace, name: 'web' };
    const path = ['spec', 'template', 'spec', 'containers'];
    const imageOf = (object: JsonObject): unknown => path.reduce<unknown>((at, key) => (at as JsonObject)[key], object);
    const json = await kubernetes.patch(web, [{ op: 'replace', path: '/spec/replicas', value: 2 }], { type: 'json' });
    expect(json['spec']).toMatchObject({ replicas: 2 });
    const merge = await kubernetes.patch(web, { metadata: { annotations: { seen: 'yes' } } }, { type: 'merge' });
    expect(merge.metadata.annotations).toMatchObject({ seen: 'yes' });
    const containers = [{ name: 'side', image: 'busybox:1' }];
    const strategic = await kubernetes.patch(web, { spec: { template: { spec: { containers } } } }, { type: 'strategic' });
    expect(imageOf(strategic)).toHaveLength(2);
  });

  it('applies on the server, as one of several managers', async () => {
    const wanted = (value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { key: value } });
    await kubernetes.patch(map('applied'), wanted('ours'), { type: 'apply', fieldManager: 'armature' });
    const other = { type: 'apply', fieldManager: 'somebody' } as const;
    expect(await failure(kubernetes.patch(map('applied'), wanted('theirs'), other))).toMatchObject({ code: 409, reason: 'Conflict' });
    const forced = await kubernetes.patch(map('applied'), wanted('theirs'), { ...other, force: true });
    expect(forced['data']).toEqual({ key: 'theirs' });
  });

  it('reads and writes status and scale', async () => {
    await kubernetes.create({ resource: deployments, namespace }, deployment('web'));
    const scale = { resource: deployments, namespace, name: 'web', subresource: 'scale' };
    const read = await kubernetes.get(scale);
    expect(read).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
    expect(await kubernetes.replace(scale, { ...read, spec: { replicas: 3 } })).toMatchObject({ spec: { replicas: 3 } });
    const status = { ...scale, subresource: 'status' };
    await kubernetes.patch(status, { status: { observedGeneration: 7 }, spec: { replicas: 9 } }, { type: 'merge' });
    expect(await kubernetes.get({ resource: deployments, namespace, name: 'web' })).toMatchObject({
      spec: { replicas: 3 },
      status: { observedGeneration: 7 },
    });
  });

  it('brings back unknown fields as they came', async () => {
    const group = `g${randomBytes(4).toString('hex')}.example.com`;
    const definitions: Resource = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', namespaced: false };
    await kubernetes.create({ resource: definitions }, definition(group));
    let gadgets: Resource | undefined;
    await expect
      .poll(
        async () => {
          // Another client than ours has to find it anew, and may do so only every ten seconds.
          await using fresh = await testApp(kubernetesAs(server.accessFor('admin', masters)), { requires: { other: Kubernetes } });
          gadgets = await fresh.needs.other.discover({ group, kind: 'Gadget' });
          return gadgets;
        },
        { timeout: 20_000 },
      )
      .toEqual({ group, version: 'v1', plural: 'gadgets', namespaced: true });
    if (gadgets === undefined) throw new Error('polled above');
    const object = { apiVersion: `${group}/v1`, kind: 'Gadget', metadata: { name: 'g' }, spec: { anything: [1, { deep: null }] } };
    const target = { resource: gadgets, namespace, name: 'g' };
    await expect.poll(() => failure(kubernetes.create(target, object)), { timeout: 20_000 }).toMatch('no failure');
    const read = await kubernetes.get(target);
    const updated = await kubernetes.replace(target, { ...read, extra: 1.5 });
    expect(updated).toMatchObject({ spec: { anything: [1, { deep: null }] }, extra: 1.5 });
    await kubernetes.delete({ resource: definitions, name: `gadgets.${group}` });
  });

  it('discovers what is served, and what is not', async () => {
    expect(await kubernetes.discover({ group: 'apps', kind: 'Deployment' })).toEqual(deployments);
    expect(await kubernetes.discover({ group: '', plural: 'nodes' })).toEqual(core('nodes', false));
    expect(await kubernetes.discover({ group: 'coordination.k8s.io', version: 'v1', plural: 'leases' })).toMatchObject({ version: 'v1' });
    expect(await kubernetes.discover({ group: 'apps', version: 'v9', kind: 'Deployment' })).toBeUndefined();
    expect(await kubernetes.discover({ group: 'nobody.example.com', kind: 'Thing' })).toBeUndefined();
    expect(await kubernetes.discover({ group: 'apps', plural: 'deployments/scale' })).toBeUndefined();
  });

  it('reads other paths, as JSON and as text', async () => {
    expect(await kubernetes.raw('/version')).toMatchObject({ major: '1' });
    expect(await kubernetes.raw('/healthz')).toBe('ok');
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
    };
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    expect(await kubernetes.raw(path, { method: 'POST', body: review })).toMatchObject({ status: { allowed: true } });
    expect(hasReason(await failure(kubernetes.raw('/apis/nowhere')), 'NotFound')).toBe(true);
  });

  it('tells exactly what RBAC denies, until it is granted', async () => {
    const user = `user-${randomBytes(4).toString('hex')}`;
    await using limited = await testApp(kubernetesAs(server.accessFor(user)), { requires: { client: Kubernetes } });
    const { client } = limited.needs;
    const lease = {
      resource: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true },
      namespace,
      name: 'lock',
    };
    const nodes = core('nodes', false);
    const calls = [
      () => client.get(lease),
      () => client.get(lease),
      () => client.list(nodes),
      () => client.patch({ ...lease, subresource: 'status' }, {}, { type: 'merge' }),
    ];
    for (const call of calls) expect(await failure(call())).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(client.denials).toEqual(
      expect.arrayContaining([
        { verb: 'get', resource: 'leases.coordination.k8s.io', namespace, name: 'lock', count: 2 },
        { verb: 'list', resource: 'nodes', namespace: undefined, name: undefined, count: 1 },
        { verb: 'patch', resource: 'leases.coordination.k8s.io/status', namespace, name: 'lock', count: 1 },
      ]),
    );
    await grant(kubernetes, user, [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }]);
    await expect.poll(() => failure(client.list(nodes)), { timeout: 20_000 }).toBe('no failure');
    expect(client.denials.map(({ verb }) => verb).toSorted()).toEqual(['get', 'patch']);
  });

  it('resolves waitForApi at once where it answers', async () => {
    await kubernetes.waitForApi(AbortSignal.timeout(10_000));
  });

  it('leaves nothing open', async () => {
    let answered = 0;
    const calls = component({
      name: 'calls',
      requires: { client: Kubernetes, lifecycle: Lifecycle },
      create: ({ client, lifecycle }) => {
        const start = async (): Promise<void> => {
          await Promise.all([1, 2, 3].map(() => client.list(configMaps, { namespace })));
          expect(hasReason(await failure(client.get(map('nobody'))), 'NotFound')).toBe(true);
          answered += 4;
        };
        lifecycle.append({ name: 'call', start });
      },
    });
    const tested = await testApp([...kubernetesAs(server.accessFor('admin', masters)), calls]);
    await tested.stop();
    expect(answered).toBe(4);
  });
});

async function grant(admin: Kubernetes, user: string, rules: readonly JsonObject[]): Promise<void> {
  const rbac = (plural: string): Resource => ({ group: 'rbac.authorization.k8s.io', version: 'v1', plural, namespaced: false });
  await admin.create({ resource: rbac('clusterroles') }, { metadata: { name: user }, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: user };
  const subjectsOfIt = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }];
  await admin.create({ resource: rbac('clusterrolebindings') }, { metadata: { name: user }, roleRef, subjects: subjectsOfIt });
}
