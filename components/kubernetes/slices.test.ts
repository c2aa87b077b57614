import { describe, expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { inSlices, Slice } from './slices.ts';

const running = new AbortController().signal;

describe('a slice', () => {
  it('is over after 2 ms, and the next one begins for all who wait at once', async () => {
    const clock = manualClock();
    const slice = new Slice(clock);
    await clock.advance(1.9);
    expect(slice.isOver).toBe(false);
    await clock.advance(0.1);
    expect(slice.isOver).toBe(true);
    const next = slice.next();
    expect(slice.next()).toBe(next);
    await next;
    expect(slice.isOver).toBe(false);
    expect(slice.next()).not.toBe(next);
  });
});

describe('items in slices', () => {
  it('are all seen, with turns of the event loop between them', async () => {
    let [spentMs, turns] = [0, 0];
    const clock = { ...manualClock(), monotonic: () => spentMs };
    const turnsBefore: number[] = [];
    const turn = (): void => {
      turns += 1;
      turning = setImmediate(turn);
    };
    let turning = setImmediate(turn);
    await inSlices(
      Array.from({ length: 1000 }),
      () => {
        spentMs += 0.04;
        turnsBefore.push(turns);
      },
      { clock, signal: running },
    );
    clearImmediate(turning);
    const inTurn = Map.groupBy(turnsBefore, (before) => before);
    expect(turnsBefore).toHaveLength(1000);
    // 2 ms are 50 items; the clock is looked at after every 64.
    expect(Math.max(...Array.from(inTurn.values(), ({ length }) => length))).toBe(64);
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
