import { describe, expect, it } from 'vitest';
import { inOrder, together } from './walk.ts';
import { turn } from './testing/clock.ts';

const gate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

describe('inOrder', () => {
  it('visits one after the other, and waits for each', async () => {
    const log: string[] = [];
    await inOrder(['a', 'b'], async (item) => {
      log.push(`+${item}`);
      await turn();
      log.push(`-${item}`);
    });
    expect(log).toEqual(['+a', '-a', '+b', '-b']);
  });

  it('ends with the first failure', async () => {
    const seen: number[] = [];
    const walking = () =>
      inOrder([1, 2, 3], (item) => {
        seen.push(item);
        if (item === 2) throw new Error('no');
      });
    expect(walking).toThrow('no');
    expect(seen).toEqual([1, 2]);
  });

  it('visits synchronous ones within one turn', () => {
    const seen: number[] = [];
    void inOrder([1, 2, 3], (item) => void seen.push(item));
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('together', () => {
  it('ends at once when there is nothing to visit', async () => {
    await together({ items: [], waitsFor: () => [], concurrency: 4, visit: () => {} });
  });

  it('prefers the first in the list', async () => {
    const seen: string[] = [];
    const waitsFor = (item: string): string[] => (item === 'a' ? ['c'] : []);
    await together({ items: ['a', 'b', 'c', 'd'], waitsFor, concurrency: 1, visit: (item) => void seen.push(item) });
    expect(seen).toEqual(['b', 'c', 'a', 'd']);
  });

  it('ignores what is not among the items', async () => {
    const seen: string[] = [];
    await together({ items: ['a'], waitsFor: () => ['elsewhere'], concurrency: 1, visit: (item) => void seen.push(item) });
    expect(seen).toEqual(['a']);
  });

  it('waits for what has begun when one fails, and begins nothing more', async () => {
    const [slow, seen] = [gate(), new Array<string>()];
    let isOver = false;
    const walking = together({
      items: ['slow', 'bad', 'never'],
      waitsFor: () => [],
      concurrency: 2,
      visit: async (item) => {
        seen.push(item);
        if (item === 'bad') throw new Error('no');
        await slow.promise;
        seen.push('slow is done');
      },
    }).finally(() => void (isOver = true));
    const failing = expect(walking).rejects.toThrow('no');
    await turn();
    expect(isOver).toBe(false);
    slow.resolve();
    await failing;
    expect(seen).toEqual(['slow', 'bad', 'slow is done']);
  });

  it('throws all failures together, in the order of the items', async () => {
    const gates = { a: gate(), b: gate() };
    const walking = together({ items: ['a', 'b'] as const, waitsFor: () => [], concurrency: 2, visit: (item) => gates[item].promise });
    gates.b.reject(new Error('b'));
    gates.a.reject(new Error('a'));
    await expect(walking).rejects.toMatchObject({ errors: [{ message: 'a' }, { message: 'b' }] });
  });
});
