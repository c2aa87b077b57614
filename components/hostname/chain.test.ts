import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname as osHostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { many, supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { Route, type RouteRequest } from '../api-server/index.ts';
import { ClusterName } from '../cluster-id/index.ts';
import { fakeConfig, type FakeValues } from '../config/fake.ts';
import { Kubernetes, KubernetesError, type Target } from '../kubernetes/index.ts';
import { fakeOwnPod } from '../own-pod/fake.ts';
import { StatusHeader } from '../status/index.ts';
import { HostnameChain, hostnameChainIn } from './chain.ts';
import { Hostname } from './index.ts';
import type { Provider } from './providers.ts';
import { validHostname } from './valid.ts';

const requires = { hostname: Hostname, routes: many(Route), headers: many(StatusHeader) };
/** In no cloud, whatever machine the test runs on. */
const inNoCloud = hostnameChainIn({ firmware: '/nowhere', metadataUrl: 'http://127.0.0.1:1' });
const started = (values: FakeValues, ...others: readonly ReturnType<typeof supply>[]) =>
  testApp([fakeConfig(values), fakeOwnPod('agent-7c9', 'datadog'), inNoCloud, ...others], { requires });

/** An API server that knows one pod. */
const clusterWith = (find: (target: Target) => unknown) =>
  supply(Kubernetes, { get: async (target: Target) => find(target) } as unknown as Kubernetes);

describe('the name', () => {
  it('is what is configured', async () => {
    await using tested = await started({ hostname: ' web-1.example ' });
    expect(await tested.needs.hostname.get()).toEqual({ hostname: 'web-1.example', provider: 'configuration', errors: {} });
  });

  it('is what stands in the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hostname-'));
    await writeFile(join(folder, 'name'), 'from-file\n');
    await using tested = await started({ hostname_file: join(folder, 'name') });
    expect(await tested.needs.hostname.get()).toEqual({
      hostname: 'from-file',
      provider: 'hostnameFile',
      errors: { "'hostname' configuration/environment": 'hostname is empty' },
    });
    await rm(folder, { recursive: true });
  });

  it('is the node of the own pod, with the name of the cluster', async () => {
    const asked: Target[] = [];
    const cluster = clusterWith((target) => {
      asked.push(target);
      return { metadata: {}, spec: { nodeName: 'node-3' } };
    });
    await using tested = await started({}, cluster, supply(ClusterName, { get: () => Promise.resolve('prod') }));
    expect(await tested.needs.hostname.get()).toMatchObject({ hostname: 'node-3-prod', provider: 'container' });
    await tested.needs.hostname.get();
    expect(asked).toEqual([expect.objectContaining({ namespace: 'datadog', name: 'agent-7c9' })]);
  });

  it('falls back to that of the operating system, and says why', async () => {
    const cluster = clusterWith(() => {
      throw new KubernetesError('pods "agent-7c9" is forbidden', { code: 403, reason: 'Forbidden' });
    });
    await using tested = await started({ hostname: 'not valid', hostname_file: '/no/such/file' }, cluster);
    expect(await tested.needs.hostname.get()).toEqual({
      hostname: osHostname(),
      provider: 'os',
      errors: {
        "'hostname' configuration/environment": 'not valid is not RFC1123 compliant',
        "'hostname_file' configuration/environment": "ENOENT: no such file or directory, open '/no/such/file'",
        gce: 'the firmware of this machine names another maker, or none',
        azure: 'the firmware of this machine names another maker, or none',
        fqdn: "'hostname_fqdn' configuration is not enabled",
        container: 'pods "agent-7c9" is forbidden',
        aws: 'skipped: the name that is known is none of those that EC2 gives by default',
      },
    });
  });

  it('that nobody knows is an error, and asked for again', async () => {
    let name = '';
    const chain = new HostnameChain([{ name: 'os', label: 'os', find: () => name } satisfies Provider]);
    await expect(chain.get()).rejects.toThrow('unable to reliably determine the host name. You can define one in the agent config file');
    name = 'late';
    expect((await chain.get()).hostname).toBe('late');
  });
});

describe('where it is shown', () => {
  it('is the route and the header of the status', async () => {
    await using tested = await started({ hostname: 'web-1' });
    const [route] = tested.needs.routes;
    expect(route?.path).toBe('/hostname');
    expect(await route?.handle({} as RouteRequest)).toEqual({ headers: { 'content-type': 'application/json' }, body: '"web-1"' });
    const [header] = tested.needs.headers;
    expect(await header?.text({ verbose: false })).toBe('\n  hostname: web-1\n  hostname provider: configuration\n');
    expect(await header?.json({ verbose: false })).toEqual({
      hostnameStats: { provider: 'configuration', errors: {} },
      metadata: { meta: { hostname: 'web-1' } },
    });
  });

  it('lists the unused providers by name', async () => {
    await using tested = await started({});
    const [header] = tested.needs.headers;
    expect(await header?.text({ verbose: false })).toBe(
      [
        '',
        `  hostname: ${osHostname()}`,
        '  hostname provider: os',
        '  unused hostname providers:',
        "    'hostname' configuration/environment: hostname is empty",
        "    'hostname_file' configuration/environment: 'hostname_file' configuration is not enabled",
        '    aws: skipped: the name that is known is none of those that EC2 gives by default',
        '    azure: the firmware of this machine names another maker, or none',
        '    container: the agent is not containerized',
        "    fqdn: 'hostname_fqdn' configuration is not enabled",
        '    gce: the firmware of this machine names another maker, or none',
        '',
      ].join('\n'),
    );
  });
});

describe('a valid name', () => {
  it.each(['a', 'A-1.b', 'node-3-prod', 'x'.repeat(255)])('may be %s', (name) => expect(validHostname(name)).toBe(name));
  it.each([
    ['', 'hostname is empty'],
    ['LOCALHOST', 'LOCALHOST is a local hostname'],
    ['x'.repeat(256), 'name exceeded the maximum length of 255 characters'],
    ['-a', '-a is not RFC1123 compliant'],
    ['a..b', 'a..b is not RFC1123 compliant'],
    ['a_b', 'a_b is not RFC1123 compliant'],
  ])('is not %s', (name, reason) => expect(() => validHostname(name)).toThrow(reason));
});
