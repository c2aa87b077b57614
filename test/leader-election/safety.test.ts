import { describe, expect, it } from 'vitest';
import type { Elector } from '../../components/leader-election/elector.ts';
import type { Lock } from '../../components/leader-election/lock.ts';
import type { Clock } from '../../src/fx/index.ts';
import { simulate, type Mutant } from './simulation.ts';

const seedsFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);
const minutes = 60_000;

describe('three replicas with clocks, networks and event loops of their own', () => {
  it(
    'never lead two at one instant, and do not stay without a leader',
    async () => {
      const total = await simulate([...seedsFrom(1, 4500), ...seedsFrom(Math.floor(Math.random() * 2 ** 31), 500)]);
      // Each thing that can go wrong did so, often.
      const seldom = Object.entries(total).filter(([, count]) => count < 1000);
      expect(seldom).toEqual([]);
      expect(Object.keys(total)).toHaveLength(13);
    },
    10 * minutes,
  );
});

/** Trusts the times that others write. */
const believer: Mutant = {
  lock: (lock, clock): Lock => ({
    ...lock,
    read: async (options) => {
      const seen = await lock.read(options);
      const { record } = seen;
      if (record === undefined) return seen;
      const isOver = (record.renewTime ?? 0) + record.leaseDurationSeconds * 1000 < clock.now();
      return isOver ? { ...seen, record: { ...record, holderIdentity: '' } } : seen;
    },
  }),
};

/** Believes its timers, and forgets that they can be late. */
const dreamer: Mutant = { isLeader: (_elector: Elector, told: boolean) => told };

/** Measures with a clock that stands still while the process does. */
const sleeper: Mutant = {
  clock: (machine): Clock => {
    const { clock } = machine;
    let missedMs = 0;
    const sleptMs = (): number => (machine.pausedAt === undefined ? 0 : clock.monotonic() - machine.pausedAt);
    machine.onResume = () => {
      missedMs += sleptMs();
    };
    return {
      now: () => clock.now(),
      after: (ms, callback) => clock.after(ms, callback),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      monotonic: () => clock.monotonic() - missedMs - sleptMs(),
    };
  },
};

/** Writes without saying what it means to replace. */
const trampler: Mutant = {
  lock: (lock): Lock => ({
    ...lock,
    update: (over, record, options) => {
      const { resourceVersion: _, ...metadata } = over.object.metadata;
      return lock.update({ ...over, object: { ...over.object, metadata } }, record, options);
    },
  }),
};

describe('the simulation', () => {
  it.each(Object.entries({ believer, dreamer, sleeper, trampler }))(
    'finds out a %s, and names the seed',
    async (_name, mutant) => {
      await expect(simulate(seedsFrom(1, 300), mutant)).rejects.toThrow(/^seed \d+: agent-[abc] and agent-[abc] lead at one instant/);
    },
    10 * minutes,
  );

  it('does the same for the same seed', async () => {
    expect(await simulate([7])).toEqual(await simulate([7]));
  });
});
