import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slices, sliceMax } from './slices.ts';

function sliced({ itemsMax = 1000, sizeMax = Infinity } = {}) {
  const handed: number[] = [];
  let lost = 0;
  const slices = new Slices<number>({
    itemsMax,
    sizeMax,
    sizeOf: (item) => item,
    hand: (item) => handed.push(item),
    lost: () => (lost += 1),
  });
  return { slices, handed, lost: () => lost };
}

describe('slices', () => {
  it('hand on at once what is little', () => {
    const { slices, handed } = sliced();
    for (const item of [1, 2, 3]) slices.push(item);
    expect(handed).toEqual([1, 2, 3]);
    expect(slices.length).toBe(0);
  });

  it('give everybody else a turn between two slices of a flood', async () => {
    const { slices, handed } = sliced();
    for (let item = 0; item < 3 * sliceMax + 1; item += 1) slices.push(item);
    const after: number[] = [handed.length];
    while (slices.length > 0) {
      await turn();
      after.push(handed.length);
    }
    expect(after).toEqual([sliceMax, 2 * sliceMax, 3 * sliceMax, 3 * sliceMax + 1]);
  });

  it('drop what has no room, and only that', async () => {
    const few = sliced({ itemsMax: 10 });
    for (let item = 0; item < sliceMax + 15; item += 1) few.slices.push(item);
    expect(few.lost()).toBe(5);
    const small = sliced({ sizeMax: 20 });
    for (let count = 0; count < sliceMax + 5; count += 1) small.slices.push(8);
    expect([small.slices.length, small.lost()]).toEqual([2, 3]);
    await turn();
    small.slices.push(8);
    expect([small.handed.length, small.lost()]).toEqual([sliceMax + 3, 3]);
  });

  it('keep the order, whatever comes when, and lose nothing that fits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2 * sliceMax }), { maxLength: 6 }), async (bursts) => {
        const { slices, handed, lost } = sliced({ itemsMax: 10_000 });
        let pushed = 0;
        for (const burst of bursts) {
          for (let count = 0; count < burst; count += 1) slices.push(pushed++);
          await turn();
        }
        while (slices.length > 0) await turn();
        expect(handed).toEqual(Array.from({ length: pushed }, (_, index) => index));
        expect(lost()).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
