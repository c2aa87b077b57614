import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { desiredReplicas } from './desired-replicas.ts';
import type { MetricTarget } from './index.ts';

const inAll = (quantity: string): MetricTarget => ({ type: 'Value', quantity });
const perReplica = (quantity: string): MetricTarget => ({ type: 'AverageValue', quantity });
const replicas = { min: 1, max: 10, current: 4 };

/** Vectors worked out by hand from the replica calculator of Kubernetes' controller manager. */
describe('desiredReplicas', () => {
  it.each([
    ['grows with the value', 20, inAll('10'), {}, 8],
    ['shrinks with it', 5, inAll('10'), {}, 2],
    ['rounds up', 11.1, inAll('10'), {}, 5],
    ['leaves what is within a tenth', 11, inAll('10'), {}, 4],
    ['leaves what is a tenth below', 9, inAll('10'), {}, 4],
    ['divides an average by itself', 100, perReplica('16'), {}, 7],
    ['leaves an average within a tenth', 70, perReplica('16'), {}, 4],
    ['reads quantities', 2, perReplica('500m'), { current: 1 }, 4],
    ['stays below the most', 1000, inAll('10'), {}, 10],
    ['stays above the least', 0, inAll('10'), {}, 1],
    ['comes back from below', 10, inAll('10'), { current: 1, min: 2 }, 2],
    ['comes back from above', 1000, inAll('10'), { current: 12 }, 10],
    ['leaves what was scaled to zero', 1000, inAll('10'), { current: 0 }, 0],
    ['wakes what may be zero', 25, inAll('10'), { current: 0, min: 0 }, 3],
    ['wakes what may be zero, by average', 25, perReplica('10'), { current: 0, min: 0 }, 3],
    ['sleeps', 0, perReplica('10'), { current: 1, min: 0 }, 0],
    ['calculates in thousandths', 0.0001, inAll('1m'), { current: 1 }, 1],
    ['waits for a first count', 10, inAll('10'), { current: undefined }, undefined],
    ['knows no target of zero', 10, inAll('0'), {}, undefined],
    ['knows no target that is none', 10, inAll('ten'), {}, undefined],
  ] as const)('%s', (...[, value, target, other, expected]) => {
    expect(desiredReplicas(value, target, { ...replicas, ...other })).toBe(expected);
  });

  it('never leaves the bounds, and never shrinks when the value grows', () => {
    const numbers = fc.record({
      value: fc.double({ min: 0, max: 1e9, noNaN: true }),
      more: fc.double({ min: 0, max: 1e9, noNaN: true }),
      goal: fc.integer({ min: 1, max: 1e6 }),
      type: fc.constantFrom('Value' as const, 'AverageValue' as const),
      min: fc.integer({ min: 1, max: 5 }),
      max: fc.integer({ min: 5, max: 50 }),
      current: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(numbers, ({ value, more, goal, type, ...counts }) => {
        const target = { type, quantity: String(goal) };
        const [low, high] = [value, value + more].map((each) => desiredReplicas(each, target, counts) ?? -1);
        expect(low).toBeGreaterThanOrEqual(counts.min);
        expect(high).toBeLessThanOrEqual(counts.max);
        expect(high).toBeGreaterThanOrEqual(low ?? 0);
      }),
    );
  });
});
