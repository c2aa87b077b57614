import { asyncProperty, assert, array, constant, integer, oneof, record } from 'fast-check';
import { expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { InFlight } from './in-flight.ts';

const timeMs = 1000;

it('cuts each exchange exactly when its time is up, and none that has left', async () => {
  const step = oneof(
    record({ kind: constant('enter' as const), of: integer({ min: 0, max: 20 }) }),
    record({ kind: constant('leave' as const), of: integer({ min: 0, max: 20 }) }),
    record({ kind: constant('pass' as const), of: integer({ min: 1, max: 700 }) }),
  );
  await assert(
    asyncProperty(array(step, { maxLength: 60 }), async (steps) => {
      const clock = manualClock();
      const inFlight = new InFlight(clock, timeMs);
      const due = new Map<number, number>();
      const leave = new Map<number, () => void>();
      const cut: [number, number][] = [];
      const expected: [number, number][] = [];
      const exchanges = Array.from({ length: 21 }, (_, index) => ({ cut: () => void cut.push([index, clock.monotonic()]) }));
      for (const { kind, of } of steps) {
        const exchange = exchanges[of];
        if (kind === 'enter' && exchange !== undefined && !due.has(of)) {
          leave.set(of, inFlight.enter(exchange));
          due.set(of, clock.monotonic() + timeMs);
        } else if (kind === 'leave') {
          leave.get(of)?.();
          due.delete(of);
        } else if (kind === 'pass') {
          await clock.advance(of);
          for (const [index, at] of due) {
            if (at > clock.monotonic()) continue;
            expected.push([index, at]);
            due.delete(index);
          }
        }
        expect(inFlight.all()).toEqual([...due.keys()].map((index) => exchanges[index]));
      }
      expect(cut).toEqual(expected);
      inFlight.stop();
      await clock.advance(10 * timeMs);
      expect(cut).toEqual(expected);
    }),
  );
});
