import { describe, expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { Discovery } from './discovery.ts';
import { KubernetesError } from './index.ts';

const gadgets = { group: 'example.com', version: 'v1', plural: 'gadgets', namespaced: true };

/** What a server answers, path by path, and what it was asked. */
function served(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const clock = manualClock();
  const get = async (path: string): Promise<unknown> => {
    asked.push(path);
    const answer = answers[path];
    if (answer instanceof Error) throw answer;
    if (answer === undefined) throw new KubernetesError(`GET ${path}: not found`, { code: 404, reason: 'NotFound' });
    return answer;
  };
  return { asked, clock, answers, discovery: new Discovery({ get, clock }) };
}

const plain = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/api/v1': {
    resources: [
      { name: 'pods', namespaced: true, kind: 'Pod' },
      { name: 'pods/status', namespaced: true, kind: 'Pod' },
    ],
  },
  '/apis': {
    kind: 'APIGroupList',
    groups: [
      { name: 'broken.example.com', versions: [{ version: 'v1' }] },
      { name: 'example.com', versions: [{ version: 'v2alpha1' }, { version: 'v1' }], preferredVersion: { version: 'v1' } },
    ],
  },
  '/apis/example.com/v1': { resources: [{ name: 'gadgets', namespaced: true, kind: 'Gadget' }] },
  '/apis/example.com/v2alpha1': {
    resources: [
      { name: 'gadgets', namespaced: true, kind: 'Gadget' },
      { name: 'toys', namespaced: false, kind: 'Toy' },
    ],
  },
  '/apis/broken.example.com/v1': new KubernetesError('unavailable', { code: 503, reason: 'ServiceUnavailable' }),
};
const aggregated = {
  '/apis': {
    kind: 'APIGroupDiscoveryList',
    items: [
      { metadata: {} },
      {
        metadata: { name: 'example.com' },
        versions: [
          { version: 'v1', resources: [{ resource: 'gadgets', scope: 'Namespaced', responseKind: { kind: 'Gadget' } }] },
          {
            version: 'v2alpha1',
            resources: [
              { resource: 'toys', scope: 'Cluster', responseKind: { kind: 'Toy' } },
              { resource: 'gadgets', scope: 'Namespaced' },
            ],
          },
        ],
      },
    ],
  },
};

describe.each([
  ['plain', plain],
  ['aggregated', aggregated],
])('%s discovery', (_, answers) => {
  it('prefers the version that the server prefers, and takes others for what only they have', async () => {
    const { discovery } = served(answers);
    expect(await discovery.find({ group: 'example.com', kind: 'Gadget' })).toEqual(gadgets);
    expect(await discovery.find({ group: 'example.com', plural: 'toys' })).toMatchObject({ version: 'v2alpha1', namespaced: false });
    expect(await discovery.find({ group: 'example.com', version: 'v2alpha1', plural: 'gadgets' })).toMatchObject({ version: 'v2alpha1' });
  });

  it.each([[null], [{}], ['<html></html>'], [{ kind: 'APIGroupList' }]])('says that %j comes from something else', async (answer) => {
    const { discovery } = served({ '/apis': answer });
    await expect(discovery.find({ group: 'example.com', kind: 'Gadget' })).rejects.toThrow(
      'something else than an API server listens there',
    );
  });

  it('is asked once for what is known', async () => {
    const { discovery, asked, clock } = served(answers);
    await Promise.all([1, 2, 3].map(() => discovery.find({ group: 'example.com', kind: 'Gadget' })));
    await discovery.find({ group: 'example.com', plural: 'gadgets' });
    const before = asked.length;
    expect(new Set(asked).size).toBe(before);
    await clock.advance(600_000);
    await discovery.find({ group: 'example.com', plural: 'gadgets' });
    expect(asked.length).toBe(2 * before);
  });

  it('is asked again for what is missing, but not more often than every ten seconds', async () => {
    const { discovery, asked, clock } = served(answers);
    const groups = (): number => asked.filter((path) => path === '/apis').length;
    for (let time = 0; time < 10; time += 1) expect(await discovery.find({ group: 'new.example.com', kind: 'New' })).toBeUndefined();
    expect(groups()).toBe(1);
    await clock.advance(10_000);
    for (let time = 0; time < 10; time += 1) await discovery.find({ group: 'new.example.com', kind: 'New' });
    expect(groups()).toBe(2);
  });
});

describe('discovery', () => {
  it('finds what came with a new definition', async () => {
    const { discovery, answers, clock } = served({ ...plain, '/apis': { kind: 'APIGroupList', groups: [] } });
    expect(await discovery.find({ group: 'example.com', kind: 'Gadget' })).toBeUndefined();
    answers['/apis'] = plain['/apis'];
    await clock.advance(10_000);
    expect(await discovery.find({ group: 'example.com', kind: 'Gadget' })).toEqual(gadgets);
  });

  it('knows the core group, and takes no subresource for a resource', async () => {
    const { discovery } = served(plain);
    expect(await discovery.find({ group: '', kind: 'Pod' })).toEqual({ group: '', version: 'v1', plural: 'pods', namespaced: true });
    expect(await discovery.find({ group: '', plural: 'pods/status' })).toBeUndefined();
  });

  it('is not hurt by a group that does not answer, until it is asked for that', async () => {
    const { discovery, answers } = served(plain);
    expect(await discovery.find({ group: 'example.com', kind: 'Gadget' })).toEqual(gadgets);
    await expect(discovery.find({ group: 'broken.example.com', kind: 'Thing' })).rejects.toThrow('unavailable');
    answers['/apis/broken.example.com/v1'] = { resources: [{ name: 'things', namespaced: true, kind: 'Thing' }] };
    expect(await discovery.find({ group: 'broken.example.com', kind: 'Thing' })).toMatchObject({ plural: 'things' });
  });

  it('forgets a failure', async () => {
    const { discovery, answers } = served({ '/apis': new Error('down') });
    await expect(discovery.find({ group: 'example.com', kind: 'Gadget' })).rejects.toThrow('down');
    answers['/apis'] = aggregated['/apis'];
    expect(await discovery.find({ group: 'example.com', kind: 'Gadget' })).toEqual(gadgets);
  });

  it('takes a version that is gone in the meantime for one without resources', async () => {
    const { discovery } = served({
      '/apis': { kind: 'APIGroupList', groups: [{ name: 'gone.example.com', versions: [{ version: 'v1' }] }] },
    });
    expect(await discovery.find({ group: 'gone.example.com', kind: 'Thing' })).toBeUndefined();
  });
});
