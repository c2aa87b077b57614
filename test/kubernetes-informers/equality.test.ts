import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Informers, type Informer, type InformerHandler, type InformerOptions } from '../../components/kubernetes/index.ts';
import { informers } from '../../components/kubernetes/informers.ts';
import { Transport } from '../../components/kubernetes/transport.ts';
import { decorate } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { randomFrom } from '../bench/random.ts';
import { type Server, subjects } from '../cluster/support/servers.ts';
import { kubernetesAs } from '../kubernetes/support.ts';
import { fastClock } from './fast-clock.ts';
import { UnreliableTransport } from './unreliable-transport.ts';

const found = subjects();
process.stdout.write(`informer suite runs against ${found.map(({ name }) => name).join(' and ')}\n`);

const mutations = 10_000;
const atOnce = 8;
/** After so many mutations nothing fails for a while, and the caches must come to equal the server. */
const round = 1000;
const names = 150;
const seed = Number(process.env['SEED'] ?? randomBytes(4).readUInt32LE());

interface Slim {
  readonly key: string;
  readonly uid: string;
  readonly version: string;
  readonly value: string;
}

const slim: InformerOptions<Slim>['transform'] = ({ metadata, data }) => ({
  key: `${metadata.namespace}/${metadata.name}`,
  uid: metadata.uid ?? '',
  version: metadata.resourceVersion ?? '',
  value: (data as { value: string }).value,
});

/** A cache of one's own that believes only what handlers are told, and complains when that does not fit together. */
class Mirror implements InformerHandler<Slim> {
  readonly objects = new Map<string, Slim>();
  readonly complaints: string[] = [];

  added(object: Slim): void {
    if (this.objects.has(object.key)) this.complaints.push(`${object.key} was added twice`);
    this.objects.set(object.key, object);
  }

  updated(object: Slim, previous: Slim): void {
    if (this.objects.get(object.key) !== previous) this.complaints.push(`${object.key} was updated from something else than what is known`);
    if (Number(object.version) < Number(previous.version)) this.complaints.push(`${object.key} went back to ${object.version}`);
    this.objects.set(object.key, object);
  }

  deleted({ key }: Slim): void {
    if (!this.objects.delete(key)) this.complaints.push(`${key} was deleted without having been there`);
  }
}

const sorted = (objects: Iterable<Slim>): Slim[] => [...objects].toSorted((a, b) => (a.key < b.key ? -1 : 1));

describe.each(found)('$name', (subject) => {
  let server: Server;
  beforeAll(async () => {
    server = await subject.start();
  }, 90_000);
  afterAll(() => server.stop(), 30_000);

  it(`equals the caches after ${mutations} random mutations, whatever fails (seed ${seed})`, { timeout: 300_000 }, async () => {
    const dice = randomFrom(seed);
    const id = randomBytes(5).toString('hex');
    const namespaces = ['a', 'b', 'c'].map((suffix) => `equality-${id}-${suffix}`);
    for (const name of namespaces) await server.admin.post('/api/v1/namespaces', { metadata: { name } });

    let transport: UnreliableTransport | undefined;
    const unreliable = decorate({
      provides: Transport,
      requires: { inner: Transport },
      create: ({ inner }) => (transport = new UnreliableTransport(inner, randomFrom(seed + 1))),
    });
    const list = [...kubernetesAs(server.accessFor('admin', ['system:masters'])), unreliable, informers] as const;
    const app = await testApp(list, { requires: { informers: Informers }, clock: fastClock(50) });
    if (transport === undefined) throw new Error('nobody asked for the transport');

    const resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
    const indexers = { value: ({ value }: Slim) => [value] };
    const label = `equality=${id}`;
    const scopes: readonly (readonly [string, Omit<InformerOptions<Slim>, 'transform' | 'resource'>])[] = [
      [`/api/v1/configmaps?labelSelector=${label}`, { labelSelector: label, indexers }],
      [`/api/v1/configmaps?labelSelector=${label},parity=even`, { labelSelector: `${label},parity=even`, indexers }],
      [
        `/api/v1/namespaces/${namespaces[0]}/configmaps?labelSelector=${label}`,
        { namespace: namespaces[0] ?? '', labelSelector: label, indexers },
      ],
    ];
    const followed = scopes.map(([path, options]) => {
      const informer: Informer<Slim> = app.needs.informers.informer({ resource, transform: slim, ...options });
      const mirror = new Mirror();
      informer.handle(mirror);
      return { path, informer, mirror };
    });

    const mutate = async (): Promise<void> => {
      const namespace = namespaces[dice(3)];
      const name = `map-${dice(names)}`;
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const value = String(dice(20));
      const labels = { equality: id, parity: dice(2) === 0 ? 'even' : 'odd' };
      const kind = dice(10);
      if (kind < 3) await server.admin.delete(`${path}/${name}`);
      else if (kind < 6) await server.admin.post(path, { metadata: { name, labels }, data: { value } });
      else await server.admin.patch(`${path}/${name}`, { metadata: { labels }, data: { value } });
    };
    const compare = async (): Promise<void> => {
      const deadline = performance.now() + 60_000;
      for (const { path, informer, mirror } of followed) {
        const { body } = await server.admin.get(path);
        const truth = sorted((body['items'] as never[]).map(slim));
        while (JSON.stringify(sorted(informer.list())) !== JSON.stringify(truth) && performance.now() < deadline)
          await new Promise((resolve) => void setTimeout(resolve, 10));
        expect(sorted(informer.list())).toEqual(truth);
        expect(sorted(mirror.objects.values())).toEqual(truth);
        expect(mirror.complaints).toEqual([]);
        for (let value = 0; value < 20; value += 1)
          expect(sorted(informer.byIndex('value', String(value)))).toEqual(truth.filter((each) => each.value === String(value)));
      }
    };

    let done = 0;
    for (let until = round; until <= mutations; until += round) {
      transport.isUnreliable = true;
      const worker = async (): Promise<void> => {
        while (done < until) {
          done += 1;
          await mutate();
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      transport.isUnreliable = false;
      await compare();
    }
    const faults = [...transport.faults.values()].reduce((sum, count) => sum + count, 0);
    process.stdout.write(`${faults} faults: ${JSON.stringify(Object.fromEntries(transport.faults))}\n`);
    expect(faults).toBeGreaterThan(30);
    await app.stop();
  });
});
