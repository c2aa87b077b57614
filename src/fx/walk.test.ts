import { describe, expect, it } from 'vitest';
import { FxError } from './errors.ts';
import { turn } from './testing/clock.ts';
import { inOrder, together, type Outcome } from './walk.ts';

const gate = (): PromiseWithResolvers<Outcome> => Promise.withResolvers<Outcome>();
const failure = (message: string): FxError => new FxError([{ code: 'FX_START_FAILED', message, fix: '' }]);
const messages = (outcome: Outcome): readonly string[] | undefined => outcome?.findings.map(({ message }) => message);

describe('inOrder', () => {
  it('visits one after the other, and waits for each', async () => {
    const log: string[] = [];
    const outcome = await inOrder(['a', 'b', 'c'], async (item) => {
      log.push(`+${item}`);
      await turn();
      log.push(`-${item}`);
      return undefined;
    });
    expect(outcome).toBeUndefined();
    expect(log).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
  });

  it('ends with the first failure, at once or later', async () => {
    const seen: number[] = [];
    const walk = (isLater: boolean) =>
      inOrder([1, 2, 3], (item) => {
        seen.push(item);
        const outcome = item === 2 ? failure('no') : undefined;
        return isLater ? Promise.resolve(outcome) : outcome;
      });
    expect(walk(false)).toBeInstanceOf(FxError);
    expect(messages(await walk(true))).toEqual(['no']);
    expect(seen).toEqual([1, 2, 1, 2]);
  });

  it('visits synchronous ones within one turn, and promises nothing then', () => {
    const seen: number[] = [];
    expect(inOrder([1, 2, 3], (item) => void seen.push(item))).toBeUndefined();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('goes on behind one that is not synchronous', async () => {
    const seen: number[] = [];
    await inOrder([1, 2, 3, 4], (item) => (item % 2 === 0 ? Promise.resolve(undefined) : void seen.push(item)));
    expect(seen).toEqual([1, 3]);
  });
});

describe('together', () => {
  it('ends at once when there is nothing to visit', async () => {
    expect(await together([], 4, () => undefined)).toBeUndefined();
  });

  it('prefers the first', async () => {
    const seen: number[] = [];
    const gates = [gate(), gate(), gate(), gate()];
    const visit = (item: number): Promise<Outcome> | undefined => (seen.push(item), gates[item]?.promise);
    const walking = together([[], [], [0], [1]], 2, visit);
    gates[1]?.resolve(undefined);
    await turn();
    expect(seen).toEqual([0, 1, 3]);
    for (const each of gates) each.resolve(undefined);
    await walking;
    expect(seen).toEqual([0, 1, 3, 2]);
  });

  it('visits synchronous ones at once', () => {
    const seen: number[] = [];
    void together([[], [0], [1]], 8, (item) => void seen.push(item));
    expect(seen).toEqual([0, 1, 2]);
  });

  it('goes on at the same time from the first that is not synchronous', async () => {
    const [seen, gates] = [new Array<number>(), [undefined, gate(), undefined, gate(), undefined]];
    const visit = (item: number): Promise<Outcome> | undefined => (seen.push(item), gates[item]?.promise);
    const walking = together([[], [0], [1], [0], [2, 3]], 8, visit);
    expect(seen).toEqual([0, 1, 3]);
    gates[3]?.resolve(undefined);
    await turn();
    expect(seen).toEqual([0, 1, 3]);
    gates[1]?.resolve(undefined);
    expect(await walking).toBeUndefined();
    expect(seen).toEqual([0, 1, 3, 2, 4]);
  });

  it('waits for what has begun when one fails, and begins nothing more', async () => {
    const [slow, seen] = [gate(), new Array<number>()];
    let isOver = false;
    const visit = (item: number): Outcome | Promise<Outcome> => {
      seen.push(item);
      return item === 0 ? slow.promise : failure('no');
    };
    const walking = Promise.resolve(together([[], [], []], 2, visit)).finally(() => void (isOver = true));
    await turn();
    expect(isOver).toBe(false);
    slow.resolve(undefined);
    expect(messages(await walking)).toEqual(['no']);
    expect(seen).toEqual([0, 1]);
  });

  it('returns all failures as one, in the order of the numbers', async () => {
    const gates = [gate(), gate()];
    const walking = together([[], []], 2, (item) => gates[item]?.promise);
    gates[1]?.resolve(failure('b'));
    gates[0]?.resolve(failure('a'));
    expect(messages(await walking)).toEqual(['a', 'b']);
  });

  it('blames nobody who was merely interrupted', async () => {
    const interrupted = new FxError([{ code: 'FX_INTERRUPTED', message: 'b failed', fix: '' }]);
    const gates = [gate(), gate()];
    const walking = together([[], []], 2, (item) => gates[item]?.promise);
    gates[1]?.resolve(failure('b'));
    gates[0]?.resolve(interrupted);
    expect(messages(await walking)).toEqual(['b']);
  });

  it('rejects when a visit does, which none should', async () => {
    const visit = (): Promise<Outcome> => Promise.reject(new Error('a mistake of ours'));
    await expect(together([[]], 2, visit)).rejects.toThrow('a mistake of ours');
  });
});
