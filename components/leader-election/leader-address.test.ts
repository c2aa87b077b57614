import { beforeEach, describe, expect, it } from 'vitest';
import { manualClock, type ManualClock } from '../../src/fx/testing.ts';
import type { ListOptions, ObjectList } from '../kubernetes/index.ts';
import { LeaderAddress } from './leader-address.ts';

let clock: ManualClock;
let asked: unknown[];
let answer: () => unknown;

function addressesBy(useEndpointSlices: boolean): LeaderAddress {
  const ask = <T>(what: unknown): Promise<T> => {
    asked.push(what);
    return Promise.resolve().then(() => answer() as T);
  };
  const client = {
    get: <T>(target: unknown) => ask<T>(target),
    list: <T>(_: unknown, options?: ListOptions) => ask<ObjectList<T>>(options),
  };
  return new LeaderAddress({ client, clock, namespace: 'monitoring', service: 'agent', useEndpointSlices });
}

beforeEach(() => {
  clock = manualClock();
  asked = [];
  answer = () => ({
    subsets: [
      { notReadyAddresses: [{ ip: '10.0.0.3', targetRef: { name: 'agent-c' } }] },
      { addresses: [{ ip: '10.0.0.9' }, { ip: '10.0.0.1', targetRef: { name: 'agent-a' } }] },
      { addresses: [{ ip: '10.0.0.2', targetRef: { name: 'agent-b' } }] },
    ],
  });
});

describe('by Endpoints', () => {
  it('is that of the ready endpoint that is the pod', async () => {
    expect(await addressesBy(false).of('agent-b')).toBe('10.0.0.2');
    expect(asked).toEqual([{ resource: expect.objectContaining({ plural: 'endpoints' }), namespace: 'monitoring', name: 'agent' }]);
  });

  it.each([['agent-c'], ['agent-x']])('is unknown for %s, which is not ready or not there', async (pod) => {
    expect(await addressesBy(false).of(pod)).toBeUndefined();
  });

  it('is unknown while the service has no pods at all', async () => {
    answer = () => ({});
    expect(await addressesBy(false).of('agent-a')).toBeUndefined();
  });
});

describe('by EndpointSlices', () => {
  it('is the first of the ready endpoint that is the pod, in any slice of the service', async () => {
    const endpoint = (name: string, ready: boolean | null | undefined, address: string) => ({
      targetRef: { name },
      addresses: [address, 'fd00::1'],
      ...(ready === undefined ? {} : { conditions: { ready } }),
    });
    answer = () => ({
      items: [
        {},
        { endpoints: [endpoint('agent-a', false, '10.0.0.8'), endpoint('agent-a', null, '10.0.0.1')] },
        { endpoints: [endpoint('agent-b', undefined, '10.0.0.2')] },
      ],
    });
    const addresses = addressesBy(true);
    expect([await addresses.of('agent-a'), await addresses.of('agent-b'), await addresses.of('agent-c')]).toEqual([
      '10.0.0.1',
      '10.0.0.2',
      undefined,
    ]);
    expect(asked[0]).toEqual({ namespace: 'monitoring', labelSelector: 'kubernetes.io/service-name=agent' });
  });
});

describe('an answer', () => {
  it('is kept for five minutes', async () => {
    const addresses = addressesBy(false);
    await addresses.of('agent-a');
    await clock.advance(5 * 60_000 - 1);
    await addresses.of('agent-a');
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await addresses.of('agent-a');
    expect(asked).toHaveLength(2);
  });

  it('is for one leader: the next is looked up at once', async () => {
    const addresses = addressesBy(false);
    expect([await addresses.of('agent-a'), await addresses.of('agent-b')]).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('is shared by all who ask at the same time', async () => {
    const addresses = addressesBy(false);
    expect(await Promise.all([addresses.of('agent-a'), addresses.of('agent-a')])).toEqual(['10.0.0.1', '10.0.0.1']);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['nothing', () => ({})],
    [
      'a failure',
      () => {
        throw new Error('forbidden');
      },
    ],
  ])('of %s holds for a second only', async (_what, bad) => {
    const good = answer;
    answer = bad;
    const addresses = addressesBy(false);
    const outcomes = async (): Promise<unknown> => addresses.of('agent-a').catch((error: unknown) => error);
    const first = await outcomes();
    await clock.advance(999);
    expect(await outcomes()).toBe(first);
    expect(asked).toHaveLength(1);
    answer = good;
    await clock.advance(1);
    expect(await outcomes()).toBe('10.0.0.1');
  });
});
