import { describe, expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { inSlices, Slice } from './slices.ts';

const running = new AbortController().signal;

/** How often the event loop has turned since, and what ends that count. */
function countTurns(): { readonly count: () => number; readonly end: () => void } {
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    turning = setImmediate(turn);
  };
  let turning = setImmediate(turn);
  return { count: () => turns, end: () => clearImmediate(turning) };
}

describe('a slice', () => {
  it('makes all who share it wait for the next turn after 2 ms, and nobody sooner', async () => {
    let ms = 0;
    const { count, end } = countTurns();
    const slice = new Slice({ ...manualClock(), monotonic: () => ms });
    await slice.pause();
    ms = 1.9;
    await slice.pause();
    expect(count()).toBe(0);
    ms = 2;
    await Promise.all([slice.pause(), slice.pause()]);
    expect(count()).toBe(1);
    ms = 3.9;
    await slice.pause();
    expect(count()).toBe(1);
    ms = 4;
    await slice.pause();
    expect(count()).toBe(2);
    end();
  });

  it('is over with the turn in which it began', async () => {
    let ms = 0;
    const slice = new Slice({ ...manualClock(), monotonic: () => ms });
    await slice.pause();
    await new Promise(setImmediate);
    ms = 60_000;
    const { count, end } = countTurns();
    await slice.pause();
    expect(count()).toBe(0);
    end();
  });
});

describe('items in slices', () => {
  it('are all seen, with turns of the event loop between them', async () => {
    let spentMs = 0;
    const { count, end } = countTurns();
    const clock = { ...manualClock(), monotonic: () => spentMs };
    const turnsBefore: number[] = [];
    const see = (): void => {
      spentMs += 0.04;
      turnsBefore.push(count());
    };
    await inSlices(Array.from({ length: 1000 }), see, { clock, signal: running });
    end();
    const inTurn = Map.groupBy(turnsBefore, (before) => before);
    expect(turnsBefore).toHaveLength(1000);
    // 2 ms are 50 items; the clock is looked at after every 64.
    expect(Math.max(...Array.from(inTurn.values(), ({ length }) => length))).toBe(64);
  });

  it('are those that are still there when their turn comes', async () => {
    let spentMs = 0;
    const items = new Set(Array.from({ length: 300 }, (_, index) => index));
    const gone: number[] = [];
    const see = (item: number): void => {
      spentMs += 1;
      if (!items.has(item)) gone.push(item);
      queueMicrotask(() => items.delete(item + 1));
    };
    await inSlices(items, see, { clock: { ...manualClock(), monotonic: () => spentMs }, signal: running });
    expect(gone).toEqual([]);
  });

  it('are left alone once the signal is aborted', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const see = (item: number): void => {
      seen.push(item);
      if (item === 2) controller.abort();
    };
    await inSlices([1, 2, 3], see, { clock: manualClock(), signal: controller.signal });
    expect(seen).toEqual([1, 2]);
  });
});
