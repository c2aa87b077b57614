import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Clock, supply } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { fakeConfig, type FakeValues } from '../config/fake.ts';
import { Kubernetes } from '../kubernetes/index.ts';
import { fakeOwnPod } from '../own-pod/fake.ts';
import { hostnameChainIn } from './chain.ts';
import { Hostname, type HostnameData } from './index.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Machine extends AsyncDisposable {
  /** Method and path of each request to the metadata service. */
  readonly asked: readonly string[];
  /** The host's name, where the agent's pod runs on this node. */
  name(node: string, options?: { readonly values?: FakeValues; readonly clock?: Clock }): Promise<HostnameData>;
}

/** A machine of some cloud, or of none. */
async function machine(firmware: Readonly<Record<string, string>>, answer: Answer): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'firmware-'));
  for (const [name, text] of Object.entries(firmware)) await writeFile(join(folder, name), `${text}\n`);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const chain = hostnameChainIn({ firmware: folder, metadataUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  return {
    asked,
    async name(node, { values = {}, clock } = {}) {
      const kubernetes = supply(Kubernetes, { get: async () => ({ metadata: {}, spec: { nodeName: node } }) } as unknown as Kubernetes);
      const list = [fakeConfig(values), fakeOwnPod('agent-7c9', 'datadog'), kubernetes, chain];
      await using tested = await testApp(list, { requires: { hostname: Hostname }, ...(clock === undefined ? {} : { clock }) });
      return await tested.needs.hostname.get();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

const google = { sys_vendor: 'Google', product_name: 'Google Compute Engine' };
const amazon = { sys_vendor: 'Amazon EC2', board_asset_tag: 'none' };
const microsoft = { sys_vendor: 'Microsoft Corporation', product_name: 'Virtual Machine' };

const gce: Answer = ({ headers, url }, response) => {
  const isRight = headers['metadata-flavor'] === 'Google' && url === '/computeMetadata/v1/instance/hostname';
  response.writeHead(isRight ? 200 : 403).end('gke-a.europe-west1-b.c.shop.internal');
};
const imdsV2: Answer = ({ method, url, headers }, response) => {
  if (method === 'PUT' && url === '/latest/api/token' && headers['x-aws-ec2-metadata-token-ttl-seconds'] !== undefined) {
    response.end('the-token');
  } else if (url === '/latest/meta-data/instance-id' && headers['x-aws-ec2-metadata-token'] === 'the-token') {
    response.end('i-0123456789abcdef0');
  } else response.writeHead(401).end();
};
const azure: Answer = ({ headers, url }, response) => {
  const isRight = headers['metadata'] === 'true' && url === '/metadata/instance/compute?api-version=2017-08-01';
  const compute = { vmId: '5d33a910', name: 'aks-1', resourceGroupName: 'shop', subscriptionId: '8d10da13', tags: 'a:b' };
  response.writeHead(isRight ? 200 : 400).end(JSON.stringify(compute));
};
const nobody: Answer = (_, response) => void response.writeHead(500).end();

describe('in the cloud of Google, the name', () => {
  it('is that of the instance, before that of the node', async () => {
    await using here = await machine(google, gce);
    expect(await here.name('gke-a')).toMatchObject({ hostname: 'gke-a.europe-west1-b.c.shop.internal', provider: 'gce' });
    expect(here.asked).toEqual(['GET /computeMetadata/v1/instance/hostname']);
  });

  it('is not asked for where one is configured', async () => {
    await using here = await machine(google, gce);
    expect(await here.name('gke-a', { values: { hostname: 'web-1' } })).toMatchObject({ hostname: 'web-1', provider: 'configuration' });
    expect(here.asked).toEqual([]);
  });
});

describe('in the cloud of Amazon, the name', () => {
  it.each(['ip-10-0-0-7.ec2.internal', 'domU-12-31'])('%s, which EC2 gave, gives way to the id of the instance', async (node) => {
    await using here = await machine(amazon, imdsV2);
    expect(await here.name(node)).toMatchObject({ hostname: 'i-0123456789abcdef0', provider: 'aws' });
    expect(here.asked).toEqual(['PUT /latest/api/token', 'GET /latest/meta-data/instance-id']);
  });

  it('that somebody gave stays, unless the id is to go before it', async () => {
    await using here = await machine(amazon, imdsV2);
    expect(await here.name('web-1')).toMatchObject({ hostname: 'web-1', provider: 'container' });
    const values = { ec2_prioritize_instance_id_as_hostname: true };
    expect(await here.name('web-1', { values })).toMatchObject({ hostname: 'i-0123456789abcdef0', provider: 'aws' });
  });

  it('is read from the firmware where it is there, without a request', async () => {
    await using here = await machine({ ...amazon, board_asset_tag: 'i-0fedcba9876543210' }, nobody);
    expect(await here.name('ip-10-0-0-7.ec2.internal')).toMatchObject({ hostname: 'i-0fedcba9876543210', provider: 'aws' });
    expect(here.asked).toEqual([]);
  });
});

describe('in the cloud of Microsoft, the name', () => {
  it.each([
    ['vmid', '5d33a910'],
    ['name', 'aks-1'],
    ['name_and_resource_group', 'aks-1.shop'],
    ['full', 'aks-1.shop.8d10da13'],
  ])('is, with azure_hostname_style %s, %s', async (style, name) => {
    await using here = await machine(microsoft, azure);
    const values = { azure_hostname_style: style };
    expect(await here.name('aks-nodepool1-0', { values })).toMatchObject({ hostname: name, provider: 'azure' });
  });

  it('is that of the node by default, and with a style that there is not, which is said', async () => {
    await using here = await machine(microsoft, azure);
    const byDefault = await here.name('aks-nodepool1-0');
    expect(byDefault).toMatchObject({ hostname: 'aks-nodepool1-0', errors: { azure: "azure_hostname_style is set to 'os'" } });
    const { errors } = await here.name('aks-nodepool1-0', { values: { azure_hostname_style: 'short' } });
    expect(errors['azure']).toBe("azure_hostname_style is set to 'short', not to one of os, vmid, name, name_and_resource_group, full");
    expect(here.asked).toEqual([]);
  });
});

describe('a metadata service', () => {
  it.each([
    ['is not listed', google, { cloud_provider_metadata: ['aws', 'azure'] }],
    ['is not listed, as none is', amazon, { cloud_provider_metadata: [], ec2_prioritize_instance_id_as_hostname: true }],
    ['belongs to another maker', { sys_vendor: 'QEMU' }, {}],
    ['belongs to nobody knows whom', {}, {}],
  ])('that %s gets no request', async (_, firmware, values) => {
    await using here = await machine(firmware, nobody);
    expect(await here.name('ip-10-0-0-7', { values })).toMatchObject({ hostname: 'ip-10-0-0-7', provider: 'container' });
    expect(here.asked).toEqual([]);
  });

  it.each<readonly [string, Answer, RegExp]>([
    ['fails', nobody, /^the metadata service answers with 500 at \/metadata/],
    ['redirects', (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end(), /answers with 302/],
    ['answers a page', (_, response) => void response.end('<html>'), /JSON/],
    ['answers null', (_, response) => void response.end('null'), /is empty|not RFC1123/],
    ['answers something else', (_, response) => void response.end('{"name":{"a":1}}'), /not RFC1123/],
    ['never ends', (_, response) => endless(response), /says more than a name/],
    ['hangs up', (request) => void request.socket.destroy(), /hang up|ECONNRESET/],
  ])('that %s leaves the name to others, and is named', async (_, answer, reason) => {
    await using here = await machine(microsoft, answer);
    const { hostname, errors } = await here.name('node-1', { values: { azure_hostname_style: 'name' } });
    expect(hostname).toBe('node-1');
    expect(errors['azure']).toMatch(reason);
  });

  it('that says nothing is waited for 400 ms, however many there are', async () => {
    const [clock, both] = [manualClock(), Promise.withResolvers<void>()];
    await using here = await machine({ sys_vendor: 'Google and Amazon' }, () => {
      if (here.asked.length === 2) both.resolve();
    });
    const naming = here.name('ip-10-0-0-7', { clock });
    await both.promise;
    let isDone = false;
    void naming.then(() => (isDone = true));
    await clock.advance(399);
    expect(isDone).toBe(false);
    await clock.advance(1);
    const late = 'the metadata service did not answer within 400 ms';
    expect(await naming).toMatchObject({ hostname: 'ip-10-0-0-7', provider: 'container', errors: { gce: late, aws: late } });
  });
});

function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  };
  response.on('drain', more).on('error', () => undefined);
  more();
}
